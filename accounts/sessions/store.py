"""SESSION_ENGINE: Django's own sessions in the database, whose rows give nobody a session (security.md X2).

The cookie has the session's key, and the row a digest of it: who reads the table gets into no session. What a row holds
is bound to its key: another row's content opens nothing.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.privacy.encryption import token_digest


def row_key(session_key: str) -> str:
    """The key of the row of a session: 160 bits of a digest, in hex, are as long as Django's column."""
    return token_digest(session_key)[:40]


def salt(key: str) -> str:
    """Of the signature of what the row of this key holds."""
    return f"idportal.session.{key}"


class SessionStore(db.SessionStore):
    @property
    def key_salt(self) -> str:
        return salt(row_key(self.session_key or ""))

    def load(self) -> dict[str, Any]:
        key = row_key(self.session_key or "")
        row = Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
        if row is None:
            self.flush()  # so that a key that the portal did not make is never taken
            return {}
        return self.decode(row.session_data)

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.session_key = row_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(row_key(key))
