"""An agent on a ticket's page: what it asks, and how to press its buttons."""

import re
from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone

from accounts.models import Orderer
from deploy.local.cast import ANNA
from helpdesk.models import Ticket
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.asked import ask_for_number, in_the_directory
from tests.helpdesk.conftest import Register

SHOWN = "070-174 06 90"  # the number that is asked for
MOBILE = "070-174 06 50"  # Carin's, in the register of these tests
BUTTON = f"Koppla {SHOWN} till lovanber11"


def in_order(register: Register) -> Ticket:
    """Carin asks on her pages for a new number for Anna, whose old one has been on file for long."""
    Orderer.history.update(history_date=timezone.now() - timedelta(days=365))
    phone = has_number(ANNA)
    phone.confirmed_at = timezone.now() - timedelta(days=365)
    phone.save()
    return ask_for_number(register, account=in_the_directory(ANNA).directory_id)


def path(one: Ticket, verb: str = "") -> str:
    return f"/helpdesk/arenden/{one.number}/{verb}"


def shown(officer: Officer, one: Ticket) -> str:
    """What the page's form of a call back says of the number on file, for whoever calls from it."""
    return shown_in(officer.get(path(one)))


def shown_in(page: HttpResponse) -> str:
    """What a page's form says of what its reader decides on."""
    found = re.search(r'name="shown" value="([^"]*)"', page.content.decode())
    assert found, "the page has no such form"
    return found[1]


def does(officer: Officer, one: Ticket, verb: str, **fields: str) -> HttpResponse:
    """Presses a button, and comes back to the page."""
    if verb == "ring/":
        fields.setdefault("shown", shown(officer, one))
    if verb == "godkann/":
        fields.setdefault("seen", Ticket.objects.get(pk=one.pk).edition)
    answer = officer.post(path(one, verb), **fields)
    assert answer.status_code == 302
    assert answer["Location"] == path(one)
    return officer.get(path(one))
