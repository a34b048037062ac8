"""The overview's page and its file: the same figures as plot, table and CSV; who may see it, and what it costs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format
from kombu.exceptions import OperationalError
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisDown

from accounts.models import AuditEvent, Company, Event
from deploy.local.cast import EVA, STEFAN
from helpdesk.agent.statistics import figures, plots
from helpdesk.agent.statistics import page as overview
from helpdesk.models import CompanyCount, DayCount, Ticket
from tests.accounts.helpers import last, text_of
from tests.accounts.staff import Officer, says
from tests.conftest import has_number
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import an_orderer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

PAGE, FILE = "/helpdesk/oversikt/", "/helpdesk/oversikt.csv"
COUNTING = "Siffrorna räknas just nu."


def a_ticket(ago: timedelta, waited: timedelta | None = None, kind: str = Ticket.Kind.PHONE) -> None:
    created = timezone.now() - ago
    Ticket.objects.create(
        number=f"2026-{Ticket.objects.count() + 1:05d}",
        kind=kind,
        source=Ticket.Source.PAGES,
        state=Ticket.State.NEW if waited is None else Ticket.State.DONE,
        created_at=created,
        decided_at=None if waited is None else created + waited,
    )


def happened(event: Event, times: int, ago: timedelta = timedelta(0)) -> None:
    for _ in range(times):
        AuditEvent.objects.create(at=timezone.now() - ago, event=event)


def this_month() -> date:
    return timezone.localdate().replace(day=1)


def previous(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def begins(month: date) -> datetime:
    return timezone.make_aware(datetime.combine(month, time()))


def lines_of(answer: HttpResponse) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))


def svg(page: HttpResponse, key: str) -> str:
    found = re.search(rf'<svg class="plot"[^>]*aria-labelledby="{key}-title {key}-desc".*?</svg>', _body(page), re.S)
    assert found, f"no plot of {key}"
    return found[0]


def bars(page: HttpResponse, key: str) -> list[tuple[str, str]]:
    """The words beside each bar of a table, and the bar's length on its track of 100."""
    section = re.search(rf'<section [^>]*aria-labelledby="section-{key}">.*?</section>', _body(page), re.S)
    assert section, f"no section {key}"
    bar = r'<span class="measure__words">([^<]*)</span> <svg class="measure__bar" viewBox="0 0 100 10"'
    bar += r'.*?class="plot__track" width="100".*?class="plot__bar" width="([^"]*)"'
    found = re.findall(bar, section[0])
    assert found, f"no bars in {key}"
    return found


def _body(page: HttpResponse) -> str:
    return page.content.decode()


# --- The same figures everywhere -------------------------------------------------------------------


