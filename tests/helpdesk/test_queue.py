"""The agents' queue: what lies under which tab, what stands out, what a search finds, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, User
from helpdesk.agent.waiting import queue
from helpdesk.agent.waiting.queue_filter import QueueFilter, Tab
from helpdesk.models import Counter, Ticket, TimelineEntry
from helpdesk.tickets import decisions, states
from helpdesk.tickets.states import add_entry
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does
from tests.helpdesk.mailing import a_mail, ticket_of
from tests.helpdesk.people import an_orderer

QUEUE = "/helpdesk/"


def put(register: Register, **fields: object) -> Ticket:
    """A request as it lies in the table; a number for ``lovanber11`` unless told otherwise."""
    year = timezone.localdate().year
    counter, _made = Counter.objects.get_or_create(year=year)
    Counter.objects.update(last=counter.last + 1)
    given: dict[str, object] = {
        "number": f"{year}-{counter.last + 1:05d}",
        "kind": Ticket.Kind.PHONE,
        "source": Ticket.Source.PAGES,
        "company": register.ett,
        "company_name": register.ett.name,
        "orderer": register.carin,
        "orderer_name": register.carin.name,
        "employee_name": "Anna Berg",
        "employee_username": "lovanber11",
        "new_number": "+46701740690",
        **fields,
    }
    if company := given.get("company"):
        assert isinstance(company, Company)
        given["company_name"] = company.name
    return Ticket.objects.create(**given)


def plan_of(statement: str) -> str:
    """What PostgreSQL would do, with each index that can serve.

    Whether it takes one by itself depends on what it knows of the table: it looks at its own times, and web's role
    can't ask it to.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        lines = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan = on")
    return "\n".join(line for (line,) in lines)


def ago(**length: float) -> dict[str, object]:
    return {"created_at": timezone.now() - timedelta(**length)}


def user_of(officer: Officer) -> User:
    return User.objects.get(username=officer.person.username)


def listed(page: HttpResponse) -> list[str]:
    """The numbers of the requests on a page, in order."""
    return [ticket.number for ticket in page.context["page"]]  # type: ignore[attr-defined]


def search(per: Officer, text: str, query: str = "") -> HttpResponse:
    answer = per.post(f"{QUEUE}{query}", q=text)
    return per.get(answer["Location"])


def test_each_ticket_lies_under_its_tab(per: Officer, sara: Officer, register: Register) -> None:
    new, mine, hers = put(register), put(register), put(register)
    states.take(mine.pk, user_of(per))
    states.take(hers.pk, user_of(sara))
    closed = put(register)
    states.take(closed.pk, user_of(per))
    decisions.reject(closed.pk, user_of(per), "Fel företag.")
    assert listed(per.get(QUEUE)) == listed(per.get(f"{QUEUE}?flik=nya")) == [new.number]
    assert listed(per.get(f"{QUEUE}?flik=mina")) == [mine.number]
    waiting = per.get(f"{QUEUE}?flik=vantar")
    assert listed(waiting) == [mine.number, hers.number]
    assert "hdsarlun" in text_of(waiting)
    assert listed(per.get(f"{QUEUE}?flik=klara")) == [closed.number]
    _page, counts, _news = queue.look(QueueFilter(tab=Tab.WAITING), user_of(per))
    assert counts == {Tab.NEW: 1, Tab.MINE: 1, Tab.WAITING: 2, Tab.CLOSED: 1}
    assert "Nya 1 Mina 1 Pågår 2 Klara 1" in text_of(waiting)


def test_the_oldest_open_one_comes_first_and_the_newest_closed_one(per: Officer, register: Register) -> None:
    young, old = put(register, **ago(hours=1)), put(register, **ago(hours=2))
    assert listed(per.get(QUEUE)) == [old.number, young.number]
    now = timezone.now()
    for ticket, hours in ((young, 2), (old, 3)):
        Ticket.objects.filter(pk=ticket.pk).update(
            state=Ticket.State.DONE, decided_at=now - timedelta(hours=hours), decided_by=user_of(per)
        )
    assert listed(per.get(f"{QUEUE}?flik=klara")) == [young.number, old.number]


