"""What the pages of orderers and of the helpdesk cost: a company of 2,000, a queue of 10,000, a directory of 10,000.

`make bench` runs it on PostgreSQL with a real slapd. Of each page: the median of its time on the server, with what it
waits for the directory, as milliseconds and as a ratio to the start page's; and its queries. Ends with 1 if one takes
QUERIES queries or more, or MILLISECONDS at the median or more.
"""

from __future__ import annotations

import dataclasses
import re
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import django

django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)
from django.utils import timezone  # noqa: E402

from accounts import directory  # noqa: E402
from accounts.models import AuditEvent, Company, Event, Orderer, Phone, User  # noqa: E402
from deploy.local.cast import ANNA, CAST, HEMTJANST_ETT, PER, STEFAN  # noqa: E402
from helpdesk.models import Counter, Ticket, TimelineEntry  # noqa: E402
from tests.accounts.linking import link  # noqa: E402
from tests.accounts.staff import Officer  # noqa: E402
from tests.helpdesk.people import a_company, an_orderer, as_orderer  # noqa: E402
from tests.servers.crowd import crowd, slapd_with  # noqa: E402

QUERIES, MILLISECONDS = 15, 200.0
QUEUE_QUERIES = 25  # it says of each of 50 tickets what speaks against it: fifteen questions, each asked once for all
STAFF, OTHERS, QUEUE, EVENTS = 2_000, 8_000, 10_000, 200_000
ROUNDS, WARM_UP = 15, 3
DAYS = 365

Kind, State = Ticket.Kind, Ticket.State


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """Of one page."""

    name: str
    milliseconds: float
    queries: int
    size: int


def cost_of(name: str, ask: Callable[[], HttpResponse]) -> Cost:
    """The median of ROUNDS, and the most queries of any."""
    times: list[float] = []
    most = 0
    answer = ask()
    for round_ in range(WARM_UP + ROUNDS):
        with CaptureQueriesContext(connection) as queries:
            before = time.perf_counter()
            answer = ask()
            took = (time.perf_counter() - before) * 1000
        if round_ >= WARM_UP:
            times.append(took)
            most = max(most, sum(not _frame(query["sql"]) for query in queries))
    if answer.status_code != 200:
        raise RuntimeError(f"{name} answers {answer.status_code}")
    return Cost(name, statistics.median(times), most, len(answer.content))


def _frame(sql: str) -> bool:
    """BEGIN and its like frame queries; they are none."""
    return re.match(r"BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE", sql) is not None


def fill(company: Company, orderer: Orderer, agent: User) -> None:
    """QUEUE requests over a year, a tenth of them open, with their timelines; a year's trail."""
    now = timezone.now()
    tickets = []
    for number in range(QUEUE):
        at = now - timedelta(days=DAYS) * (1 - number / QUEUE)
        is_open = number % 10 == 0
        state = (State.NEW, State.VERIFYING)[number // 10 % 2] if is_open else State.DONE
        tickets.append(
            Ticket(
                number=f"{at.year}-{number:05d}",
                kind=(Kind.PHONE, Kind.RECIPIENTS)[number % 2],
                state=state,
                source=Ticket.Source.PAGES,
                created_at=at,
                company=company,
                company_name=company.name,
                orderer=orderer,
                orderer_name=orderer.name,
                employee_name=ANNA.name,
                employee_username=f"lovmassa{number}",
                new_number="+46701740620",
                agent=None if state == State.NEW else agent,
                decided_at=None if is_open else at + timedelta(hours=number % 40),
                decided_by=None if is_open else agent,
            )
        )
    made = Ticket.objects.bulk_create(tickets, batch_size=1000)
    Counter.objects.create(year=now.year, last=QUEUE)
    TimelineEntry.objects.bulk_create(
        [
            TimelineEntry(
                ticket=ticket,
                by=TimelineEntry.By.ORDERER,
                who=orderer.name,
                what=TimelineEntry.What.OPENED,
                state=State.NEW,
            )
            for ticket in made
        ],
        batch_size=1000,
    )
    kinds = (Event.CODE_SENT, Event.CODE_NOT_SENT, Event.PASSWORD_DONE, Event.PHONE_REGISTERED, Event.LOGIN_DONE)
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(event=kinds[number % 5], at=now - timedelta(days=DAYS) * (number / EVENTS), subject=str(number))
            for number in range(EVENTS)
        ],
        batch_size=5000,
    )


