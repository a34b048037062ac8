"""What the tests of the recipients share: addresses, an approved change, a press of the button."""

from __future__ import annotations

import re

from django.test import Client

from accounts import companies
from accounts.models import Company
from helpdesk.models import Ticket
from helpdesk.tickets import decisions
from tests.accounts.helpers import text_of
from tests.helpdesk.asked import an_agent, ask_for_recipients, link_to, taken
from tests.helpdesk.conftest import Register

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
