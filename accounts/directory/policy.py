"""An OpenLDAP password policy, as far as the portal needs it (slapo-ppolicy(5))."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Self

from accounts.directory.entry import LdapEntry


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. Zero means no limit."""

    max_age: timedelta = timedelta(0)
    must_change: bool = False
    history: int = 0
    locks: bool = False
    max_failures: int = 0
    failure_window: timedelta = timedelta(0)
    locked_for: timedelta = timedelta(0)

    ATTRIBUTES: ClassVar = [
        *("pwdMaxAge", "pwdMustChange", "pwdInHistory", "pwdLockout"),
        *("pwdMaxFailure", "pwdFailureCountInterval", "pwdLockoutDuration"),
    ]

    @classmethod
    def from_entry(cls, entry: LdapEntry) -> Self:
        """The policy of an entry with these attributes. Raises ValueError if it can't be read."""

        def seconds(name: str) -> timedelta:
            return timedelta(seconds=entry.number(name) or 0)

        return cls(
            max_age=seconds("pwdMaxAge"),
            must_change=entry.text("pwdMustChange") == "TRUE",
            history=entry.number("pwdInHistory") or 0,
            locks=entry.text("pwdLockout") == "TRUE",
            max_failures=entry.number("pwdMaxFailure") or 0,
            failure_window=seconds("pwdFailureCountInterval"),
            locked_for=seconds("pwdLockoutDuration"),
        )