def test_a_column_sorts_either_way_and_keeps_tab_and_filter(per: Officer, register: Register) -> None:
    first = put(register, company=register.tva, orderer_name="Olle Holm", employee_username="lovmalsund")
    second, third = put(register, orderer_name="Anna Ek"), put(register, kind=Ticket.Kind.OTHER)
    for order, numbers in [
        ("nummer", [first, second, third]),
        ("-nummer", [third, second, first]),
        ("foretag", [second, third, first]),
        ("-bestallare", [first, third, second]),
        ("typ", [third, first, second]),
        ("-galler", [first, second, third]),
        ("vantetid", [third, second, first]),
        ("-vantetid", [first, second, third]),
        ("text", [first, second, third]),
        ("avgjordes", [first, second, third]),
    ]:
        assert listed(per.get(f"{QUEUE}?ordning={order}")) == [ticket.number for ticket in numbers], order
    page = per.get(f"{QUEUE}?flik=nya&typ=phone&ordning=foretag").content.decode()
    assert page.count("aria-sort=") == 1
    assert re.search(r'aria-sort="ascending"><a href="\S+flik=nya&amp;typ=phone&amp;ordning=-foretag"', page)
    assert f'href="{QUEUE}?flik=vantar&amp;typ=phone&amp;ordning=foretag"' in page
    assert '<input type="hidden" name="ordning" value="foretag">' in page


def test_closed_ones_are_sorted_by_what_has_an_index(per: Officer, register: Register) -> None:
    now = timezone.now()
    late, early = (put(register, state=Ticket.State.DONE, decided_at=now - timedelta(hours=hours)) for hours in (1, 2))
    for order, numbers in [("avgjordes", [early, late]), ("nummer", [late, early]), ("foretag", [late, early])]:
        assert listed(per.get(f"{QUEUE}?flik=klara&ordning={order}")) == [ticket.number for ticket in numbers]
    page = per.get(f"{QUEUE}?flik=klara").content.decode()
    assert 'data-column="avgjordes" aria-sort="descending"' in page
    assert "ordning=foretag" not in page


def test_the_title_counts_the_new_ones(per: Officer, register: Register) -> None:
    assert "<title>Ärenden" in per.get(QUEUE).content.decode()
    put(register)
    put(register, kind=Ticket.Kind.OTHER)
    assert "<title>(2) Ärenden" in per.get(f"{QUEUE}?flik=mina").content.decode()
    assert "<title>(1) Ärenden" in per.get(f"{QUEUE}?typ=other").content.decode()


def test_the_age_is_in_words() -> None:
    now = timezone.now()
    for length, words in [
        ({"seconds": 30}, "under 2 min"),
        ({"minutes": 2}, "2 min"),
        ({"minutes": 35}, "35 min"),
        ({"hours": 1}, "1 tim"),
        ({"hours": 3, "minutes": 59}, "3 tim"),
        ({"hours": 24}, "1 dag"),
        ({"hours": 25}, "1 dag"),
        ({"days": 2}, "2 dagar"),
    ]:
        assert queue.age(now - timedelta(**length), now) == words


def test_what_is_old_says_so(per: Officer, register: Register) -> None:
    put(register, **ago(hours=3))
    assert "över 4 tim" not in text_of(per.get(QUEUE))
    put(register, **ago(hours=5))
    page = text_of(per.get(QUEUE))
    assert "5 tim över 4 tim" in page
    assert "över 24 tim" not in page
    put(register, **ago(hours=25))
    assert "1 dag över 24 tim" in text_of(per.get(QUEUE))


def test_old_is_from_four_hours_on_and_very_old_from_a_day_on(per: Officer, register: Register) -> None:
    put(register, **ago(hours=3, minutes=59))
    assert "över 4 tim" not in text_of(per.get(QUEUE))
    put(register, **ago(hours=4, minutes=1))
    assert "4 tim över 4 tim" in text_of(per.get(QUEUE))
    put(register, **ago(hours=23, minutes=59))
    page = text_of(per.get(QUEUE))
    assert "23 tim över 4 tim" in page
    assert "över 24 tim" not in page


