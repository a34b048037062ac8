"""SESSION_ENGINE: Django's sessions, each saved by one statement or none.

What is signed in has a row that gives nobody its key: the cookie has the session's key, the row a digest of it, to
which what the session holds is bound (security.md X2). Who reads the table gets into no session, and another row's
content opens nothing.

A reset signs nobody in. Its session is in the cookie itself, encrypted, and has no row: it only says which challenges
this browser has begun and entered. The challenge is the row: it ends the right to set a password, and is ended with it.
So an old copy of the cookie opens nothing that a new id would have kept from it.
"""

import json
from time import time
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.db import IntegrityError
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.encryption import seal_token, token_digest, unseal_token

# All that the session of a reset holds (see accounts.sessions). With anything more, a session gets a row.
CARRIED = frozenset(
    {"challenge_reset", "again_at", "entered", "word", "done", "journey_of", "typed", "started", "seen"}
)
_IN_COOKIE = "session in its cookie"  # the context of its ciphertext
_KEY_LENGTH = 32  # characters: 165 bits. What is longer is no key
SEEN_GRAIN = 30  # seconds: a page more does not write the session again

_FIELDS = ("session_key", "session_data", "expire_date")


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


def clock() -> float:
    """Seconds since 1970, as a cookie notes them."""
    return time()


def _opened(cookie: str) -> tuple[float, dict[str, Any]]:
    """When a cookie was written, and what it holds: nothing if that is longer ago than a session may idle (S1)."""
    try:
        written, held = json.loads(unseal_token(cookie, _IN_COOKIE))
    except InvalidToken:
        return 0, {}
    return (written, held) if clock() - written < settings.SESSION_COOKIE_AGE else (0, {})


class SessionStore(db.SessionStore):
    """Django's opens a transaction for each save, and renews an id by making another row: nine statements in all."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._written = 0.0  # when the cookie was, if there is no row; seconds since 1970
        in_cookie = len(session_key or "") > _KEY_LENGTH
        self._saved_key = None if in_cookie else self.session_key  # the id that the row has until the session is saved

    @property
    def has_row(self) -> bool:
        """Whether it is in the database. It stays there until it is ended."""
        return self._saved_key is not None

    def load(self) -> dict[str, Any]:
        if self.session_key is None or self.has_row:
            return super().load()
        self._written, held = _opened(self.session_key)
        if not held:
            self._session_key = None
        return held

    @property
    def is_stale(self) -> bool:
        """Of a session without a row: whether its use is to be noted again."""
        return not self.has_row and clock() - self._written > SEEN_GRAIN

    def touch(self) -> None:
        """It is used, so that its idle time begins anew."""
        if self.is_stale:
            self.modified = True

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
        if self.has_row:
            self._session_key = self._get_new_session_key()
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError if the row is gone or has another id: the session was ended or renewed elsewhere."""
        held = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if not self.has_row and not must_create:
            if held.keys() <= CARRIED:
                self._session_key = seal_token(json.dumps([int(clock()), held]), _IN_COOKIE)
            else:
                self.create()
            return
        row = self.create_model_instance(held)
        if must_create:
            try:
                row.save(force_insert=True)
            except IntegrityError:
                raise CreateError from None
        else:
            saved = Session.objects.filter(session_key=row_key(self._saved_key or ""))
            if not saved.update(**{name: getattr(row, name) for name in _FIELDS}):
                raise UpdateError
        self._saved_key = self.session_key

    def _get_session_from_db(self) -> Session | None:
        key = row_key(self.session_key or "")
        found = Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).first()
        if found is None:
            self._session_key = self._saved_key = None
        return found

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self._saved_key:
            super().delete(row_key(key))
        if session_key is None:
            self._saved_key = None

    def _get_new_session_key(self) -> str:
        """Without a look whether it is free: of 165 bits none is taken, and the database would refuse it."""
        return get_random_string(_KEY_LENGTH, VALID_KEY_CHARS)
