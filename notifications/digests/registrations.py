"""First numbers of accounts without a mail address: the next daily mail tells their company (G6).

A thief of a password may have registered the number. The account's own address would be told at once.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.timezone import localdate

from accounts import directory
from accounts.companies import CompanyMatcher
from accounts.models import Company
from idportal.text import inert
from notifications.models import UntoldNumber


@dataclass(frozen=True, slots=True)
class Registrations:
    """``lines``: of each company's mail, oldest first; ``told``: the rows that are told with them."""

    lines: dict[Company, list[str]]
    told: tuple[int, ...]

    def mark(self) -> None:
        """Each is told once."""
        UntoldNumber.objects.filter(pk__in=self.told).delete()


def look(matcher: CompanyMatcher) -> Registrations:
    """Those that nobody has been told of. Without accounts that are gone, hidden (Q1) or of no company.

    Raises DirectoryError.
    """
    rows: Iterable[UntoldNumber] = list(UntoldNumber.objects.order_by("at", "pk"))
    lines: dict[Company, list[str]] = defaultdict(list)
    people = directory.connect() if rows else None
    for row in rows:
        account = people.get(row.account, listed=True) if people else None
        company = matcher.company_of(account) if account else None
        if account and company:
            name, username = inert(account.name), inert(account.username)
            lines[company].append(
                f"{name} ({username}), {localdate(row.at)}" if name else f"{username}, {localdate(row.at)}"
            )
    return Registrations(lines, tuple(row.pk for row in rows))
