"""The errors of a connection, made from python-ldap's. They carry nothing of what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ldap
from ldap.controls import DecodeControlTuples
from ldap.controls.ppolicy import PasswordPolicyControl

from accounts.directory.account import DirectoryUnavailable

NO_ANSWER = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.DECODING_ERROR)
# "Not now": the server is there but asks to be left alone (RFC 4511 4.1.9).
NOT_NOW = frozenset({ldap.BUSY.errnum, ldap.UNAVAILABLE.errnum})
TOO_MUCH = frozenset({ldap.TIMELIMIT_EXCEEDED.errnum, ldap.ADMINLIMIT_EXCEEDED.errnum})


class Broken(DirectoryUnavailable):
    """No answer: the connection is of no more use. ``timed_out``: the server stays silent; ``unsure``: it may have
    got a change.
    """

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
        raise Broken(text_of(error), timed_out=isinstance(error, ldap.TIMEOUT), unsure=changes) from None
    except ldap.LDAPError as error:
        details = _details(error)
        policy = policy_error(DecodeControlTuples(details.get("ctrls")))
        raise DirectoryRefused(details.get("result", getattr(error, "errnum", -1)), text_of(error), policy) from None


def policy_error(controls: list[Any]) -> int | None:
    """The error in a ppolicy response control."""
    return next((c.error for c in controls if c.controlType == PasswordPolicyControl.controlType), None)


def text_of(error: ldap.LDAPError) -> str:
    """The server's or the library's words; never the request."""
    details = _details(error)
    return ": ".join(filter(None, [details.get("desc"), details.get("info")])) or type(error).__name__


def _details(error: ldap.LDAPError) -> dict[str, Any]:
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}
