"""The administrators' overview: accounts and companies that the daily mail does not reach, or not in time.

Other apps add sections with :func:`register`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import directory, limits
from accounts.companies import CompanyMatcher
from accounts.directory import DirectoryError
from accounts.models import BouncedAddress, Company
from accounts.standing import password_standing, with_number
from idportal.clock import duration

log = logging.getLogger("idportal.overview")

LISTED = 200  # rows of a section; the rest is only counted


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, perhaps with a link."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class OverviewSection:
    """One kind of problem. ``advice``: what it means and what to do; ``rows``: the first LISTED."""

    title: str
    advice: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    """All sections, as of ``read_at``. ``directory_down``: those from the directory are missing."""

    sections: list[OverviewSection]
    read_at: datetime
    directory_down: bool


_sections: list[Callable[[], OverviewSection]] = []


def register(section: Callable[[], OverviewSection]) -> None:
    """Adds a section. Each report calls the function, which reads the database only."""
    _sections.append(section)


def report() -> Report:
    """Makes all sections. Reads the whole directory once, in pages, with bounded memory."""
    read_at = timezone.now()
    found: list[OverviewSection] = []
    down = False
    try:
        found += _from_directory(read_at)
    except DirectoryError as error:
        log.error("the directory is not available: %s (%s)", type(error).__name__, error)
        down = True
    return Report([*found, *(section() for section in _sections)], read_at, down)


def counts() -> list[tuple[str, int]]:
    """The counts that cost little, for the admin's first page."""
    return [
        (_("Aktiva företag utan mottagare"), _without_recipient().count()),
        (_("Företag vars mejl studsar"), _bouncing().count()),
    ]


# From the register of companies.


def _without_recipient() -> QuerySet[Company]:
    return Company.objects.without_recipients().filter(active=True).order_by(Lower("name"))


def _bouncing() -> QuerySet[Company]:
    return Company.objects.with_bounces().filter(active=True, bounces=True).order_by(Lower("name"))


def _companies_without_recipient() -> OverviewSection:
    found = _without_recipient()
    return OverviewSection(
        _("Aktiva företag utan mottagare"),
        _(
            "Ingen på företaget får mejlet om lösenord som går ut. Kommunens helpdesk får det i stället. "
            "Fråga företaget efter en adress och skriv in den."
        ),
        (_("Företag"), _("Organisationsnummer")),
        [(_link(each), Cell(each.organisation_number)) for each in found[:LISTED]],
        found.count(),
    )


def _companies_that_bounce() -> OverviewSection:
    found = _bouncing()
    bounced = {each.address: each for each in BouncedAddress.objects.all()}
    rows = [
        (_link(company), Cell(address), Cell(str(timezone.localdate(row.last_at))), Cell(row.reason))
        for company in found
        for address in company.recipients
        if (row := bounced.get(address.lower()))
    ]
    return OverviewSection(
        _("Mottagare vars mejl har studsat"),
        _(
            "Mejlet kom tillbaka, eller så tog mottagarens server inte emot det. Kontrollera stavningen och fråga "
            "företaget efter en ny adress. Raden försvinner en månad efter den senaste studsen."
        ),
        (_("Företag"), _("Adress"), _("Senast"), _("Servern svarade")),
        rows[:LISTED],
        len(rows),
    )


register(_companies_without_recipient)
register(_companies_that_bounce)


# From the directory.


class _First:
    """Counts all rows, and keeps the LISTED first ones by key."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[tuple[tuple[str, ...], tuple[Cell, ...]]] = []

    def add(self, key: tuple[str, ...], row: tuple[Cell, ...]) -> None:
        self.total += 1
        self._kept.append((key, row))
        if len(self._kept) >= 2 * LISTED:
            self._kept = self._first()

    def _first(self) -> list[tuple[tuple[str, ...], tuple[Cell, ...]]]:
        return sorted(self._kept, key=lambda pair: pair[0])[:LISTED]

    def rows(self) -> list[tuple[Cell, ...]]:
        return [row for _, row in self._first()]


def _from_directory(now: datetime) -> list[OverviewSection]:
    """In one pass over the accounts that the portal serves."""
    matcher = CompanyMatcher()
    strangers, late = _First(), _First()
    served = (account for account in directory.connect().accounts() if account.served)
    for account, has_number in with_number(served):
        company = matcher.company_of(account)
        if company is None:
            strangers.add(
                (account.company.casefold(), account.username),
                (Cell(account.company or "–"), Cell(account.name), Cell(account.username)),
            )
        days = password_standing(account.expires, now).days_left
        if not has_number and days is not None and 0 <= days <= limits.EXPIRES_SOON.days:
            shown = _link(company) if company else Cell(account.company or "–")
            late.add(
                (shown.text.casefold(), f"{days:03d}", account.username),
                (shown, Cell(account.name), Cell(account.username), Cell(str(days))),
            )
    return [_no_company(strangers), _no_number(late)]


def _no_company(found: _First) -> OverviewSection:
    return OverviewSection(
        _("Konton som inte hör till något företag"),
        _(
            "Det som står som företag på kontot finns inte hos något företag här, så ingen på företaget får veta när "
            "lösenordet går ut. Lägg till värdet hos rätt företag under Värden i katalogen, lägg upp företaget, "
            "eller rätta kontot i katalogen."
        ),
        (_("Företag enligt katalogen"), _("Namn"), _("Konto")),
        found.rows(),
        found.total,
    )


def _no_number(found: _First) -> OverviewSection:
    return OverviewSection(
        _("Lösenordet går ut inom %(days)s, inget mobilnummer") % {"days": duration(limits.EXPIRES_SOON)},
        _(
            "Utan registrerat nummer kan personen inte skaffa ett nytt lösenord själv när det har gått ut. "
            "Be företaget påminna dem om att registrera sitt nummer medan lösenordet fungerar."
        ),
        (_("Företag"), _("Namn"), _("Konto"), _("Dagar kvar")),
        found.rows(),
        found.total,
    )


def _link(company: Company) -> Cell:
    return Cell(company.name, reverse("admin:accounts_company_change", args=[company.pk]))
