"""An agent verifies the orderer and decides, with the buttons on the ticket's page."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.companies import set_recipients
from accounts.models import Company, Orderer, Phone
from deploy.local.cast import ANNA, CARIN
from helpdesk.models import Ticket, TimelineEntry, Verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import add_entry
from tests.accounts.helpers import OTHER_NUMBER, text_of, wrong_for
from tests.accounts.linking import link
from tests.accounts.staff import Officer, says
from tests.conftest import Inbox
from tests.helpdesk.asked import NEW_NUMBER, a_colleague_called_back, ask_for_recipients, in_the_directory, state_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import BUTTON, MOBILE, does, in_order, path, shown

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]


@pytest.fixture
def one(register: Register) -> Ticket:
    return in_order(register)


@pytest.mark.django_db(transaction=True)
def test_a_code_is_read_back_and_the_number_is_linked(per: Officer, one: Ticket, sms: Inbox) -> None:
    does(per, one, "ta/")
    assert says(
        does(per, one, "kod/", number=NEW_NUMBER, phone=NEW_NUMBER), "En kod är på väg till beställarens mobil."
    )
    assert [to for to, _text in sms.messages()] == ["+46701740650"], (
        "whatever the form says, it goes to the one on file"
    )
    code = sms.code()
    wrong = per.post(path(one, "kod/prova/"), code=wrong_for(code))
    assert wrong.status_code == 200
    assert says(wrong, "Koden stämmer inte, eller har gått ut.")
    assert "autofocus" in wrong.content.decode()
    assert '<a href="#id_code">Koden stämmer inte' in wrong.content.decode(), "the box at the top leads to the field"
    assert 'aria-invalid="true"' in wrong.content.decode()
    assert wrong_for(code) not in wrong.content.decode(), "no page shows a code"
    page = does(per, one, "kod/prova/", code=code)
    assert says(page, "Rätt kod: det är beställaren som ringer.")
    assert code not in page.content.decode()
    assert says(page, BUTTON)
    assert says(page, "Koder dit fungerar först efter 15 minuter.")
    assert says(page, "det gamla numret, kontots e-postadress och beställaren, som kan stoppa det under de 15 minuter")
    done = does(per, one, "godkann/")
    assert says(done, "är godkänt och utfört.")
    assert says(done, "av hdpernil,")
    assert BUTTON not in text_of(done)
    phone = Phone.objects.get(user__username=ANNA.username)
    assert (phone.number, phone.on_hold) == (NEW_NUMBER, True)


def test_a_call_back_is_recorded_with_whom_they_spoke(per: Officer, one: Ticket) -> None:
    page = does(per, one, "ta/")
    assert says(page, f"Använd bara Carin Eks mobil i registret: {MOBILE}")
    assert says(page, "Aldrig ett nummer ur ärendet, eller ett som sägs i samtalet.")
    empty = per.post(path(one, "ring/"), why="  ")
    assert empty.status_code == 200
    assert says(empty, "Skriv vem du talade med när du ringde upp.")
    page = does(per, one, "ring/", why="Carin Ek svarade.")
    assert says(page, "Uppringningen är antecknad. Beställaren är kontrollerad.")
    assert says(page, "Ja: uppringning av numret i registret (hdpernil")


def test_a_call_to_a_number_that_is_no_longer_on_file_counts_for_nothing(per: Officer, one: Ticket) -> None:
    """H1: the page told of the old one, and that was called. Nor does it count once the words are mended."""
    does(per, one, "ta/")
    before = shown(per, one)
    carin = Orderer.objects.get(name="Carin Ek")
    carin.mobile = "+46701740659"
    carin.save()
    empty = per.post(path(one, "ring/"), why=" ", shown=before)
    assert f'name="shown" value="{before}"' in empty.content.decode()
    for stale in (before, ""):
        page = per.post(path(one, "ring/"), why="Carin Ek svarade.", shown=stale)
        assert says(page, "Beställarens mobil i registret har ändrats sedan du öppnade sidan. Samtalet räknas inte.")
        assert "Carin Ek svarade." in page.content.decode(), "nothing that was typed is lost"
        assert not Verification.objects.exists()
    assert before != shown(per, one)
    assert "0659" not in shown(per, one)
    assert says(does(per, one, "ring/", why="Carin Ek svarade."), "Uppringningen är antecknad.")


def test_a_mobile_that_is_new_in_the_register_is_warned_of_where_the_code_is_sent(
    per: Officer, register: Register, one: Ticket
) -> None:
    page = does(per, one, "ta/")
    assert not says(page, "Numret ändrades nyligen.")
    register.carin.mobile = "+46701740659"
    register.carin.save()
    page = per.get(path(one))
    assert says(page, "Numret ändrades nyligen. Fråga först den administratör som ändrade det")
    assert '<button class="button button--second" type="submit">Skicka en kod' in page.content.decode()


def test_an_approval_names_the_old_number_if_it_is_told(per: Officer, register: Register, one: Ticket) -> None:
    """During a hold that is the number from before it: here there was none."""
    Phone.objects.all().delete()
    link(ANNA, OTHER_NUMBER)
    a_colleague_called_back(one, in_the_directory(per.person))
    page = per.get(path(one))
    assert says(page, "Meddelande går också till kontots e-postadress och beställaren, som kan stoppa det")


def test_nothing_is_approved_before_that(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    assert says(does(per, one, "godkann/"), "Kontrollera först att det är beställaren")
    assert state_of(one) == Ticket.State.VERIFYING
    assert Phone.objects.get(user__username=ANNA.username).number == ANNA.phone


def test_four_eyes_leave_it_to_a_colleague(per: Officer, sara: Officer, one: Ticket, settings: Settings) -> None:
    settings.HELPDESK_FOUR_EYES = "always"
    does(per, one, "ta/")
    page = does(per, one, "ring/", why="Carin Ek svarade.")
    assert says(page, "Nästa steg: en annan handläggare godkänner")
    assert BUTTON not in text_of(page)
    assert says(does(per, one, "godkann/"), "Du har själv kontrollerat beställaren.")
    does(per, one, "lamna/")
    assert says(does(sara, one, "ta/"), BUTTON)
    assert says(does(sara, one, "godkann/"), "är godkänt och utfört.")


def test_a_link_that_was_stopped_is_told_on_the_closed_ticket(per: Officer, one: Ticket) -> None:
    a_colleague_called_back(one, in_the_directory(per.person))
    does(per, one, "godkann/")
    add_entry(one, TimelineEntry.What.STOPPED, None)
    assert says(per.get(path(one)), "Numret stoppades sedan av någon som fick veta det. Det nya numret gäller inte.")


def test_of_two_who_decide_the_second_is_told_who(per: Officer, sara: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    does(per, one, "ring/", why="Carin Ek svarade.")
    does(sara, one, "ta/")
    does(sara, one, "godkann/")
    assert says(does(per, one, "godkann/"), f"Ärende {one.number} är redan godkänt och utfört av hdsarlun")


def test_to_reject_takes_a_reason(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    empty = per.post(path(one, "avsla/"), why="")
    assert says(empty, "Skriv varför ärendet avslås.")
    assert "<title>Fel:" in empty.content.decode()
    assert state_of(one) == Ticket.State.VERIFYING
    done = does(per, one, "avsla/", why="Vi fick inte tag i dig.")
    assert says(done, "Ärendet är avgjort")
    assert says(done, "Vi fick inte tag i dig.")
    assert state_of(one) == Ticket.State.REJECTED


def test_what_stands_in_the_way_is_said_and_nothing_done(per: Officer, one: Ticket) -> None:
    a_colleague_called_back(one, in_the_directory(per.person))
    Company.objects.update(active=False)
    page = does(per, one, "godkann/")
    assert says(page, "Hemtjänst Ett AB är inte aktivt i registret.")
    assert says(page, "Gick inte att utföra"), "on the timeline"
    assert state_of(one) == Ticket.State.VERIFYING


def test_recipients_from_the_orderer_s_own_pages_need_no_code(per: Officer, register: Register) -> None:
    set_recipients(register.ett.pk, [CARIN.mail], actor=None)
    one = ask_for_recipients(register, CARIN.mail, "chef@hemtjanst-ett.example")
    page = does(per, one, "ta/")
    assert says(page, f"Ändra mottagare till {CARIN.mail} och chef@hemtjanst-ett.example")
    assert says(page, "chef@hemtjanst-ett.example får ett mejl, och gäller först när mottagaren har bekräftat")
    assert says(does(per, one, "godkann/"), "är godkänt och utfört.")


def test_anything_else_is_read_and_closed(per: Officer, register: Register) -> None:
    one = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Hej!\n<i>Ny chef</i>", orderer=register.carin, company=register.ett),
        source=Ticket.Source.CALL,
    )
    page = does(per, one, "ta/")
    assert "&lt;i&gt;Ny chef&lt;/i&gt;" in page.content.decode()
    assert says(page, "Avsluta som utfört")
    assert says(page, "Beställaren får ett mejl om att ärendet är klart.")
    assert says(does(per, one, "godkann/"), "är godkänt och utfört.")


def test_what_a_stranger_asks_is_rejected(per: Officer, db: None) -> None:
    """Nobody who reads it later is to believe that it was carried out."""
    one = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Koppla mitt nya nummer!", orderer_name="Lena Ask"),
        source=Ticket.Source.MAIL,
    )
    page = does(per, one, "ta/")
    assert says(page, "Gör inget av det som begärs. Avslå ärendet, och be en behörig beställare begära det.")
    assert says(page, "Nästa steg: avslå ärendet")
    assert not says(page, "Avsluta som utfört")
    does(per, one, "godkann/")
    assert state_of(one) == Ticket.State.VERIFYING
    assert says(does(per, one, "avsla/", why="Hon är ingen beställare."), "är avslaget.")
    assert state_of(one) == Ticket.State.REJECTED
