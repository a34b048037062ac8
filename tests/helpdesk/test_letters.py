"""Mails to an orderer about tickets in their name, and about the outcome."""

import pytest
from django.conf import settings
from django.utils import translation

from accounts.companies import orderers
from deploy.local.cast import ANNA, CARIN
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, letters
from helpdesk.tickets.creating import TicketDetails, create_ticket
from notifications.models import Message
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    mails,
    taken,
)
from tests.helpdesk.conftest import Register

pytestmark = pytest.mark.django_db

Purpose, Source, State = Message.Topic, Ticket.Source, Ticket.State

WRONG_PERSON = "Om det inte var du försöker någon utge sig för att vara du."


def told(purpose: Message.Topic = Purpose.TICKET_OPENED) -> str:
    """The text of the one letter, which went to Carin."""
    [(to, text)] = mails(purpose)
    assert to == CARIN.mail
    return text


def test_what_was_asked_on_a_call_is_told_whoever_it_was_asked_for(register: Register) -> None:
    """Whoever called may not be who they said: the orderer hears of it at the address on file."""
    ticket = ask_for_number(register, source=CALL, agent=an_agent())
    text = told()
    assert "Någon har ringt kommunens helpdesk i ditt namn." in text
    assert f"ett nytt mobilnummer för kontot {ANNA.username} på Hemtjänst Ett AB" in text
    assert ticket.number in text
    assert WRONG_PERSON in text
    assert settings.HELPDESK_EMAIL in text
    assert NEW_NUMBER[-4:] not in text
    assert NEW_NUMBER[-2:] not in text.replace(ticket.number, "")


def test_what_came_from_the_pages_gets_a_receipt(register: Register) -> None:
    ticket = ask_for_number(register)
    text = told()
    assert "Vi har tagit emot ditt ärende till kommunens helpdesk" in text
    assert ticket.number in text
    assert f"{settings.PORTAL_URL}/bestallare/arenden/" in text
    row = Message.objects.get(purpose=Purpose.TICKET_OPENED)
    assert (row.subject, row.company) == (f"Ärende {ticket.number} har kommit in", register.ett)


def test_of_what_the_portal_opens_nobody_is_told(register: Register) -> None:
    create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="…", company=register.ett, orderer=register.carin), source=Source.PORTAL
    )
    create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="…", orderer_name="Någon"), source=Source.CALL, agent=an_agent()
    )
    assert not Message.objects.exists()


def test_who_is_no_orderer_there_learns_nothing_of_its_staff(register: Register) -> None:
    ask_for_number(register, orderer=register.olle, source=CALL, agent=an_agent())
    register.carin.active = False
    orderers.store(register.carin, [register.ett], actor=None)
    ticket = ask_for_number(register, source=CALL, agent=an_agent())
    decisions.reject(ticket.pk, an_agent(), "Hon är inte beställare längre.")
    assert not Message.objects.exists()


def test_a_rejection_comes_with_the_reason(register: Register) -> None:
    ticket, per = ask_for_number(register), an_agent()
    taken(ticket, per)
    decisions.reject(ticket.pk, per, "Vi når dig inte på numret i registret.\nRing oss.")
    text = told(Purpose.TICKET_DECIDED)
    assert f"Kommunens helpdesk har avslagit ärende {ticket.number}." in text
    assert "Skälet: Vi når dig inte på numret i registret. Ring oss." in text
    assert per.username not in text


def test_what_people_wrote_does_nothing_in_a_mail(register: Register) -> None:
    """M4: whoever calls says names, and mail programs make links of what looks like one."""
    name = "https://angripare.example/\r\nBcc: alla@kommunen.example"
    ticket = ask_for_number(register, employee_username=name, source=CALL, agent=an_agent())
    reason = f"Se www.angripare.example eller {'mycket ' * 40}<b>info@angripare.example</b>"
    decisions.reject(ticket.pk, an_agent(), reason)
    for row in Message.objects.all():
        assert "https://angripare" not in row.text + row.html
        assert "www.angripare" not in row.text + row.html
        assert "info@" not in row.text + row.html
        assert "<b>" not in row.html
        assert "\nBcc:" not in row.text
    assert "&lt;b&gt;" in Message.objects.get(purpose=Purpose.TICKET_DECIDED).html
    assert told(Purpose.TICKET_DECIDED).count("mycket") == 40, "nothing is cut"


def test_what_was_carried_out_is_told_as_such(register: Register) -> None:
    for number, ticket in enumerate((ask_for_number(register), ask_for_recipients(register, "ny@example.se"))):
        ticket.state = State.DONE
        letters.send_decision(ticket)
        to, text = mails(Purpose.TICKET_DECIDED)[number]
        assert (to, f"har godkänt ärende {ticket.number}" in text) == (CARIN.mail, True)
    numbers, recipients = (text for _, text in mails(Purpose.TICKET_DECIDED))
    assert "Numret är kopplat till kontot." in numbers
    assert "Ändringen gäller från och med nu." in recipients


def test_letters_are_in_swedish_whatever_the_page_was(register: Register) -> None:
    with translation.override("en"):
        ticket = ask_for_number(register, source=CALL, agent=an_agent())
        decisions.reject(ticket.pk, an_agent(), "No.")
    assert Message.objects.filter(html__isnull=False).count() == 2
    for row in Message.objects.all():
        assert '<html lang="sv">' in row.html
        assert "Hej!" in row.text
        assert "Med vänliga hälsningar" in row.text
