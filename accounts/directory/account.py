"""The directory as the rest of the portal sees it: accounts, answers and errors. No LDAP but the attributes' names."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple, get_origin, get_type_hints

Span = tuple[datetime, datetime]  # from the first moment up to the last, which is not in it; both are aware


class Expiry(enum.Enum):
    """Expiries that are no point in time."""

    NEVER = "never"
    MUST_CHANGE = "must change at next logon"


class ReadFrom(NamedTuple):
    """The attribute of a text or a time that is read as it stands, in each kind of directory."""

    active_directory: str
    openldap: str


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account, as the directory has it when it is asked.

    ``id``: objectGUID or entryUUID as lower-case UUID text. It never changes, even if the name does.
    ``expires``: an aware datetime in UTC, or an :class:`Expiry`. Texts that the directory lacks are "".
    ``protected``: the portal does nothing for it (``security.md`` R6): adminCount, the protected filter, or a member of
    a staff group (A2), which everybody counts as if one of these groups can't be read.
    ``unit``: the DN of the organisational unit of the entry, for :func:`accounts.directory.units_of`.
    """

    id: str
    username: str
    given_name: Annotated[str, ReadFrom("givenName", "givenName")]
    surname: Annotated[str, ReadFrom("sn", "sn")]
    mail: Annotated[str, ReadFrom("mail", "mail")]
    company: str
    enabled: bool
    protected: bool
    locked: bool
    expires: datetime | Expiry
    password_last_set: Annotated[datetime | None, ReadFrom("pwdLastSet", "pwdChangedTime")]
    unit: str = ""

    @property
    def name(self) -> str:
        """Given name and surname, if the directory has them."""
        return f"{self.given_name} {self.surname}".strip()

    @property
    def served(self) -> bool:
        """Whether the portal does anything for this account (``security.md`` R6)."""
        return self.enabled and not self.protected


def read_as_they_stand(kind: str) -> list[tuple[str, str, bool]]:
    """The fields that say where they are :class:`ReadFrom`: name, attribute, and whether it is a text or a time."""
    hints = get_type_hints(Account, include_extras=True).items()
    plain = [(name, hint) for name, hint in hints if get_origin(hint) is Annotated]
    return [(name, getattr(hint.__metadata__[0], kind), hint.__origin__ is str) for name, hint in plain]


class PasswordCheck(enum.Enum):
    """What the directory says of a password. All but WRONG, LOCKED and UNAVAILABLE come for the right one only."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    MUST_CHANGE = "must change"
    LOCKED = "locked"
    DISABLED = "disabled"
    UNAVAILABLE = "unavailable"
    NO_ROLE = "no role"  # right, and not of staff: at their log-in alone


class PasswordChange(enum.Enum):
    """The result of setting a password."""

    DONE = "done"
    IN_HISTORY = "refused: used before"
    TOO_WEAK = "refused: too short or not complex"
    TOO_YOUNG = "refused: the present one is too young to change"
    NOT_ALLOWED = "not allowed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Lockout:
    """The directory's own lock-out: after ``threshold`` wrong passwords (0: never) within ``window``.

    ``failures``: the wrong passwords that the directory has counted for the account, from all clients. ``known``: the
    directory shows its policy; otherwise a usual one is assumed.
    """

    threshold: int
    window: timedelta
    failures: int = 0
    known: bool = True


class DirectoryError(Exception):
    """The directory did not do what was asked."""


class DirectoryUnavailable(DirectoryError):
    """No trusted directory server answered in time. The same call may succeed later."""


class OutcomeUnknown(DirectoryUnavailable):
    """The directory broke off: the new password may or may not be in place. It is safe to try again."""


class DirectoryMisconfigured(DirectoryError):
    """The directory refuses the portal itself: its service account, base, filter or certificate."""
