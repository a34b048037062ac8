"""Encryption of values in the database, and the digests by which they are found (security.md X1)."""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.crypto import salted_hmac

_FORM = "1."  # AES-256-GCM (NIST SP 800-38D), with the context as its additional data. Without this: Fernet.
_NONCE = 12  # bytes, random: good for 2**32 texts with one key


@lru_cache
def _cipher(secret: str) -> AESGCM:
    return AESGCM(salted_hmac("idportal.encryption", "AES-256-GCM", secret=secret, algorithm="sha256").digest())


def _earlier_cipher(context: str, *secrets: str) -> MultiFernet:
    """Of what was written before there was ``_FORM``: each context has its own key."""
    derived = (salted_hmac("idportal.encryption", context, secret=each, algorithm="sha256") for each in secrets)
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


def seal(text: str, context: str) -> str:
    """The ciphertext of a text; :func:`unseal` reads it in the same context, which says what it is for, and whose."""
    nonce = secrets.token_bytes(_NONCE)
    box = _cipher(_keys()[0]).encrypt(nonce, text.encode(), context.encode())
    return _FORM + base64.urlsafe_b64encode(nonce + box).decode()


def seal_as_before(text: str, context: str) -> str:
    """As ``seal`` did until there was ``_FORM``: what a release of that time can open."""
    return _earlier_cipher(context, *_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str, context: str) -> str:
    """The text. Raises ``cryptography.fernet.InvalidToken`` if no key opens it, or if it is of another context."""
    if not sealed.startswith(_FORM):
        return _earlier_cipher(context, *_keys()).decrypt(sealed.encode()).decode()
    for key in _keys():
        # A text that is cut short or no base64 is a ValueError.
        with suppress(InvalidTag, ValueError):
            box = base64.urlsafe_b64decode(sealed.removeprefix(_FORM))
            return _cipher(key).decrypt(box[:_NONCE], box[_NONCE:], context.encode()).decode()
    raise InvalidToken


def seal_token(text: str, context: str) -> str:
    """As ``seal``, with letters, digits, - and _ alone, for a cookie; :func:`unseal_token` reads it."""
    return seal(text, context).removeprefix(_FORM).rstrip("=")


def unseal_token(token: str, context: str) -> str:
    """The text. Raises as ``unseal``."""
    return unseal(f"{_FORM}{token}{'=' * (-len(token) % 4)}", context)


def sealed(row: models.Model, *fields: str) -> dict[str, Any]:
    """The values of these fields, as an update of the row takes them: what is encrypted is bound to it."""
    return {name: row._meta.get_field(name).pre_save(row, False) for name in fields}  # type: ignore[union-attr]


def as_columns(row: models.Model, *fields: str) -> dict[str, Any]:
    """As ``sealed``, for SQL that is written out."""
    return {
        name: value.token if isinstance(value, Ciphertext) else value for name, value in sealed(row, *fields).items()
    }


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """What a column holds. Nothing shows it, and no gateway dials it: it is no text."""

    token: str


class _Opened(DeferredAttribute):
    """Decrypts when the attribute is first read: then the row is known to which the ciphertext has to belong."""

    field: "EncryptedTextField"

    def __get__(self, row: Any, cls: Any = None) -> Any:
        if row is None:
            return self
        held, name = row.__dict__, self.field.attname
        if name not in held:  # it was deferred
            held[name] = type(row)._base_manager.values_list(name, flat=True).get(pk=row.pk)
        if isinstance(held[name], Ciphertext):
            held[name] = unseal(held[name].token, self.field.context(row))
        return held[name]

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__[self.field.attname] = value


def _of(owner: Any, name: str) -> Any:
    return None if owner is None else getattr(owner, name)


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Text that is ciphertext in the database, with the newest key.

    ``bound_to`` names fields of the row, ``owner.field`` for those of another: the ciphertext is good for the row that
    has these values, in this field of this model, and nowhere else (security.md X2). They must be known before the row
    is. Reading one that was moved, or that no key opens, raises ``cryptography.fernet.InvalidToken``. Since a value
    needs its row, ``update`` takes only "" and what :func:`sealed` gives. ``None``: of a migration from before this.
    """

    descriptor_class = _Opened
    non_db_attrs = (*models.Field.non_db_attrs, "bound_to")

    def __init__(self, *args: Any, bound_to: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bound_to = bound_to

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs if self.bound_to is None else {**kwargs, "bound_to": tuple(self.bound_to)}

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        found: list[CheckMessage] = super().check(**kwargs)
        if self.bound_to is None:
            words = "An encrypted field is not bound to its row."
            found.append(Error(words, hint="Set bound_to.", obj=self, id="accounts.E003"))
        return found

    def owners(self) -> set[str]:
        """For ``select_related``: the rows besides its own by which the context is known."""
        return {path.partition(".")[0] for path in self.bound_to or () if "." in path}

    def context(self, row: Any) -> str:
        """What the ciphertext of this row's value is bound to."""
        if self.bound_to is None:
            return "key"
        values = [str(reduce(_of, path.split("."), row)) for path in self.bound_to]
        return json.dumps([self.model._meta.label_lower, self.name, *values])

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        text = super().pre_save(model_instance, add)
        return Ciphertext(seal(str(text), self.context(model_instance))) if text else text

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Ciphertext):
            return value.token
        if value:
            raise TypeError(f"{self} is encrypted for its row: save the row.")
        return value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return Ciphertext(value) if value else value
