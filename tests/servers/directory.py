"""How a test controls a directory server of either kind: who is there, and in which state."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import ldap

from deploy.local import slapd
from deploy.local.cast import CAST, Person


class DirectoryServer(Protocol):
    """A server with the cast in it. Everything here is done as its root, past the portal."""

    lockout_threshold: int
    lockout_window: timedelta
    url: str
    plain_url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""

    def suspend(self) -> AbstractContextManager[None]:
        """While this lasts it holds its connections and answers nothing."""

    def copy(self, folder: Path) -> DirectoryServer:
        """A second server with the same people, ids, certificate and service account, not started."""

    def settings(self) -> dict[str, Any]:
        """The Django settings that point the portal at it."""

    def reset(self) -> None:
        """The cast as new, and nobody else. Starts the server if it does not run."""

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

        An entry that is there already is replaced, so that the immutable id is another one afterwards.
        ``common_name`` is the name in the DN.
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


class KeepsCast:
    """Of a server: makes anew whom a test has changed, and removes who else is there. Most tests change nobody."""

    def __init__(self) -> None:
        self._as_new: dict[str, Any] = {}
        self._loaded = datetime.min.replace(tzinfo=UTC)

    def reset(self) -> None:
        """As the interface says."""
        try:
            people = self._people()
        except ldap.SERVER_DOWN:
            self.stop()
            self.start()
            people = self._people()
        loaded = slapd.expiry_of(CAST[0], datetime.now(UTC))
        if self._loaded != loaded:  # never yet, or yesterday: everybody has a day less left
            self._loaded, self._as_new = loaded, {}
        kept = {dn for dn, entry in people.items() if self._as_new.get(dn) == entry}
        for dn in people.keys() - kept:
            self._delete(dn)
        missing = [person for person in CAST if self._usual_dn(person) not in kept]
        if missing:
            self._put_all(missing)
        self._as_new = self._people()

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def _people(self) -> dict[str, Any]:
        """Everybody, by DN, with what changes when anything of theirs does. Raises ldap.SERVER_DOWN."""
        raise NotImplementedError

    def _usual_dn(self, person: Person) -> str:
        raise NotImplementedError

    def _put_all(self, people: list[Person]) -> None:
        raise NotImplementedError

    def _delete(self, dn: str) -> None:
        raise NotImplementedError
