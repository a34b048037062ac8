"""What a page of the queue is told by itself, and that this keeps no session alive."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import sessions
from accounts.models import AuditEvent, StaffSession
from helpdesk.models import Ticket
from helpdesk.tickets import states
from tests.accounts.helpers import text_of, time_passes
from tests.accounts.staff import Officer
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import a_mail, ticket_of
from tests.helpdesk.test_queue import QUEUE, plan_of, put, search, user_of

NEWS = "/helpdesk/nya/"


def marks(page: HttpResponse) -> dict[str, str]:
    return dict(re.findall(r'data-(\w+)="([^"]*)"', re.findall(r"<div data-queue [^>]*>", page.content.decode())[0]))


def asked(per: Officer, known: dict[str, str]) -> HttpResponse:
    address = known["news"].replace("&amp;", "&")
    return per.get(f"{address}&marke={known['mark']}&nyast={known['newest']}")


def test_a_page_that_shows_all_gets_nothing(per: Officer, register: Register) -> None:
    put(register)
    for query in ("", "?flik=mina", "?flik=klara&ordning=nummer", f"?foretag={register.ett.pk}"):
        answer = asked(per, marks(per.get(f"{QUEUE}{query}")))
        assert (answer.status_code, answer.content) == (204, b""), query


def test_what_is_new_comes_with_its_number(per: Officer, sara: Officer, register: Register) -> None:
    """On each tab. What is not new but different comes without words."""
    gone = put(register)
    known = marks(per.get(f"{QUEUE}?flik=mina"))
    put(register)
    new = put(register)
    answer = asked(per, known)
    assert re.fullmatch(r"2 nya ärenden kl\. \d\d:\d\d\.", marks(answer)["said"])
    assert marks(answer)["counts"] == "3 0 0"
    assert "<html" not in answer.content.decode()
    known = marks(per.get(f"{QUEUE}?flik=nya"))
    states.take(gone.pk, user_of(sara))
    answer = asked(per, known)
    assert marks(answer)["said"] == ""
    assert gone.number not in text_of(answer)
    assert new.number in text_of(answer)
    assert asked(per, marks(answer)).status_code == 204
    ticket_of(a_mail("Hur går det?", subject=f"SV: Ärende {new.number} har kommit in"))
    assert "nytt mejl" in text_of(asked(per, marks(answer)))


@pytest.mark.postgresql
def test_it_reads_no_closed_ticket(per: Officer, register: Register) -> None:
    """Each page asks twice a minute, and closed tickets are many."""
    put(register)
    known = marks(per.get(QUEUE))
    with CaptureQueriesContext(connection) as captured:
        assert asked(per, known).status_code == 204
    [counting] = [query["sql"] for query in captured if "FILTER" in query["sql"]]
    plan = plan_of(counting)
    assert "Seq Scan" not in plan
    assert "Index Cond: ((state)::text = ANY" in plan


def test_filter_search_and_page_stay(per: Officer, register: Register) -> None:
    known = marks(search(per, "Anna", "?flik=nya&typ=phone"))
    put(register, kind=Ticket.Kind.OTHER)
    put(register, employee_name="Karl Lind", employee_username="lovkalin01")
    assert asked(per, known).status_code == 204
    put(register)
    assert marks(asked(per, known))["counts"] == "1 0 0"


def test_what_is_no_mark_and_no_number_is_passed_over(per: Officer, register: Register) -> None:
    put(register)
    for query in ("", "?marke=x&nyast=x", "?nyast=99999999999999999999", "?nyast=-1"):
        assert per.get(f"{NEWS}{query}").status_code == 200


def test_s1_a_page_that_asks_by_itself_keeps_no_session_alive(per: Officer, register: Register) -> None:
    """Nor does it look like somebody who is there; it leaves no event."""
    assert reverse("helpdesk-news") in sessions.UNATTENDED
    put(register)
    known = marks(per.get(QUEUE))
    time_passes(minutes=10)
    ends = Session.objects.values_list("expire_date", "session_data").get()
    seen, events = StaffSession.objects.get().seen_at, AuditEvent.objects.count()
    put(register)
    assert asked(per, known).status_code == 200
    assert (Session.objects.values_list("expire_date", "session_data").get(), StaffSession.objects.get().seen_at) == (
        ends,
        seen,
    )
    assert AuditEvent.objects.count() == events
    time_passes(minutes=6)
    assert asked(per, known)["Location"].startswith("/logga-in/"), "16 minutes without a click"


def test_s1_a_click_does(per: Officer, register: Register) -> None:
    per.get(QUEUE)
    time_passes(minutes=10)
    per.get(QUEUE)
    time_passes(minutes=6)
    assert per.get(QUEUE).status_code == 200
