"""A rejected ticket is sent again from its form, filled in as it was (issue 13)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Orderer
from accounts.models.recipients import Recipients
from deploy.local.cast import ANNA
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, states
from helpdesk.tickets.creating import TicketDetails, create_ticket
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, text_of
from tests.helpdesk.asked import an_agent
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import an_orderer, as_orderer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

Kind = Ticket.Kind
WHY = "Numret har en siffra för lite."


def rejected(orderer: Orderer, kind: Ticket.Kind = Kind.PHONE) -> Ticket:
    details = TicketDetails(kind, company=orderer.companies.first(), orderer=orderer)
    if kind == Kind.PHONE:
        details = details._replace(employee_name=ANNA.name, employee_username=ANNA.username, new_number=NEW_NUMBER)
    else:
        details = details._replace(recipients=Recipients(["chef@hemtjanst-ett.example", orderer.email]))
    ticket, agent = create_ticket(details, source=Ticket.Source.PAGES), an_agent()
    states.take(ticket.pk, agent)
    decisions.reject(ticket.pk, agent, WHY)
    return ticket


def again(ticket: Ticket) -> str:
    return f"/bestallare/arenden/{ticket.number}/igen/"


def test_the_form_is_filled_in_and_says_why(register: Register, carin: Client) -> None:
    ticket = rejected(register.carin)
    assert again(ticket) in carin.get(f"/bestallare/arenden/{ticket.number}/").content.decode()
    page: Any = carin.get(again(ticket))
    assert page.context["form"].initial == {
        "username": ANNA.username,
        "name": ANNA.name,
        "phone": NEW_NUMBER_TYPED,
    }
    assert f"Därför avslogs {ticket.number} {WHY}" in text_of(page)
    assert Ticket.objects.count() == 1, "nothing is sent before she presses"
    fields = {**page.context["form"].initial, "company": str(register.ett.pk)}
    carin.post("/bestallare/mobilnummer/", {**fields, "phone": "070-174 06 43"})
    sent = Ticket.objects.exclude(pk=ticket.pk).get()
    assert (sent.state, sent.employee_username, sent.new_number) == ("new", ANNA.username, "+46701740643")


def test_the_recipients_are_filled_in_too(register: Register, carin: Client) -> None:
    ticket = rejected(register.carin, Kind.RECIPIENTS)
    page: Any = carin.get(again(ticket))
    assert page.context["form"].initial == ticket.recipients.columns
    assert WHY in text_of(page)


def test_e3_another_orderer_of_the_company_is_shown_no_number(register: Register) -> None:
    """By now the employee may have registered it."""
    dan = an_orderer("Dan Ek", "dan@hemtjanst-ett.example", "+46701740652", register.ett)
    page: Any = as_orderer(dan).get(again(rejected(register.carin)))
    assert "phone" not in page.context["form"].initial
    assert NEW_NUMBER_TYPED[-5:] not in page.content.decode()


def test_a_number_that_was_deleted_is_typed_anew(register: Register, carin: Client) -> None:
    ticket = rejected(register.carin)
    Ticket.objects.update(new_number="")
    assert carin.get(again(ticket)).context["form"].initial["phone"] == ""


def test_only_what_was_rejected_and_is_the_companys_own(register: Register, carin: Client, olle: Client) -> None:
    """H5; and for the rest there is no form, or it says why itself."""
    ticket = rejected(register.carin)
    assert olle.get(again(ticket)).status_code == 404
    assert carin.post(again(ticket)).status_code == 405
    for state in (Ticket.State.NEW, Ticket.State.VERIFYING, Ticket.State.DONE, Ticket.State.WITHDRAWN):
        Ticket.objects.update(state=state)
        assert carin.get(again(ticket)).status_code == 404
    Ticket.objects.update(state=Ticket.State.REJECTED, kind=Kind.OTHER)
    assert carin.get(again(ticket)).status_code == 404
    assert again(ticket) not in carin.get(f"/bestallare/arenden/{ticket.number}/").content.decode()
