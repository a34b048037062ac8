"""The database itself refuses to change the trail, and to delete what retention keeps (security.md L3).

Not for who owns the table: docs/operations.md gives web and workers a role that owns nothing.
"""

from django.db import migrations

# What ``accounts.privacy.retention`` may delete, and a day more: clocks differ. ``tests/accounts/test_trail_guard.py`` compares.
KEPT, NOBODYS_KEPT = "547 days", "29 days"
ANYBODYS = """(
    'code requested', 'code withheld', 'code refused', 'login attempted', 'login refused',
    'sign-in link requested', 'sign-in link withheld', 'sign-in link refused'
)"""

POSTGRESQL = f"""
CREATE FUNCTION accounts_auditevent_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '{KEPT}' OR (
            OLD.actor = '' AND OLD.subject = '' AND OLD.event IN {ANYBODYS} AND OLD.at < now() - interval '{NOBODYS_KEPT}'
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'The trail is append-only.' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_guard();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_guard();
"""
SQLITE = [
    """CREATE TRIGGER append_only_update BEFORE UPDATE ON accounts_auditevent
    BEGIN SELECT RAISE(ABORT, 'The trail is append-only.'); END""",
    f"""CREATE TRIGGER append_only_delete BEFORE DELETE ON accounts_auditevent
    WHEN NOT (OLD.at < datetime('now', '-{KEPT}') OR (
        OLD.actor = '' AND OLD.subject = '' AND OLD.event IN {ANYBODYS} AND OLD.at < datetime('now', '-{NOBODYS_KEPT}')
    ))
    BEGIN SELECT RAISE(ABORT, 'The trail is append-only.'); END""",
]


def guard(apps, schema_editor):
    for statement in [POSTGRESQL] if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION accounts_auditevent_guard() CASCADE")
    else:
        for name in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS append_only_{name}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_staff")]
    operations = [migrations.RunPython(guard, unguard)]
