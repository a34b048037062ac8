"""/helpdesk/arenden/<number>/: what an agent reads there, who has it, what it costs to open."""

from __future__ import annotations

from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.directory import DirectoryUnavailable, connect_staff
from accounts.models import User
from deploy.local.cast import MARIA, STEFAN
from helpdesk.models import Ticket, TimelineEntry
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer, says
from tests.helpdesk.asked import CALL, a_colleague_called_back, ask_for_number, in_the_directory, state_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import BUTTON, MOBILE, SHOWN, does, in_order, path
from tests.helpdesk.people import an_orderer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]


@pytest.fixture
def one(register: Register) -> Ticket:
    return in_order(register)


def test_the_page_shows_what_is_asked_beside_what_is_known(per: Officer, one: Ticket) -> None:
    page = text_of(per.get(path(one)))
    for words in (
        f"Koppla nytt mobil nr {one.number}",
        "Det här begärs Behörig beställare Carin Ek",
        f"Nytt mobilnummer {SHOWN}",
        "Carin Ek är behörig för Hemtjänst Ett AB sedan",
        f"Mobil i registret {MOBILE}",
        "Inga varningar. Du avgör om uppgifterna stämmer.",
        "Nästa steg: ta ärendet",
        "Ärendet kom in",
    ):
        assert words in page
    assert "070-174 06 11" not in page, "that there is a number is told, never which"
    assert BUTTON not in page


def test_flags_and_obstacles_follow_what_is_asked(per: Officer, one: Ticket, register: Register) -> None:
    odd = ask_for_number(register, employee_name="Maria Lund", employee_username=MARIA.username)
    does(per, odd, "ta/")
    page = text_of(per.get(path(odd)))
    assert (
        page.index("Det här begärs")
        < page.index("Går inte att godkänna. Kontot lovmalsund hör inte till Hemtjänst Ett AB")
        < page.index("I ärendet står ”Maria Lund”, men i katalogen heter lovmalsund Maria Sund.")
        < page.index("Nästa steg: avslå ärendet")
        < page.index("Det här vet vi")
        < page.index("Det har hänt")
    )
    assert "Skicka en kod" not in page


def test_unknown_numbers_are_not_found(per: Officer, one: Ticket) -> None:
    for number in ("2026-99999", "2026-1", "x", "２０２６-00001", "2026-00001%00"):
        assert per.get(f"/helpdesk/arenden/{number}/").status_code == 404
        assert per.post(f"/helpdesk/arenden/{number}/godkann/").status_code == 404


def test_one_takes_it_and_another_sees_who(per: Officer, sara: Officer, one: Ticket) -> None:
    assert says(does(per, one, "ta/"), "Du har ärendet nu.")
    page = sara.get(path(one))
    assert says(page, "hdpernil har ärendet")
    assert says(page, "Ta över det bara om du och hdpernil är överens.")
    refused = does(sara, one, "lamna/")
    assert says(refused, "hdpernil har ärende")
    assert "autofocus" in refused.content.decode()
    assert says(does(sara, one, "ta/"), "Nästa steg: kontrollera beställaren")
    assert says(per.get(path(one)), "hdsarlun har ärendet")


def test_what_is_given_back_is_anybody_s(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    assert says(does(per, one, "lamna/"), "Nästa steg: ta ärendet")
    assert state_of(one) == Ticket.State.NEW


def test_what_was_typed_too_late_is_not_lost(per: Officer, sara: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    does(sara, one, "ta/")
    late = per.post(path(one, "avsla/"), why="Hon kunde inte svara på något.")
    assert late.status_code == 200
    assert says(late, "hdsarlun har ärende")
    assert ">\nHon kunde inte svara på något.</textarea>" in late.content.decode(), "it can be left as a note"
    assert says(does(per, one, "notera/", text="Hon kunde inte svara på något."), "Anteckningen är sparad.")


def test_a_note_goes_on_the_timeline_as_text(per: Officer, one: Ticket) -> None:
    page = does(per, one, "notera/", text="<b>Ringer igen</b>\ni morgon")
    assert "&lt;b&gt;Ringer igen&lt;/b&gt;" in page.content.decode()
    assert says(per.post(path(one, "notera/"), text=""), "Skriv vad du vill anteckna.")
    assert TimelineEntry.objects.filter(ticket=one, what=TimelineEntry.What.NOTED).count() == 1


def test_without_the_directory_the_page_opens_and_nothing_is_approved(per: Officer, one: Ticket) -> None:
    """The agent's own role is asked for elsewhere, and stands."""
    a_colleague_called_back(one, in_the_directory(per.person))
    staff = mock.patch("accounts.staff.roles.connect_staff", return_value=connect_staff())
    with staff, mock.patch("accounts.directory.connect", side_effect=DirectoryUnavailable()):
        page = per.get(path(one))
        assert page.status_code == 200
        assert says(page, "Katalogen svarar inte.")
        assert BUTTON not in text_of(page)
        assert per.post(path(one, "godkann/")).status_code == 503
    assert state_of(one) == Ticket.State.VERIFYING
    assert says(per.get(path(one)), BUTTON)


@pytest.mark.slow
def test_the_page_costs_as_much_in_a_long_queue(per: Officer, one: Ticket, register: Register) -> None:
    """10,000 requests, 2,000 of them the company's; 2,000 people with numbers; all facts and flags there are."""
    a_colleague_called_back(one, in_the_directory(per.person))
    account = one.account
    Ticket.objects.bulk_create(
        Ticket(
            number=f"2025-{number:05d}",
            kind=Ticket.Kind.PHONE,
            source=CALL,
            company=register.ett if number % 5 == 0 else register.tva,
            orderer=register.carin if number % 5 == 0 else register.olle,
            account=account if number % 100 == 0 else "",
            employee_username=STEFAN.username,
        )
        for number in range(10_000)
    )
    User.objects.bulk_create(User(directory_id=f"many-{number}", username=f"many{number}") for number in range(2_000))
    for number in range(5):
        an_orderer(f"Någon {number}", f"n{number}@hemtjanst-ett.example", f"+4670174066{number}", register.ett)
    per.post(path(one, "notera/"), text="Väntar på svar.")  # what the page says of it costs a query, too
    with CaptureQueriesContext(connection) as queries:
        page = per.get(path(one))
    assert says(page, "Anteckningen är sparad.")
    assert says(page, BUTTON)
    asked = [each["sql"][:200] for each in queries if "SAVEPOINT" not in each["sql"]]
    assert len(asked) <= 15, "\n".join(asked)