def test_what_is_closed_is_not_old(per: Officer, register: Register) -> None:
    closed = put(register, **ago(days=9), state=Ticket.State.WITHDRAWN, decided_at=timezone.now())
    assert queue.how_old(closed, timezone.now()) == ""
    assert "över 4 tim" not in text_of(per.get(f"{QUEUE}?flik=klara"))


def test_type_and_company_narrow_it_and_the_counts(per: Officer, register: Register) -> None:
    phone = put(register)
    recipients = put(
        register,
        kind=Ticket.Kind.RECIPIENTS,
        company=register.tva,
        recipient1="ny@omsorg-tva.example",
        employee_name="",
    )
    assert listed(per.get(f"{QUEUE}?typ=phone")) == [phone.number]
    of_tva = per.get(f"{QUEUE}?foretag={register.tva.pk}")
    assert listed(of_tva) == [recipients.number]
    assert "Mottagare" in text_of(of_tva).split(recipients.number)[1]
    assert 'title="Ändring av e-postmottagare' in of_tva.content.decode()
    assert "Nya 1" in text_of(of_tva)
    assert listed(per.get(f"{QUEUE}?typ=phone&foretag={register.tva.pk}")) == []
    assert "stämmer med det du har valt" in text_of(per.get(f"{QUEUE}?typ=phone&foretag={register.tva.pk}"))


def test_what_the_address_can_not_mean_is_passed_over(per: Officer, register: Register) -> None:
    one = put(register)
    for query in ["flik=x", "typ=x", "foretag=x", "foretag=99999999999999999999", "sida=-1", "sida=²"]:
        assert listed(per.get(f"{QUEUE}?{query}")) == [one.number]
    put(register)
    with mock.patch.object(queue, "PAGE", 1):
        for query in ["sida=0", "sida=-1", "sida=9999999"]:
            assert listed(per.get(f"{QUEUE}?{query}")) == [one.number], "the first page"


def test_a_search_finds_company_orderer_and_staff(per: Officer, register: Register) -> None:
    one = put(register)
    put(
        register,
        company=register.tva,
        orderer_name="Olle Holm",
        employee_name="Maria Sund",
        employee_username="lovmalsund",
    )
    for text in ["hemtjänst ett", "Carin", "anna berg", "LOVANBER11", "anna carin"]:
        assert listed(search(per, text)) == [one.number]


def test_a_search_stands_in_no_address_and_in_clear_in_no_session(per: Officer, register: Register) -> None:
    put(register)
    answer = per.post(f"{QUEUE}?flik=vantar&typ=phone&q=hej", q="Anna Berg")
    assert answer["Location"] == f"{QUEUE}?flik=vantar&typ=phone"
    assert "Anna" not in str(dict(per.client.session.items()))
    assert "Du söker på Anna Berg" in text_of(per.get(answer["Location"]))


def test_a_search_is_kept_between_the_tabs_until_it_is_cleared(per: Officer, register: Register) -> None:
    put(register)
    assert listed(search(per, "Nobel")) == []
    assert listed(per.get(f"{QUEUE}?flik=nya")) == []
    per.post(QUEUE, rensa="1")
    assert len(listed(per.get(QUEUE))) == 1


def test_a_number_typed_goes_straight_to_its_ticket(per: Officer, register: Register) -> None:
    one = put(register)
    year, number = one.number.split("-")
    for dash in ["-", "–", " - "]:
        assert per.post(QUEUE, q=f" {year}{dash}{number} ")["Location"] == f"/helpdesk/arenden/{one.number}/"
        assert per.post(QUEUE, q=f"{year}{dash}99999")["Location"] == f"{QUEUE}?flik=nya"


def test_signs_of_the_database_are_only_signs(per: Officer, register: Register) -> None:
    put(register)
    for text in ["%", "_", "'; drop table", "\\", "*", ")("]:
        assert listed(search(per, text)) == []


