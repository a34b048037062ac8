"""SESSION_ENGINE: Django's sessions in the database, each saved by one statement, in a row that gives nobody its key.

The cookie has the session's key, the row a digest of it, to which what the session holds is bound (security.md X2): who
reads the table gets into no session, and another row's content opens nothing.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.db import IntegrityError
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.encryption import token_digest
from idportal.kept import Change, Insert, Select

_OPEN = Select[Session](lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))
_ADD = Insert(Session)
_FIELDS = ("session_key", "session_data", "expire_date")
_SAVED = Change(lambda row: Session.objects.filter(session_key=row), *_FIELDS)


def row_key(session_key: str) -> str:
    """The key of the row of a session: 160 bits of a digest, in hex, are as long as Django's column."""
    return token_digest(session_key)[:40]


def salt(key: str) -> str:
    """Of the signature of what the row of this key holds."""
    return f"idportal.session.{key}"


def content(row: Session) -> dict[str, Any]:
    """What a row holds. Raises ``django.core.signing.BadSignature`` if it was written for another row."""
    held: dict[str, Any] = signing.loads(row.session_data, salt=salt(row.session_key), serializer=JSONSerializer)
    return held


class SessionStore(db.SessionStore):
    """Django's opens a transaction for each save, and renews an id by making another row: nine statements in all."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._saved_key = self.session_key  # the id that the row has until the session is saved

    @property
    def key_salt(self) -> str:
        return salt(row_key(self._get_or_create_session_key()))  # type: ignore[attr-defined]  # not in its stubs

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.session_key = row_key(row.session_key)
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    def cycle_key(self) -> None:
        """Gives the session a new id when it is saved. From then on the old one opens nothing."""
        self._get_session()  # type: ignore[attr-defined]  # not in its stubs
        if self.session_key is not None:
            self._session_key = self._get_new_session_key()
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError if the row is gone or has another id: the session was ended or renewed elsewhere."""
        if self.session_key is None:
            self.create()
            return
        row = self.create_model_instance(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        if must_create:
            try:
                _ADD(row)
            except IntegrityError:
                raise CreateError from None
        elif not _SAVED(row=row_key(self._saved_key or ""), **{name: getattr(row, name) for name in _FIELDS}):
            raise UpdateError
        self._saved_key = self.session_key

    def _get_session_from_db(self) -> Session | None:
        found = _OPEN(key=row_key(self.session_key or ""), now=timezone.now())
        if found is None:
            self._session_key = None
        return found

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or (self._saved_key if self.session_key else None):
            super().delete(row_key(key))

    def _get_new_session_key(self) -> str:
        """Without a look whether it is free: of 165 bits none is taken, and the database would refuse it."""
        return get_random_string(32, VALID_KEY_CHARS)
