"""The agents' help page, and their overview: a month with much in it, one with nothing, figures on their way."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from unittest import mock

from django.utils import timezone

from accounts.models import AuditEvent, Company, Event
from helpdesk.models import CompanyCount, Ticket
from tests.browser.states.office import as_per
from tests.browser.states.state import State
from tests.browser.visitor import Visitor

Kind, TicketState = Ticket.Kind, Ticket.State
NAMES = ("Vård", "Omsorg", "Hemtjänst", "Assistans", "Städ och service")
TOWNS = ("Almby", "Adolfsberg", "Brickebacken", "Mosås", "Vivalla")


def much(visitor: Visitor) -> None:
    """The month before this one and this one, with figures for each day; and what is open."""
    as_per(visitor)
    some = random.Random(4)
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    first, today = last.replace(day=1), timezone.localdate()
    days = [first + timedelta(days=nth) for nth in range((today - first).days)]
    at = [datetime.combine(day, time(10), timezone.get_default_timezone()) for day in days]
    times = {Event.PASSWORD_DONE: 24, Event.PHONE_REGISTERED: 9, Event.CODE_SENT: 40, Event.CODE_NOT_SENT: 2}
    AuditEvent.objects.bulk_create(
        AuditEvent(at=moment, event=event)
        for moment in at
        for event, most in times.items()
        for _ in range(some.randint(0, most) // (1 if moment.weekday() < 5 else 4))
    )
    tickets = [(moment, some.choice(list(Kind)), some.choice((1, 2, 3, 7, 20, 60))) for moment in at for _ in range(3)]
    Ticket.objects.bulk_create(
        Ticket(
            number=f"{last.year}-{number:05d}",
            kind=kind,
            source=Ticket.Source.PAGES,
            state=TicketState.DONE,
            created_at=moment,
            decided_at=moment + timedelta(hours=hours, minutes=some.randint(0, 59)),
        )
        for number, (moment, kind, hours) in enumerate(tickets, start=1)
    )
    now = timezone.now()
    Ticket.objects.bulk_create(
        Ticket(number=f"{now.year}-9{number:04d}", kind=Kind.PHONE, source=Ticket.Source.PAGES, created_at=now - age)
        for number, age in enumerate(timedelta(hours=hours) for hours in (0, 1, 2, 5, 30, 300))
    )
    companies = Company.objects.bulk_create(
        Company(
            name=f"{town} {kind} AB",
            organisation_number=f"5599{place:02d}-{place:04d}",
            directory_values=f"{town} {kind}",
        )
        for place, (town, kind) in enumerate((town, kind) for town in TOWNS for kind in NAMES)
    )
    rows = [(company, some.randint(8, 180)) for company in companies]
    for day in (first, timezone.localdate()):
        CompanyCount.objects.bulk_create(
            CompanyCount(
                day=day,
                company=company,
                accounts=accounts,
                with_number=int(accounts * (0.3 + 0.028 * place)),
                expired=accounts // 15,
            )
            for place, (company, accounts) in enumerate(rows)
        )


def guide(visitor: Visitor) -> None:
    as_per(visitor)
    visitor.open("/helpdesk/hjalp/")


def this_month(visitor: Visitor) -> None:
    much(visitor)
    visitor.open("/helpdesk/oversikt/")


def last_month(visitor: Visitor) -> None:
    """With one of the tables opened."""
    this_month(visitor)
    visitor.page.locator("nav.pager a").first.click()
    visitor.page.locator("details summary").first.click()


def on_its_way(visitor: Visitor) -> None:
    """Nothing has happened but a sign-in, and a worker elsewhere counts the companies."""
    as_per(visitor)
    visitor.portal.settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch("helpdesk.tasks.count_companies.delay"):
        visitor.open("/helpdesk/oversikt/")


AGENT_OVERVIEW = (
    State("helpdesk-hjalp", "helpdesk-help", "Så arbetar du med ett ärende", guide),
    State("helpdesk-oversikt", "helpdesk-overview", "Ärenden som väntar just nu", this_month),
    State("helpdesk-oversikt-manad", "helpdesk-overview", "Hela månaden. Alla dagar är enligt svensk tid.", last_month),
    State("helpdesk-oversikt-empty", "helpdesk-overview", "Inga ärenden har avgjorts den här månaden.", on_its_way),
)
