"""Where an employee's own way ends, the page offers one next step, and it works. Each is tried here."""

from __future__ import annotations

import re
from unittest import mock

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts.passwords.reset import ResetOutcome, Result
from deploy.local.cast import ANNA, EVA, KARL, STEFAN, Person
from helpdesk.models import Ticket
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD, OTHER_PASSWORD, binds, text_of, time_passes, verified
from tests.accounts.staff import Officer, says
from tests.conftest import Inbox, Walker, has_number
from tests.helpdesk.desk import does
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("register")]

ORDERER = "er behöriga beställare (ofta din chef)"
FOR_A_NUMBER = f"Be {ORDERER} att begära ett nytt mobilnummer åt dig."
TO_TELL = ("Ditt namn och användarnamn", "Ditt nya mobilnummer")


def leads_to_the_orderer(page: HttpResponse) -> None:
    """With what to tell her; and never to the helpdesk, who would refuse."""
    assert says(page, FOR_A_NUMBER)
    assert all(says(page, words) for words in TO_TELL)
    assert "elpdesk" not in text_of(page)
    assert settings.HELPDESK_EMAIL not in text_of(page)


def the_orderer_does_it(carin: Client, per: Officer, sms: Inbox, person: Person) -> None:
    """She asks with what she was told; an agent calls, and links the number; a quarter of an hour passes."""
    carin.post(
        "/bestallare/mobilnummer/", {"username": person.username, "name": person.name, "phone": NEW_NUMBER_TYPED}
    )
    ticket = Ticket.objects.get()
    does(per, ticket, "ta/")
    does(per, ticket, "kod/")
    does(per, ticket, "kod/prova/", code=sms.code())
    assert says(does(per, ticket, "godkann/"), "är godkänt och utfört.")
    time_passes(minutes=16)


def test_no_number_and_the_password_is_gone(
    server: TestSlapd, walker: Walker, carin: Client, per: Officer, sms: Inbox
) -> None:
    walker.ask(KARL.username)
    leads_to_the_orderer(walker.get("/aterstall/kod/"))
    the_orderer_does_it(carin, per, sms, KARL)
    assert walker.reset(KARL, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, KARL.username, NEW_PASSWORD)


def test_the_password_has_run_out_and_the_phone_is_lost(
    server: TestSlapd, walker: Walker, carin: Client, per: Officer, sms: Inbox
) -> None:
    page = walker.log_in(ANNA)
    assert says(page, "Ditt lösenord har gått ut")
    leads_to_the_orderer(page)
    the_orderer_does_it(carin, per, sms, ANNA)
    assert walker.reset(ANNA, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, ANNA.username, NEW_PASSWORD)


def test_the_password_has_run_out_and_the_phone_is_at_hand(server: TestSlapd, walker: Walker) -> None:
    has_number(ANNA)
    leads = re.findall(r'<a class="button" href="([^"]+)">', walker.log_in(ANNA).content.decode())
    assert leads == ["/aterstall/"]
    assert walker.get(leads[0]).status_code == 200
    assert walker.reset(ANNA, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, ANNA.username, NEW_PASSWORD)


def test_the_account_is_locked(server: TestSlapd, walker: Walker) -> None:
    """A new password unlocks it: who does not want to wait follows the link."""
    server.put(STEFAN, locked=True)
    has_number(STEFAN)
    page = walker.log_in(STEFAN)
    assert says(page, "Efter flera felaktiga försök kan kontot vara låst.")
    assert '<a href="/aterstall/">välj nytt lösenord</a>' in page.content.decode()
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert walker.log_in(STEFAN, NEW_PASSWORD)["Location"] == "/registrera/mobil/"


def test_the_account_is_protected(server: TestSlapd, walker: Walker, carin: Client, sms: Inbox) -> None:
    """No code comes, as for a name that nobody has. The orderer is led on to the helpdesk, and she alone."""
    has_number(EVA)
    walker.ask(EVA.username)
    leads_to_the_orderer(walker.get("/aterstall/kod/"))
    assert len(sms) == 0
    assert settings.HELPDESK_EMAIL in text_of(carin.get("/bestallare/mobilnummer/"))  # type: ignore[arg-type]


def test_the_directory_does_not_let_it_be_changed(server: TestSlapd, walker: Walker, carin: Client) -> None:
    verified(walker)
    refusal = Result(ResetOutcome.NOT_ALLOWED)
    with mock.patch("accounts.passwords.reset.set_password", return_value=refusal):
        page = walker.choose(OTHER_PASSWORD)
    assert says(page, f"Visa det här för {ORDERER}.")
    assert "elpdesk" not in text_of(page)
    assert settings.HELPDESK_EMAIL in text_of(carin.get("/bestallare/"))  # type: ignore[arg-type]


def test_the_number_is_from_a_country_that_gets_no_codes(server: TestSlapd, walker: Walker) -> None:
    walker.log_in(KARL)
    page = walker.give_number("+47 406 12 345")
    assert says(page, "Vi kan bara skicka koder till svenska mobilnummer.")
    assert says(page, f"Har du inget sådant nummer? Be {ORDERER} om en arbetsmobil.")
    assert not says(walker.give_number("019-21 10 00"), "om en arbetsmobil"), "another mistake, another step"
    walker.give_number(NEW_NUMBER_TYPED)  # that of the new telephone
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"
    time_passes(seconds=61)
    assert walker.reset(KARL, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, KARL.username, NEW_PASSWORD)
