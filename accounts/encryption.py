"""Encryption of values in the database, and the digests by which they are found (security.md X1)."""

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac


@lru_cache(maxsize=1)
def _cipher(*secrets: str) -> MultiFernet:
    derived = (salted_hmac("idportal.encryption", "key", secret=each, algorithm="sha256") for each in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key.digest())) for key in derived])


def _keys() -> list[str]:
    """The newest one first."""
    return settings.ENCRYPTION_KEYS or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def digest(value: str, purpose: str) -> str:
    """A keyed hash, by which equal values are found without decrypting them; different for each purpose."""
    return salted_hmac(f"idportal.{purpose}", value, secret=_keys()[0], algorithm="sha256").hexdigest()


def token_digest(token: str) -> str:
    """A hash of a random token of 128 bits or more. It needs no key, so a link that was sent outlives a rotation."""
    return hashlib.sha256(token.encode()).hexdigest()


def seal(text: str) -> str:
    """The ciphertext of a text, for a place other than the database; :func:`unseal` reads it."""
    return _cipher(*_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text. Raises ``cryptography.fernet.InvalidToken`` if no key opens it."""
    return _cipher(*_keys()).decrypt(sealed.encode()).decode()


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Text that is ciphertext in the database: Fernet (AES-128-CBC with HMAC-SHA256), newest key first.

    A row that no key opens raises ``cryptography.fernet.InvalidToken``. The fields on the package index return the
    ciphertext instead, which a page would show and a gateway dial.
    """

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return seal(str(text)) if text else text

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return unseal(value) if value else value
