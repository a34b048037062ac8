"""Indexes by which the trail is searched and filtered without reading all of it; one for LIKE, which nothing used, goes."""

from django.db import migrations, models


class OnPostgreSQL(migrations.RunSQL):
    """SQLite's LIKE takes no index, and has no such class of operators."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


def beginning_of(table, column):
    """An index for what begins with a text, whatever the case: as ``istartswith`` asks for it."""
    name = f"{table}_{column}_beginning"
    return OnPostgreSQL(
        f"CREATE INDEX {name} ON {table} (UPPER({column}::text) text_pattern_ops)", f"DROP INDEX {name}"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_plain_state'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditevent',
            name='subject',
            field=models.CharField(blank=True, max_length=36),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['subject'], name='accounts_au_subject_6de06c_idx'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['actor'], name='accounts_au_actor_c00e48_idx'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['event', 'at'], name='accounts_au_event_21f011_idx'),
        ),
        beginning_of("accounts_auditevent", "subject_name"),
        beginning_of("accounts_auditevent", "company"),
        beginning_of("accounts_user", "username"),
    ]
