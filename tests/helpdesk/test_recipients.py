"""Whom the daily mail goes to: asked, approved, and then confirmed by each new one: security.md H6."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from accounts import companies
from accounts.models import AuditEvent, BouncedAddress, Company, Event, Orderer
from deploy.local.cast import CARIN, MARIA
from helpdesk.models import Confirmation, Ticket
from helpdesk.tickets import decisions, recipients
from notifications.models import Message
from tests.accounts.helpers import last, text_of, trail
from tests.helpdesk.asked import (
    all_becomes_older,
    an_agent,
    ask_for_recipients,
    link_to,
    mails,
    state_of,
    taken,
    timeline,
    token_of,
)
from tests.helpdesk.conftest import Register

pytestmark = pytest.mark.django_db

Purpose = Message.Topic
FIRST, SECOND = "forsta@hemtjanst-ett.example", "andra@hemtjanst-ett.example"
NEW, NEWER = "ny@hemtjanst-ett.example", "nyare@hemtjanst-ett.example"
PATH = "/bestallare/mottagare/bekrafta/"
GONE = "Länken gäller inte"


def counting(company: Company) -> list[str]:
    return list(Company.objects.get(pk=company.pk).recipients)


def have(company: Company, *addresses: str) -> None:
    """As an administrator puts them there."""
    companies.set_recipients(company.pk, addresses, actor=None)


def approved(register: Register, *addresses: str) -> Ticket:
    """Carin asked while signed in, and an agent approved."""
    ticket = ask_for_recipients(register, *addresses)
    taken(ticket, an_agent())
    return decisions.approve(ticket.pk, an_agent(), "192.0.2.7")


def press(address: str) -> str:
    """Opens the link of the newest letter to the address, and presses the button that is there, if one is."""
    client = Client()
    page = client.get(link_to(address))
    found = re.search(r'name="nyckel" value="([^"]+)"', page.content.decode())
    if not found:
        return text_of(page)  # type: ignore[arg-type]
    answer = client.post(PATH, {"nyckel": found[1]})
    return text_of(client.get(answer["Location"]) if answer.status_code == 302 else answer)  # type: ignore[arg-type]


def asked() -> list[str]:
    return [to for to, _ in mails(Purpose.CONFIRM_RECIPIENT)]


def told_to_leave() -> list[str]:
    return [to for to, _ in mails(Purpose.RECIPIENTS_CHANGED)]


def test_h6_a_new_recipient_counts_after_confirming(register: Register) -> None:
    have(register.ett, FIRST)
    ticket = approved(register, FIRST, NEW)
    assert state_of(ticket) == Ticket.State.DONE
    assert counting(register.ett) == [FIRST]
    assert asked() == [NEW], "who is one already need not"
    assert [each.address for each in recipients.waiting(register.ett)] == [NEW]
    assert "Din adress är bekräftad" in press(NEW)
    assert counting(register.ett) == [FIRST, NEW]
    assert recipients.waiting(register.ett) == []
    assert told_to_leave() == []
    assert timeline(ticket)[-1] == ("confirmed", "")
    event = last(Event.RECIPIENT_CONFIRMED)
    assert (event.company, event.result, event.address) == ("Hemtjänst Ett AB", ticket.number, "127.0.0.1")
    [(to, text)] = mails(Purpose.TICKET_DECIDED)
    assert to == CARIN.mail
    assert "En ny adress börjar gälla när den är bekräftad." in text


def test_the_letter_says_who_asked_and_for_what(register: Register) -> None:
    ticket = approved(register, NEW)
    [(_, text)] = mails(Purpose.CONFIRM_RECIPIENT)
    for words in (
        "Carin Ek",
        "Hemtjänst Ett AB",
        "lösenord som går ut",
        ticket.number,
        "företagets behöriga beställare",
    ):
        assert words in text
    assert f"{settings.PORTAL_URL}{PATH}?nyckel=" in text
    row = Message.objects.get(purpose=Purpose.CONFIRM_RECIPIENT)
    assert row.company == register.ett
    assert row.useful_until - row.created_at > timedelta(days=6)


def test_only_a_digest_of_the_link_is_kept(register: Register) -> None:
    approved(register, NEW)
    token = token_of(NEW)
    assert len(token) == 32, "24 bytes"
    row = Confirmation.objects.get()
    assert token not in str(vars(row))
    assert not any(token in str(vars(event)) for event in AuditEvent.objects.all())


def test_the_old_ones_count_until_the_first_new_one_has_confirmed(register: Register) -> None:
    have(register.ett, FIRST, SECOND)
    approved(register, NEW, NEWER)
    assert counting(register.ett) == [FIRST, SECOND], "somebody always gets the mail"
    assert sorted(told_to_leave()) == [SECOND, FIRST]
    press(NEWER)
    assert counting(register.ett) == [NEWER]
    press(NEW)
    assert counting(register.ett) == [NEWER, NEW]
    assert len(told_to_leave()) == 2, "once each"


def test_h6_those_who_leave_are_told_by_whom_and_what_to_do(register: Register) -> None:
    have(register.ett, FIRST)
    ticket = approved(register, NEW)
    [(to, text)] = mails(Purpose.RECIPIENTS_CHANGED)
    assert to == FIRST
    for words in ("Carin Ek", "Hemtjänst Ett AB", ticket.number, settings.HELPDESK_EMAIL):
        assert words in text
    assert "Du slutar få mejlen när en ny mottagare har bekräftat sin adress." in text
    assert NEW not in text


def test_with_no_new_one_it_counts_at_once(register: Register) -> None:
    have(register.ett, FIRST, SECOND)
    approved(register, SECOND.upper())
    assert counting(register.ett) == [SECOND]
    assert asked() == []
    assert told_to_leave() == [FIRST]
    assert "Du får inte mejlen längre." in mails(Purpose.RECIPIENTS_CHANGED)[0][1]
    assert last(Event.RECIPIENTS_CHANGED).actor == an_agent().directory_id
    assert "Ändringen gäller från och med nu." in mails(Purpose.TICKET_DECIDED)[0][1]


def test_case_makes_no_other_address(register: Register) -> None:
    have(register.ett, FIRST)
    approved(register, FIRST.title(), NEW.upper())
    assert asked() == [NEW.upper()]
    press(NEW.upper())
    assert counting(register.ett) == [FIRST, NEW.upper()]


def test_what_an_administrator_did_meanwhile_stands(register: Register) -> None:
    """It is the later word: the links that were out before it are worth nothing."""
    have(register.ett, FIRST)
    approved(register, FIRST, NEW)
    link = link_to(NEW)
    have(register.ett, SECOND)
    assert recipients.confirm(link.partition("nyckel=")[2], None) is None
    assert counting(register.ett) == [SECOND]
    assert recipients.waiting(register.ett) == []
    assert Confirmation.objects.get().ended_at
    have(register.ett, FIRST)  # as it was when the change was approved
    assert recipients.confirm(link.partition("nyckel=")[2], None) is None
    assert counting(register.ett) == [FIRST]


@pytest.mark.parametrize("gone", ["not active", "left", "deleted"])
def test_an_orderer_who_is_none_any_more_has_no_say(register: Register, gone: str) -> None:
    have(register.ett, FIRST)
    approved(register, NEW)
    token = token_of(NEW)
    if gone == "deleted":
        register.carin.delete()
    elif gone == "left":
        register.carin.companies.clear()
    else:
        Orderer.objects.filter(pk=register.carin.pk).update(active=False)
    assert recipients.confirm(token, None) is None
    assert counting(register.ett) == [FIRST]


def test_a_later_change_ends_the_earlier_one(register: Register) -> None:
    have(register.ett, FIRST)
    approved(register, NEW)
    old = link_to(NEW)
    all_becomes_older(minutes=1)
    approved(register, FIRST, NEWER)
    assert [each.address for each in recipients.waiting(register.ett)] == [NEWER]
    assert GONE in text_of(Client().get(old))  # type: ignore[arg-type]
    assert GONE in text_of(Client().post(PATH, {"nyckel": old.partition("nyckel=")[2]}))  # type: ignore[arg-type]
    assert counting(register.ett) == [FIRST]
    press(NEWER)
    assert counting(register.ett) == [FIRST, NEWER]


def test_a_change_of_another_company_ends_nothing(register: Register) -> None:
    approved(register, NEW)
    other = ask_for_recipients(register, MARIA.mail, company=register.tva, orderer=register.olle)
    taken(other, an_agent())
    decisions.approve(other.pk, an_agent())
    assert [each.address for each in recipients.waiting(register.ett)] == [NEW]
    assert [each.address for each in recipients.waiting(register.tva)] == [MARIA.mail]
    press(MARIA.mail)
    assert (counting(register.ett), counting(register.tva)) == ([], [MARIA.mail])


def test_nothing_counts_for_a_company_that_is_gone_or_not_active(register: Register) -> None:
    approved(register, NEW, NEWER)
    register.ett.active = False
    companies.store(register.ett, actor=None)
    assert GONE in press(NEW)
    assert recipients.confirm(token_of(NEW), None) is None
    companies.remove(register.ett, actor=None)
    assert GONE in press(NEWER)
    assert Event.RECIPIENT_CONFIRMED not in trail()


def test_whoever_confirms_is_no_bounced_address_any_more(register: Register) -> None:
    companies.note_bounce(NEW, "550 no such user")
    companies.note_bounce(NEWER, "550 no such user")
    approved(register, NEW.upper(), NEWER)
    press(NEW.upper())
    assert list(BouncedAddress.objects.values_list("address", flat=True)) == [NEWER]


# The page, for whoever has the link and for whoever has not.


def test_opening_the_link_confirms_nothing_and_shows_no_other_address(register: Register) -> None:
    """A program that looks at links opens them; and whoever gets a letter need not know who else does."""
    have(register.ett, FIRST)
    approved(register, FIRST, NEW)
    page = Client().get(link_to(NEW))
    assert counting(register.ett) == [FIRST]
    text = text_of(page)  # type: ignore[arg-type]
    assert all(words in text for words in ("Hemtjänst Ett AB", NEW, "Carin Ek", "Bekräfta min adress"))
    assert FIRST not in page.content.decode()
    assert page.headers["Cache-Control"] == "no-store, private"


def test_a_link_is_good_once(register: Register) -> None:
    have(register.ett, FIRST)
    approved(register, NEW)
    token = token_of(NEW)
    press(NEW)
    have(register.ett, FIRST)
    answer = Client().post(PATH, {"nyckel": token})
    assert "Har du redan bekräftat din adress?" in text_of(answer)  # type: ignore[arg-type]
    assert counting(register.ett) == [FIRST]
    assert trail(Event.RECIPIENT_CONFIRMED) == [Event.RECIPIENT_CONFIRMED]


def test_a_link_is_good_for_seven_days(register: Register) -> None:
    approved(register, NEW, NEWER)
    all_becomes_older(days=6, hours=23, minutes=59)
    press(NEW)
    all_becomes_older(minutes=2)
    assert GONE in press(NEWER)
    assert recipients.waiting(register.ett) == []
    assert counting(register.ett) == [NEW]


@pytest.mark.parametrize("query", ["", "?nyckel=", "?nyckel=fel", "?nyckel=%00", "?nyckel=" + "x" * 3000])
def test_any_other_link_says_what_to_do(db: None, query: str) -> None:
    page = Client().get(PATH + query)
    assert page.status_code == 200
    assert GONE in text_of(page)  # type: ignore[arg-type]
    assert "Be företagets behöriga beställare att anmäla din adress på nytt" in text_of(page)  # type: ignore[arg-type]


def test_the_form_has_a_limit_by_address(register: Register, settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 3
    answers = [Client().post(PATH, {"nyckel": "fel"}).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