@pytest.mark.sqlite
def test_plot_table_and_file_say_the_same(per: Officer, register: Register) -> None:
    has_number(STEFAN)
    a_ticket(timedelta(hours=5))
    a_ticket(timedelta(minutes=30), timedelta(minutes=30))
    a_ticket(timedelta(minutes=60), timedelta(minutes=60))
    happened(Event.PASSWORD_DONE, 7)
    happened(Event.CODE_NOT_SENT, 3)
    page = per.get(PAGE)
    read = text_of(page)
    found = figures.for_month(this_month())

    assert "1 ärende väntar på beslut." in read
    assert "4–24 timmar 1" in read
    assert bars(page, "open") == [("0", "0"), ("1", "100"), ("0", "0"), ("0", "0")]
    assert "Typ Avgjorda Median Längst Inom 4 timmar Inom 24 timmar" in read
    assert "Nytt mobilnummer 2 45 min 1 tim 100 % (2) 100 % (2)" in read
    assert bars(page, "times") == [("100 % (2)", "100"), ("100 % (2)", "100")]
    assert "Nya lösenord: 7" in svg(page, "people")
    assert f"Totalt 7 {found.total('registrations')}" in read
    assert f"Totalt {found.total('sms_sent')} 3" in read
    assert "Hemtjänst Ett AB 3 1 33 % 1" in read
    assert ("33 %", "33.3") in bars(page, "companies")
    came = Ticket.objects.filter(created_at__gte=begins(this_month())).count()  # fewer, in the first hours of a month
    for figure in (f"Inkomna ärenden {came}", "Avgjorda ärenden 2", "Mediantid till beslut 45 min", "Nya lösenord 7"):
        assert figure in read

    exported = lines_of(per.get(FILE))
    assert exported[0] == ["Datum", "Siffra", "Gäller", "Värde"]
    now, month = str(timezone.localdate()), f"{this_month():%Y-%m}"
    for line in (
        [now, "Nya lösenord", "", "7"],
        [now, "Misslyckade sms", "", "3"],
        [now, "Ärenden som väntar", "4–24 timmar", "1"],
        [month, "Mediantid till beslut, minuter", "Nytt mobilnummer", "45"],
        [month, "Avgjorda inom 4 timmar", "Nytt mobilnummer", "2"],
        [now, "Konton", "Hemtjänst Ett AB", "3"],
        [now, "Konton med nummer", "Hemtjänst Ett AB", "1"],
        [now, "Konton med utgånget lösenord", "Hemtjänst Ett AB", "1"],
    ):
        assert line in exported


def test_each_day_of_the_table_is_a_line_of_the_file(per: Officer) -> None:
    happened(Event.PASSWORD_DONE, 2)
    exported = [line for line in lines_of(per.get(FILE)) if line[1] == "Nya lösenord"]
    found = figures.for_month(this_month())
    assert exported == [[str(day), "Nya lösenord", "", str(counted["resets"])] for day, counted in found.days.items()]


def test_a_screen_reader_is_told_what_a_plot_is(per: Officer) -> None:
    a_ticket(timedelta(minutes=1))
    happened(Event.PASSWORD_DONE, 1)
    page = per.get(PAGE)
    plots_ = re.findall(r'<svg class="plot".*?</svg>', _body(page), re.S)
    assert len(plots_) == 2, "no SMS went"
    for each in plots_:
        assert 'role="img"' in each
        title, description = (re.search(rf"<{tag} id=[^>]*>([^<]+)</{tag}>", each) for tag in ("title", "desc"))
        assert title
        assert description
    assert "style=" not in _body(page)


def test_without_a_figure_there_is_a_sentence(per: Officer) -> None:
    """And neither plot nor table: in each part of the page."""
    page = per.get(PAGE)
    for words in (
        "Inkomna: 0, Avgjorda: 0, Återtagna: 0.",
        "Skickade: 0, Misslyckade: 0.",
        "0 ärenden väntar på beslut.",
    ):
        assert says(page, words)
    assert says(page, "Inga ärenden har avgjorts den här månaden.")
    assert "<table" not in _body(page)
    assert '<svg class="plot"' not in _body(page)


def test_each_figure_stands_beside_the_month_before(per: Officer, register: Register) -> None:
    """A month that is not over is compared with as many days; the first month has nothing beside it."""
    this, now = this_month(), timezone.now()
    before = previous(this)
    assert f"{date_format(before, 'M').lower()}: " not in text_of(per.get(PAGE))
    happened(Event.PASSWORD_DONE, 4, now - begins(before) - timedelta(hours=12))
    DayCount.objects.all().delete()
    CompanyCount.objects.create(company=register.ett, day=before, accounts=4, with_number=1)
    read = text_of(per.get(PAGE))
    assert f"Nya lösenord 0 {date_format(before, 'M').lower()}: 4" in read
    assert f"Konton med nummer 0 % {date_format(before, 'M').lower()}: 25 %" in read
    assert "Hemtjänst Ett AB 3 0 0 % 1 25 %" in read


