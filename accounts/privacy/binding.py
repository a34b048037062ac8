"""For migrations: re-encrypts rows whose ciphertexts get another ``bound_to``."""

from typing import Any

from cryptography.fernet import InvalidToken
from django.db import migrations

from accounts.privacy.encryption import seal, seal_as_before, unseal

_AT_A_TIME = 1000  # rows


class Bind(migrations.AlterField):
    """``AlterField`` of an EncryptedTextField: forwards and backwards each row is opened as it was and sealed anew.

    Raises ValueError for a row that no key opens.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        old, new = (state.apps.get_model(app_label, self.model_name) for state in (from_state, to_state))
        before, after = old._meta.get_field(self.name), new._meta.get_field(self.name)
        rows = new._base_manager.exclude(**{self.name: ""}).select_related(*before.owners(), *after.owners())
        table, column, key = map(schema_editor.quote_name, (new._meta.db_table, after.column, new._meta.pk.column))
        statement = f"UPDATE {table} SET {column} = %s WHERE {key} = %s"  # noqa: S608  names of models
        last = 0
        while some := list(rows.order_by("pk").filter(pk__gt=last)[:_AT_A_TIME]):
            anew = [(_anew(row, before, after), row.pk) for row in some]
            with schema_editor.connection.cursor() as cursor:
                cursor.executemany(statement, anew)
            last = some[-1].pk


def _anew(row: Any, before: Any, after: Any) -> str:
    held = row.__dict__[after.attname]
    try:
        text = unseal(held.token, before.context(row))
    except InvalidToken as error:
        place = f"{after.attname} of {row._meta.label} {row.pk}"
        raise ValueError(f"No present key opens {place}. Set the key with which it was written.") from error
    # A field is bound to nothing in releases that know the earlier form alone.
    return (seal_as_before if after.bound_to is None else seal)(text, after.context(row))
