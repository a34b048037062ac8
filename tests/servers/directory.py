"""What a test says to a directory server of either kind: who is there, and in which state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol

from accounts.demo.cast import Person

MIN_LENGTH = 8
HISTORY = 5


class DirectoryServer(Protocol):
    """A server with the cast in it. Everything here is done as its root, past the portal."""

    lockout_threshold: int
    lockout_window: timedelta

    def settings(self) -> dict[str, Any]:
        """The Django settings that point the portal at it."""

    def put(
        self,
        person: Person,
        *,
        must_change: bool = False,
        disabled: bool = False,
        locked: bool = False,
        protected: bool = False,
        common_name: str = "",
    ) -> None:
        """Make the person exist in exactly this state: password, days left, no history, no failures.

        Somebody who exists keeps the immutable id. ``common_name`` is the name in the DN of somebody new.
        """

    def put_many(self, count: int, prefix: str) -> None:
        """Add people ``prefix0`` … quickly, without passwords worth knowing."""

    def remove(self, username: str) -> None:
        """Remove the account, if it is there."""

    def failures(self, username: str) -> int:
        """How many wrong passwords the server has counted."""

    def min_age(self, age: timedelta) -> AbstractContextManager[None]:
        """While this lasts, a password must be so old before it may be changed."""

    def stricter_policy(self, person: Person, max_age: timedelta) -> AbstractContextManager[None]:
        """While this lasts, a policy of the person's own holds, with this maximum age."""
