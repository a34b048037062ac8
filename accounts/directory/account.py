"""What the rest of the portal knows of a directory: accounts, answers, errors. No LDAP here.

Vocabulary: an *account* is one person's entry, known by its immutable *id*; to *check* a password is to
bind as the account; to *set* one is to replace it as the service account.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

Span = tuple[datetime, datetime]
"""From the first moment up to, but without, the last. Both are aware."""


class Expiry(enum.Enum):
    """The expiries that are no point in time."""

    NEVER = "never"
    MUST_CHANGE = "must change at next logon"


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account, as the directory has it at the time of asking.

    ``id`` is objectGUID or entryUUID as lower-case UUID text and never changes, whatever becomes of the name.
    ``expires`` is an aware datetime in UTC, or one of :class:`Expiry`. Texts that the directory lacks are "".
    ``protected``: nothing is done about it here (``security.md`` R6): adminCount, the protected filter, or a direct
    member of the administrators' group, and of the helpdesk's where ``HELPDESK_SMS_FACTOR`` is on.
    ``unit`` names the organisational unit that the entry lies in, for :func:`accounts.directory.units_of`.
    """

    id: str
    username: str
    given_name: str
    surname: str
    mail: str
    company: str
    enabled: bool
    protected: bool
    locked: bool
    expires: datetime | Expiry
    password_last_set: datetime | None
    unit: str = ""

    @property
    def name(self) -> str:
        """Given name and surname, as far as the directory has them."""
        return f"{self.given_name} {self.surname}".strip()

    @property
    def served(self) -> bool:
        """Whether the portal does anything at all for this account (``security.md`` R6)."""
        return self.enabled and not self.protected


class PasswordCheck(enum.Enum):
    """What a bind says of a password. All but WRONG, LOCKED and UNAVAILABLE come with the right one only."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    MUST_CHANGE = "must change"
    LOCKED = "locked"
    DISABLED = "disabled"
    UNAVAILABLE = "unavailable"


class PasswordChange(enum.Enum):
    """What became of a new password."""

    DONE = "done"
    IN_HISTORY = "refused: used before"
    TOO_WEAK = "refused: too short or not complex"
    TOO_YOUNG = "refused: the present one is too young to change"
    NOT_ALLOWED = "not allowed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Lockout:
    """The directory's own lock-out: after ``threshold`` wrong passwords (0: never) within ``window``.

    ``failures``: how many the directory has counted for the account by now, wherever they came from. ``known``:
    whether the directory shows its policy; if not, a usual one is assumed.
    """

    threshold: int
    window: timedelta
    failures: int = 0
    known: bool = True


class DirectoryError(Exception):
    """The directory did not do what was asked. ``retry`` says whether the same call may go through later."""

    retry = False


class DirectoryUnavailable(DirectoryError):
    """No directory server answered in time, or none can be trusted."""

    retry = True


class DirectoryMisconfigured(DirectoryError):
    """The directory answered, but refuses the portal itself: service account, base, filter, certificate."""


class Directory(Protocol):
    """What both dialects do. Look-ups raise :class:`DirectoryError`; nothing else of LDAP shows."""

    @property
    def keeps_history(self) -> bool:
        """Whether earlier passwords are refused when the service account sets one (``security.md`` P3)."""

    def find(self, name: str) -> Account | None:
        """The account with this user name, or with this e-mail address if it is the only one.

        ``DOMAIN\\name`` is the name without the domain. In Active Directory a user principal name counts as an address.
        Any text may come in. What can't be a name finds nothing: empty, with NUL or other control characters,
        over 256 characters.
        """

    def get(self, account_id: str) -> Account | None:
        """The account with this immutable id, if it is still within the configured base and filter."""

    def check_password(self, account: Account | None, password: str) -> PasswordCheck:
        """Bind with the password on a connection of its own. An empty one is WRONG and is not sent.

        For ``None`` a bind that can't succeed is made, so that an unknown name takes the time of a known one.
        """

    def set_password(self, account_id: str, password: str) -> PasswordChange:
        """Replace the password as the service account and clear a lock-out; the text is sent verbatim.

        It never leaves "must change at next logon" behind. UNAVAILABLE means that the outcome is not known:
        the change was on its way when the directory broke off. Raises DirectoryError if nothing was sent.
        """

    def unlock(self, account_id: str) -> bool:
        """Clear a lock-out. False if the account is gone or an administrator disabled it."""

    def accounts(self) -> Iterator[Account]:
        """Every account within base and filter, streamed in pages with bounded memory."""

    def belonging_to(self, values: Sequence[str], units: Sequence[str]) -> Iterator[Account]:
        """Every account within base and filter that has one of the values as its company, or lies in one of the units
        (DNs) or below; each once.

        Asked of the directory as such, so that it takes the time of those whom it finds, and streamed in pages. Texts
        are compared as :func:`accounts.directory.folded` writes them. A unit that is not there, or is not within the
        base, has nobody in it.
        """

    def search(self, text: str, limit: int = 50) -> list[Account]:
        """At most ``limit`` accounts within base and filter, in no order, of whom each word of the text begins a word
        of the given name or the surname, the user name or the e-mail address; case does not count. Samba does not look
        at the space before it, and also gives those in whose names it stands in the middle of a word.

        Any text may come in. Under two characters, and what can't be a name, find nobody. If the directory gives
        fewer at a time than asked for, that is how many there are.
        """

    def expiring(self, spans: Sequence[Span]) -> Iterator[Account]:
        """Every account within base and filter whose password runs out within one of the spans.

        The spans are in order, with time between them. Streamed in pages with bounded memory, and much faster than
        :meth:`accounts`: an entry outside the spans becomes no account. Disabled and protected accounts are among
        them; accounts that never have to change, or have to at the next logon, are not.
        """

    def lockout(self, account: Account | None = None) -> Lockout:
        """The lock-out policy of an account, read from the directory or set (``DIRECTORY_LOCKOUT_THRESHOLD``).

        For ``None`` the one that holds in general, found with the same work.
        """

    def ping(self) -> None:
        """Ask one server something cheap. Raises :class:`DirectoryError` if none answers."""
