"""Entries and errors, made from what python-ldap returns and raises. No error repeats what was sent."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ldap
from ldap.controls import DecodeControlTuples
from ldap.controls.ppolicy import PasswordPolicyControl

from accounts.directory.account import DirectoryUnavailable

NO_ANSWER = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.DECODING_ERROR)
# "Not now": the server is there but asks to be left alone (RFC 4511 4.1.9).
NOT_NOW = frozenset({ldap.BUSY.errnum, ldap.UNAVAILABLE.errnum})
DENIED = ldap.INSUFFICIENT_ACCESS.errnum
TOO_MUCH = frozenset({ldap.TIMELIMIT_EXCEEDED.errnum, ldap.ADMINLIMIT_EXCEEDED.errnum})

# Values by attribute name. Names are spelled as they were asked for.
Attributes = dict[str, list[bytes]]


# Seconds. A directory refuses an unknown name a little faster than a wrong password (Samba: 2 of 5 ms), so a refusal
# takes full steps of a time that hides the difference.
STEP = 0.05


def full_steps(started: float) -> None:
    """Waits until full steps have passed since then (``time.monotonic``)."""
    time.sleep((started - time.monotonic()) % STEP)


@dataclass(frozen=True, slots=True)
class LdapEntry:
    """One entry. Absent texts are "", absent numbers ``None``."""

    dn: str
    attributes: Attributes

    def raw(self, name: str) -> bytes | None:
        values = self.attributes.get(name)
        return values[0] if values else None

    def text(self, name: str) -> str:
        return (self.raw(name) or b"").decode()

    def number(self, name: str) -> int | None:
        values = self.attributes.get(name)
        return int(values[0]) if values else None


def entries(data: list[Any], asked: list[str]) -> list[LdapEntry]:
    """The entries of an answer. Attribute names are spelled as they were asked for, not as the server spells them."""
    names, spelling = frozenset(asked), {name.lower(): name for name in asked}
    found = []
    for dn, attributes in data:
        if dn is None:
            continue  # a referral, which is not followed
        if not names.issuperset(attributes):
            attributes = {spelling.get(name.lower(), name): values for name, values in attributes.items()}  # noqa: PLW2901
        found.append(LdapEntry(dn, attributes))
    return found


class Broken(DirectoryUnavailable):
    """No answer. ``timed_out``: the server stays silent; ``unsure``: it may have got a change."""

    def __init__(self, reason: str, *, timed_out: bool = False, unsure: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.unsure = unsure


class DirectoryRefused(Exception):
    """The server's answer is an error. ``code``: RFC 4511 4.1.9; ``policy``: ppolicy's reason, if any."""

    def __init__(self, code: int, text: str, policy: int | None = None) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.policy = policy

    @property
    def is_busy(self) -> bool:
        """Whether the server would answer at another time."""
        return self.code in NOT_NOW or self.code in TOO_MUCH


@contextmanager
def converted(*, changes: bool = False) -> Iterator[None]:
    """Turns python-ldap's errors into :class:`Broken` and :class:`DirectoryRefused`."""
    try:
        yield
    except NO_ANSWER as error:
        raise Broken(_text(error), timed_out=isinstance(error, ldap.TIMEOUT), unsure=changes) from None
    except ldap.LDAPError as error:
        details = _details(error)
        policy = policy_error(DecodeControlTuples(details.get("ctrls")))
        raise DirectoryRefused(details.get("result", getattr(error, "errnum", -1)), _text(error), policy) from None


def policy_error(controls: list[Any]) -> int | None:
    """The error in a ppolicy response control."""
    return next((c.error for c in controls if c.controlType == PasswordPolicyControl.controlType), None)


def _text(error: ldap.LDAPError) -> str:
    """The server's or the library's words; never the request."""
    details = _details(error)
    return ": ".join(filter(None, [details.get("desc"), details.get("info")])) or type(error).__name__


def _details(error: ldap.LDAPError) -> dict[str, Any]:
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}