def test_what_can_not_be_searched_for_is_said(per: Officer, register: Register) -> None:
    assert "Det är för långt att söka på" in text_of(per.post(QUEUE, q="a" * 101))
    assert "Skriv med bokstäver och siffror" in text_of(per.post(QUEUE, q="a\0b"))


def test_a_row_takes_its_ticket(per: Officer, register: Register) -> None:
    one = put(register)
    assert f'action="/helpdesk/arenden/{one.number}/ta/"' in per.get(QUEUE).content.decode()
    assert per.post(f"/helpdesk/arenden/{one.number}/ta/")["Location"].startswith(f"/helpdesk/arenden/{one.number}/")
    assert listed(per.get(f"{QUEUE}?flik=mina")) == [one.number]


def test_an_empty_tab_says_so_calmly(per: Officer, register: Register) -> None:
    for tab, words in [
        ("nya", "Inga nya ärenden."),
        ("mina", "Du har inget ärende just nu."),
        ("vantar", "Inget ärende pågår just nu."),
        ("klara", "Inget ärende är avgjort än."),
    ]:
        assert words in text_of(per.get(f"{QUEUE}?flik={tab}"))


def test_other_tabs_are_pointed_to_only_if_they_have_something(per: Officer, register: Register) -> None:
    put(register)
    assert "Inget ärende stämmer med det du söker. Rensa sökningen" in text_of(search(per, "Nobel"))
    assert "Titta under de andra flikarna" not in text_of(per.get(f"{QUEUE}?flik=mina"))
    search(per, "Anna Berg")
    assert "Titta under de andra flikarna" in text_of(per.get(f"{QUEUE}?flik=mina"))
    per.post(QUEUE, rensa="1")
    assert "Inget ärende stämmer med det du har valt." in text_of(per.get(f"{QUEUE}?typ=other"))


def test_no_number_and_no_text_is_shown(per: Officer, register: Register) -> None:
    put(register, text="Hemlig rad")
    page = text_of(per.get(QUEUE))
    assert "Hemlig" not in page
    assert "740690" not in page.replace(" ", "")


def test_many_tickets_come_in_pages_and_in_few_queries(per: Officer, register: Register) -> None:
    agent = user_of(per)
    made = [
        Ticket(
            number=f"2020-{number:05d}",
            kind=Ticket.Kind.PHONE,
            source=Ticket.Source.PAGES,
            state=Ticket.State.VERIFYING,
            agent=agent,
            company=register.ett,
            company_name=register.ett.name,
            created_at=timezone.now() - timedelta(minutes=200 - number),
        )
        for number in range(1, 121)
    ]
    Ticket.objects.bulk_create(made)
    per.get(QUEUE)
    with CaptureQueriesContext(connection) as captured:
        first = per.get(f"{QUEUE}?flik=mina")
    assert len(captured) <= 11
    assert listed(first) == [ticket.number for ticket in made[:50]]
    assert "Sida 1 av 3" in text_of(first)
    assert listed(per.get(f"{QUEUE}?flik=mina&sida=3")) == [ticket.number for ticket in made[100:]]
    assert listed(per.get(f"{QUEUE}?flik=mina&sida=9")) == [ticket.number for ticket in made[100:]]


def test_each_row_says_the_worst_that_speaks_against_its_ticket(per: Officer, register: Register) -> None:
    calm = put(register, kind=Ticket.Kind.OTHER, source=Ticket.Source.PORTAL, text="Hej")
    blocked = put(register, employee_username="finnsej")
    own = put(register, new_number=register.carin.mobile, account="")
    read = ticket_of(a_mail("Kan ni hjälpa Anna?"))
    rows = {row["ticket"].number: row["flag"] for row in per.get(QUEUE).context["rows"]}  # type: ignore[attr-defined]
    assert rows[calm.number] is None
    assert rows[read.number] == ("look", "Mejlet säger inte allt som behövs.")
    assert rows[blocked.number][0] == "stop"
    assert rows[blocked.number][1].startswith("Ingen i katalogen har användarnamnet finnsej.")
    assert rows[own.number] == ("stop", "Det nya numret är beställarens egen mobil.")