def test_no_cell_of_the_file_is_a_formula(per: Officer, register: Register) -> None:
    """H7: a company's name is what somebody typed."""
    Company.objects.filter(pk=register.ett.pk).update(name="=1+1 AB")
    per.get(PAGE)
    names = {line[2] for line in lines_of(per.get(FILE))}
    assert "'=1+1 AB" in names
    assert not any(name.startswith(("=", "+", "-", "@")) for name in names)


def test_the_file_is_one_that_excel_opens_and_the_trail_tells_of_it(per: Officer) -> None:
    answer = per.get(FILE)
    month = f"{this_month():%Y-%m}"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="Oversikt-{month}.csv"'
    told = last(Event.FIGURES_EXPORTED)
    assert told.result == f"{month}, {len(lines_of(answer)) - 1} rows"
    assert told.address == "127.0.0.1"
    assert told.actor


# --- Months ----------------------------------------------------------------------------------------


def test_one_goes_from_month_to_month(per: Officer) -> None:
    """As far back as there is anything to tell, and not further; never forward from this one."""
    this = this_month()
    first = previous(previous(this))
    happened(Event.PASSWORD_DONE, 4, timezone.now() - begins(first) - timedelta(hours=12))
    page = per.get(PAGE)
    assert f"?manad={previous(this):%Y-%m}" in _body(page)
    assert f"?manad={figures.next_month(this):%Y-%m}" not in _body(page)
    page = per.get(f"{PAGE}?manad={first:%Y-%m}")
    assert says(page, "Nya lösenord 4")
    assert says(page, "Tidigare månader finns det inga siffror för.")
    assert not says(page, "Ärenden som väntar just nu")
    assert f"?manad={figures.next_month(first):%Y-%m}" in _body(page)
    assert f"?manad={previous(first):%Y-%m}" not in _body(page)
    assert [f"{first:%Y-%m}", "2"] != lines_of(per.get(f"{FILE}?manad={first:%Y-%m}"))[1][:2]
    assert lines_of(per.get(f"{FILE}?manad={first:%Y-%m}"))[1][0] == str(first)


@pytest.mark.parametrize("path", [PAGE, FILE])
@pytest.mark.parametrize("text", ["2026-13", "november", "1999-01", "2026-1", "2099-01", "2026-11-01", "%00"])
def test_a_month_that_is_none_is_not_found(per: Officer, path: str, text: str) -> None:
    assert per.get(f"{path}?manad={text}").status_code == 404


# --- Companies that nobody has counted ---------------------------------------------------------------


@contextmanager
def a_queue() -> Iterator[mock.Mock]:
    """With a worker elsewhere: what is put into the queue."""
    with mock.patch("helpdesk.tasks.count_companies.delay") as put:
        yield put


def test_in_process_they_are_counted_at_once(per: Officer, register: Register) -> None:
    assert "Hemtjänst Ett AB 3 0 0 % 1" in text_of(per.get(PAGE))
    assert CompanyCount.objects.count() == 2


