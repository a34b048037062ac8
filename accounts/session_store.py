"""SESSION_ENGINE: Django's sessions in the database, each saved by one statement."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.utils import timezone
from django.utils.crypto import get_random_string

from idportal.kept import Change, Select

_OPEN = Select[Session](lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))
_FIELDS = ("session_key", "session_data", "expire_date")
_SAVED = Change(lambda row: Session.objects.filter(session_key=row), *_FIELDS)


class SessionStore(db.SessionStore):
    """Django's opens a transaction for each save, and renews an id by making another row: nine statements in all."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._row_key = self.session_key  # the id that the row has until the session is saved

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
                row.save(force_insert=True)
            except IntegrityError:
                raise CreateError from None
        elif not _SAVED(row=self._row_key, **{name: getattr(row, name) for name in _FIELDS}):
            raise UpdateError
        self._row_key = self.session_key

    def _get_session_from_db(self) -> Session | None:
        found = _OPEN(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found

    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key or (self._row_key if self.session_key else None))

    def _get_new_session_key(self) -> str:
        """Without a look whether it is free: of 165 bits none is taken, and the database would refuse it."""
        return get_random_string(32, VALID_KEY_CHARS)