def test_a_page_costs_as_many_statements_for_thirty_rows_as_for_three(per: Officer, register: Register) -> None:
    """With all that makes flags: accounts, orderers, mails, wrong codes, addresses."""
    costs = []
    for rows in (1, 10):
        for _row in range(rows):
            number = Ticket.objects.count()
            other = an_orderer(f"Ny {number}", f"ny{number}@hemtjanst-ett.example", "+46701740660", register.ett)
            put(register, new_number=f"+467017406{number:02d}", orderer=other)
            put(register, kind=Ticket.Kind.RECIPIENTS, recipient1=f"ny{number}@example.net", employee_username="")
            ticket = ticket_of(a_mail(message_id=f"<{number}@example.net>"))
            for _time in range(2):
                add_entry(ticket, TimelineEntry.What.CODE_WRONG, user_of(per))
        per.get(QUEUE)
        with CaptureQueriesContext(connection) as captured:
            assert len(listed(per.get(QUEUE))) == Ticket.objects.count()
        costs.append(len(captured))
    assert costs[0] == costs[1]
    assert costs[0] <= 24


def test_looking_costs_three_queries(per: Officer, register: Register) -> None:
    agent = user_of(per)
    put(register, agent=agent, state=Ticket.State.VERIFYING)
    with CaptureQueriesContext(connection) as captured:
        page, _counts, _news = queue.look(QueueFilter(tab=Tab.MINE, text="anna"), agent)
        assert next(iter(page)).agent == agent
    assert len(captured) == 3


@pytest.mark.postgresql
def test_of_closed_tickets_and_their_timelines_none_is_read_but_those_of_the_page(
    per: Officer, register: Register
) -> None:
    """So the queue costs the same when a year's tickets are closed."""
    agent = user_of(per)
    for _ in range(3):
        put(register, state=Ticket.State.DONE, decided_at=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        queue.look(QueueFilter(tab=Tab.CLOSED), agent)
    plans = [plan_of(query["sql"]) for query in captured]
    assert not [plan for plan in plans if "Seq Scan on helpdesk" in plan], plans
    assert "hashed SubPlan" not in "".join(plans)


def test_the_queue_is_for_agents(register: Register, carin: Client) -> None:
    for client in (Client(), carin):
        assert client.get(QUEUE)["Location"].startswith("/logga-in/")
        assert client.post(QUEUE, {"q": "Anna"})["Location"].startswith("/logga-in/")


def test_a_mail_that_joined_is_marked_until_an_agent_has_done_something(per: Officer, register: Register) -> None:
    one = ticket_of(a_mail())
    assert "nytt mejl" not in text_of(per.get("/helpdesk/"))
    ticket_of(a_mail("Hur går det?", subject=f"SV: Ärende {one.number} har kommit in"))
    assert "nytt mejl" in text_of(per.get("/helpdesk/"))
    does(per, one, "ta/")
    assert "nytt mejl" not in text_of(per.get("/helpdesk/?flik=mina"))
    ticket_of(a_mail("Svara då!", subject=f"SV: Ärende {one.number} har kommit in"))
    assert "nytt mejl" in text_of(per.get("/helpdesk/?flik=mina"))


def test_a_mail_marks_its_own_ticket_alone(per: Officer, register: Register) -> None:
    """And only what an agent does with that ticket takes the mark away."""
    one, other = ticket_of(a_mail()), put(register)
    ticket_of(a_mail("Hur går det?", subject=f"SV: Ärende {one.number} har kommit in"))
    does(per, other, "ta/")
    assert [bool(ticket.news) for ticket in per.get(QUEUE).context["page"]] == [True]  # type: ignore[attr-defined]
    assert [bool(ticket.news) for ticket in per.get(f"{QUEUE}?flik=mina").context["page"]] == [False]  # type: ignore[attr-defined]


def test_of_what_is_about_no_account_the_queue_says_who_asks(per: Officer, register: Register) -> None:
    ticket_of(a_mail("Hej", subject="Fråga", sender="Karin Lund <karin@example.net>"))
    assert "Karin Lund" in text_of(per.get("/helpdesk/"))