def test_elsewhere_they_are_asked_for_once(per: Officer, register: Register, settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with a_queue() as put:
        assert says(per.get(PAGE), COUNTING)
        assert says(per.get(PAGE), COUNTING)
    assert put.call_count == 1


def test_old_figures_are_shown_with_their_day(per: Officer, register: Register, settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    yesterday = timezone.localdate() - timedelta(days=1)
    CompanyCount.objects.create(company=register.ett, day=yesterday, accounts=4, with_number=1)
    with a_queue() as put:
        page = per.get(PAGE)
    assert not says(page, COUNTING)
    assert says(page, "Räknat den ")
    assert put.call_count == 0
    CompanyCount.objects.update(day=yesterday - timedelta(days=1))
    with a_queue() as put:
        page = per.get(PAGE)
    assert says(page, COUNTING)
    assert put.call_count == 1


def test_a_month_that_is_over_asks_for_nothing(per: Officer) -> None:
    month = previous(this_month())
    happened(Event.PASSWORD_DONE, 1, timezone.now() - begins(month) - timedelta(hours=12))
    with a_queue() as put:
        assert says(per.get(f"{PAGE}?manad={month:%Y-%m}"), "Det finns inga siffror för den här månaden.")
    assert put.call_count == 0


def test_a_cache_or_a_queue_that_is_down_stops_nobody(per: Officer, settings: Settings) -> None:
    """U1: the rest of the page needs neither."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(cache, "add", side_effect=RedisDown):
        assert says(per.get(PAGE), COUNTING)
    with a_queue() as put:
        put.side_effect = OperationalError
        assert says(per.get(PAGE), COUNTING)


# --- Who sees it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, FILE])
def test_agents_alone_see_it(path: str, carin: Client) -> None:
    """Neither orderers, nor administrators, nor strangers."""
    for client in (Client(), carin):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/logga-in/?next={path.replace('/', '%2F')}")
    eva = Officer(EVA)
    eva.enrol()
    assert eva.get(path).status_code == 403


def test_it_names_no_person_and_no_number(per: Officer, register: Register) -> None:
    has_number(STEFAN)
    an_orderer("Siv Alm", "siv@hemtjanst-ett.example", "+46701740652", register.ett)
    for answer in (per.get(PAGE), per.get(FILE)):
        for secret in (STEFAN.username, STEFAN.surname, STEFAN.phone, "Siv", "siv@"):
            assert secret not in answer.content.decode()


def test_few_questions_to_the_database(per: Officer, register: Register) -> None:
    """However much there is to count."""
    a_ticket(timedelta(hours=1), timedelta(minutes=1))
    per.get(PAGE)
    with CaptureQueriesContext(connection) as asked:
        per.get(PAGE)
    assert len(asked) <= 12, [query["sql"][:100] for query in asked]


# --- Plots -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (5, [0, 1, 2, 3, 4, 5]),
        (7, [0, 2, 4, 6, 8]),
        (23, [0, 5, 10, 15, 20, 25]),
        (101, [0, 50, 100, 150]),
        (9_999, [0, 2000, 4000, 6000, 8000, 10000]),
    ],
)
def test_a_scale_has_whole_steps(most: int, steps: list[int]) -> None:
    assert plots.scale(most) == steps


def test_a_column_is_as_high_as_its_number() -> None:
    """And what is nothing is no column; two series stand side by side."""
    found = plots.columns(["1", "2"], {"a": [10, 0], "b": [5, 20]})
    heights = [(second, float(height)) for *_, height, second in found.bars]
    assert heights == [(False, 44), (True, 22), (True, 88)]
    sides = [(float(x), float(x) + float(width)) for x, _y, width, *_ in found.bars]
    assert sides[0][1] == pytest.approx(sides[1][0], abs=0.2)
    assert all(right < plots.WIDTH for _left, right in sides)


def test_a_long_name_is_whole() -> None:
    name = "Stiftelsen Omsorg och Hemtjänst i Norra och Södra Bergslagen AB"
    figures_ = figures.Figures(date(2026, 10, 1), timezone.now(), {})
    figures_.companies = [CompanyCount(company=Company(name=name), day=timezone.localdate(), accounts=3, with_number=1)]
    assert overview.sections(figures_)[-1]["table"][0][0][1] == name


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "under en minut"),
        (1, "1 min"),
        (59, "59 min"),
        (60, "1 tim"),
        (200, "3,3 tim"),
        (47 * 60, "47 tim"),
        (48 * 60, "2 dagar"),
        (60 * 60, "2,5 dagar"),
    ],
)
def test_a_time_in_words(minutes: int, words: str) -> None:
    assert overview.duration(timedelta(minutes=minutes)) == words


def test_all_is_all() -> None:
    """199 of 200 is not 100 %."""
    assert [overview.percent(*pair) for pair in ((199, 200), (200, 200), (0, 0))] == ["99 %", "100 %", "–"]