def numbers_for(people: int) -> None:
    """Every other account of the directory has a number."""
    accounts = [account for at, account in enumerate(directory.connect().accounts()) if at % 2][:people]
    made = User.objects.bulk_create(
        [User(directory_id=account.id, username=account.username) for account in accounts], ignore_conflicts=True
    )
    known = User.objects.filter(directory_id__in=[user.directory_id for user in made])
    Phone.objects.bulk_create([Phone(user=user, number="+46701740605", number_digest=str(user.pk)) for user in known])


def pages(orderer: Client, agent: Client, ids: dict[str, str]) -> list[Cost]:
    """All of them, the start page first."""

    def get(client: Client, path: str) -> Callable[[], HttpResponse]:
        return lambda: client.get(path)  # type: ignore[return-value]

    named = [("/ (the start page)", get(Client(), "/"))]
    named += [(path, get(orderer, path.format(**ids))) for path in ORDERERS]
    named += [(path, get(agent, path.format(**ids))) for path in AGENTS]
    return [cost_of(name, ask) for name, ask in named]


ORDERERS = (
    "/bestallare/",
    "/bestallare/?sida=40",
    "/bestallare/?visa=utan-nummer",
    "/bestallare/personal.csv",
    "/bestallare/mobilnummer/",
    "/bestallare/mottagare/",
    "/bestallare/arenden/",
    "/bestallare/arenden/{closed}/",
)
AGENTS = (
    "/helpdesk/",
    "/helpdesk/?flik=mina",
    "/helpdesk/?flik=vantar",
    "/helpdesk/?flik=klara",
    "/helpdesk/nytt/",
    "/helpdesk/arenden/{open}/",
    "/helpdesk/arenden/{closed}/",
    "/helpdesk/konton/",
    "/helpdesk/konton/{account}/",
    "/helpdesk/oversikt/",
    "/helpdesk/oversikt.csv",
)


def table(costs: list[Cost]) -> str:
    """Markdown, as docs/performance.md holds it."""
    unit = costs[0].milliseconds
    lines = ["| page | median ms | × start page | queries | bytes |", "| --- | ---: | ---: | ---: | ---: |"]
    for cost in costs:
        ratio = cost.milliseconds / unit
        lines.append(f"| {cost.name} | {cost.milliseconds:.1f} | {ratio:.1f} | {cost.queries} | {cost.size} |")
    return "\n".join(lines)


def most_queries(page: str) -> int:
    return QUEUE_QUERIES if page.partition("?")[0] == "/helpdesk/" else QUERIES


def main() -> int:
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    own = tuple(
        dataclasses.replace(person, username=f"lovegen{at}", company=HEMTJANST_ETT)
        for at, person in enumerate(crowd(STAFF))
    )
    try:
        with slapd_with((*CAST, *own, *crowd(OTHERS))) as server, override_settings(**server.settings()):
            company = a_company(HEMTJANST_ETT, "carin@hemtjanst-ett.example")
            orderer = an_orderer("Carin Ek", "carin@hemtjanst-ett.example", "+46701740650", company)
            officer = Officer(PER)
            officer.come_in()
            numbers_for(STAFF + OTHERS)
            fill(company, orderer, User.objects.get(username=PER.username))
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            cache.clear()
            stefan = directory.connect().find(STEFAN.username)
            ids = {
                "open": Ticket.objects.filter(state=State.VERIFYING, kind=Kind.PHONE).latest("created_at").number,
                "closed": Ticket.objects.filter(state=State.DONE).latest("created_at").number,
                "account": stefan.id if stefan else "",
            }
            link(STEFAN)  # the account page then tells of its request and its hold, too
            costs = pages(as_orderer(orderer), officer.client, ids)
    finally:
        teardown_databases(databases, verbosity=0)
    over = [cost.name for cost in costs if cost.queries >= most_queries(cost.name) or cost.milliseconds >= MILLISECONDS]
    sys.stdout.write(
        f"A company of {STAFF:,}, a queue of {QUEUE:,}, a directory of {STAFF + OTHERS:,}\n\n{table(costs)}\n\n"
    )
    limits = f"{QUERIES} queries ({QUEUE_QUERIES} the queue) or {MILLISECONDS:.0f} ms"
    word = f"Over {limits}: {', '.join(over)}" if over else "None is over the limits."
    sys.stdout.write(f"{word}\n")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
