"""The administrators' overview: accounts and companies that the daily mail misses or reaches too late."""

import logging
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts import directory, limits
from accounts.companies import CompanyMatcher
from accounts.directory import DirectoryError
from accounts.models import BouncedAddress, Company, Orderer
from accounts.phones.standing import password_standing, with_number
from idportal import clock
from idportal.clock import duration

log = logging.getLogger("idportal.overview")

LISTED = 200  # rows of a section; the rest is only counted


@dataclass(slots=True)
class OverviewSection:
    """One kind of problem. ``template``: says what to do, over the ``rows``: the first LISTED, each of texts."""

    title: str
    template: str
    rows: list[Any] = field(default_factory=list)
    total: int = 0
    keys: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, key: tuple[str, ...], *row: str) -> None:
        """Counts a row, and keeps it if it is one of the first by key."""
        self.total += 1
        at = bisect(self.keys, key)
        self.keys.insert(at, key)
        self.rows.insert(at, row)
        del self.keys[LISTED:], self.rows[LISTED:]


def link(text: str, url: str) -> str:
    return format_html('<a href="{}">{}</a>', url, text)


def register(section: Callable[[], OverviewSection]) -> None:
    """Adds a section. Each report calls the function, which reads the database only."""
    _sections.append(section)


def report() -> dict[str, Any]:
    """All sections, for the page. Reads the whole directory once, in pages, with bounded memory."""
    read_at = timezone.now()
    found: list[OverviewSection] = []
    groups: list[str] = []
    try:
        groups = directory.connect_staff().unreadable_groups()
        found += _from_directory(read_at)
    except DirectoryError as error:
        log.error("the directory is not available: %s (%s)", type(error).__name__, error)
    sections = [*found, *(section() for section in _sections)]
    return {"sections": sections, "read_at": read_at, "directory_down": not found, "unreadable_groups": groups}


def counts() -> list[tuple[str, int]]:
    """The counts that cost little, for the admin's first page."""
    return [
        (_("Aktiva företag utan mottagare"), _without_recipient().count()),
        (_("Företag vars mejl studsar"), _bouncing().count()),
        (_("Beställare vars uppgifter väntar på bekräftelse"), _waiting().count()),
    ]


def _without_recipient() -> QuerySet[Company]:
    return Company.objects.without_recipients().filter(active=True).order_by(Lower("name"))


def _bouncing() -> QuerySet[Company]:
    return Company.objects.with_bounces().filter(active=True, bounces=True).order_by(Lower("name"))


def _waiting() -> QuerySet[Orderer]:
    return Orderer.objects.filter(waits_until__gt=timezone.now()).order_by("waits_until")


def _orderers_who_wait() -> OverviewSection:
    found = _waiting()
    return OverviewSection(
        _("Beställare vars uppgifter väntar på bekräftelse"),
        "admin/overview_waiting.html",
        [
            (link(each.name, reverse("admin:accounts_orderer_confirm", args=[each.pk])), clock.stamp(each.waits_until))
            for each in found[:LISTED]
        ],
        found.count(),
    )


def _companies_without_recipient() -> OverviewSection:
    found = _without_recipient()
    return OverviewSection(
        _("Aktiva företag utan mottagare"),
        "admin/overview_no_recipient.html",
        [(_link(each), each.organisation_number) for each in found[:LISTED]],
        found.count(),
    )


def _companies_that_bounce() -> OverviewSection:
    bounced = {each.address: each for each in BouncedAddress.objects.all()}
    rows = [
        (_link(company), address, str(timezone.localdate(row.last_at)), row.reason)
        for company in _bouncing()
        for address in company.recipients
        if (row := bounced.get(address.lower()))
    ]
    return OverviewSection(
        _("Mottagare vars mejl har studsat"),
        "admin/overview_bouncing.html",
        rows[:LISTED],
        len(rows),
    )


_sections: list[Callable[[], OverviewSection]] = [
    _companies_without_recipient,
    _companies_that_bounce,
    _orderers_who_wait,
]


def _from_directory(now: datetime) -> tuple[OverviewSection, OverviewSection]:
    """In one pass over the accounts that the portal serves."""
    strangers = OverviewSection(
        _("Konton som inte hör till något företag"),
        "admin/overview_no_company.html",
    )
    late = OverviewSection(
        _("Lösenordet går ut inom %(days)s, inget mobilnummer") % {"days": duration(limits.EXPIRES_SOON)},
        "admin/overview_no_number.html",
    )
    matcher = CompanyMatcher()
    served = (account for account in directory.connect().accounts(listed=True) if account.served)
    for account, has_number in with_number(served):
        company = matcher.company_of(account)
        shown = _link(company) if company else account.company or "–"
        if company is None:
            strangers.add((account.company.casefold(), account.username), shown, account.name, account.username)
        days = password_standing(account.expires, now).days_left
        if not has_number and days is not None and 0 <= days <= limits.EXPIRES_SOON.days:
            key = (company.name if company else account.company or "–").casefold(), f"{days:03d}", account.username
            late.add(key, shown, account.name, account.username, str(days))
    return strangers, late


def _link(company: Company) -> str:
    return link(company.name, reverse("admin:accounts_company_change", args=[company.pk]))
