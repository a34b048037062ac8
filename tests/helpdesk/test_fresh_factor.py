"""Actions that could give away an account need the second factor again, on the same form: security.md A3."""

from __future__ import annotations

import json

import pytest
from pytest_django import Settings

from accounts import limits
from accounts.models import Authenticator, Event, FailedTry, Phone
from accounts.staff import passkeys
from deploy.local.cast import ANNA
from helpdesk.models import Ticket
from helpdesk.tickets import verification
from tests.accounts.helpers import OTHER_NUMBER, last, text_of, trail
from tests.accounts.linking import account_of
from tests.accounts.passkey_device import PasskeyDevice
from tests.accounts.staff import WRONG_FACTOR, Officer, later, says
from tests.conftest import Inbox, has_number
from tests.helpdesk.asked import NEW_NUMBER, ask_for_recipients, in_the_directory, state_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import BUTTON, does, in_order, path
from tests.helpdesk.test_remove_number import WHY, shown
from tests.helpdesk.test_remove_number import path as account_path

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server", "sms")]

ASKED = "Det är mer än 5 minuter sedan du visade att det är du."
NOT_YET = "Visa att det är du. Inget är gjort än."


@pytest.fixture
def one(register: Register, per: Officer, sms: Inbox) -> Ticket:
    """Verified by a code that was read back; Per has it, and is about to approve."""
    ticket = in_order(register)
    does(per, ticket, "ta/")
    does(per, ticket, "kod/")
    does(per, ticket, "kod/prova/", code=sms.code())
    return ticket


def approve(per: Officer, one: Ticket, **fields: str) -> bool:
    """Whether the number was linked by this press."""
    per.post(path(one, "godkann/"), **fields)
    return state_of(one) == Ticket.State.DONE


def test_a3_nothing_is_asked_while_the_factor_is_fresh(per: Officer, one: Ticket) -> None:
    assert not says(per.get(path(one)), ASKED)
    later(minutes=4)
    assert approve(per, one)


def test_a3_approving_a_link_wants_a_fresh_factor(per: Officer, one: Ticket) -> None:
    later(minutes=6)
    page = per.get(path(one))
    assert says(page, ASKED)
    assert says(page, BUTTON)
    assert not approve(per, one)
    assert says(per.answers[-1], NOT_YET)
    assert says(per.answers[-1], BUTTON), "the same page, with the same button"
    assert not approve(per, one, **{"factor-code": "000000"})
    assert says(per.answers[-1], WRONG_FACTOR)
    assert 'value="000000"' in per.answers[-1].content.decode()
    later(minutes=1)
    assert approve(per, one, **{"factor-code": per.code()})
    assert Phone.objects.get(user__username=ANNA.username).number == NEW_NUMBER
    assert last(Event.SECOND_FACTOR_ACCEPTED).result == "app"


def test_a_code_serves_for_the_next_five_minutes(per: Officer, one: Ticket) -> None:
    later(minutes=6)
    has_number(ANNA, OTHER_NUMBER)
    removed = account_path(ANNA, "ta-bort-nummer/")
    seen = shown(per, ANNA)
    assert per.post(removed, why=WHY, shown=seen, **{"factor-code": per.code()}).status_code == 302
    assert not Phone.objects.exists()
    assert not says(per.get(path(one)), ASKED)


def test_a_code_is_not_spent_on_a_form_that_is_wrong_otherwise(per: Officer) -> None:
    has_number(ANNA, OTHER_NUMBER)
    later(minutes=6)
    per.post(account_path(ANNA, "ta-bort-nummer/"), why="", shown=shown(per, ANNA), **{"factor-code": per.code()})
    assert trail(Event.SECOND_FACTOR_ACCEPTED, Event.SECOND_FACTOR_REFUSED) == []
    assert Phone.objects.exists()


def test_a3_removing_a_number_wants_a_fresh_factor(per: Officer, register: Register) -> None:
    """And what was typed stays."""
    has_number(ANNA, OTHER_NUMBER)
    later(minutes=6)
    for fields, words in (({}, NOT_YET), ({"factor-code": "000000"}, WRONG_FACTOR)):
        page = per.post(account_path(ANNA, "ta-bort-nummer/"), why=WHY, shown=shown(per, ANNA), **fields)
        assert says(page, words)
        assert WHY in text_of(page)
        assert Phone.objects.exists()
        later(minutes=1)
    right = {"factor-code": per.code()}
    page = per.post(account_path(ANNA, "ta-bort-nummer/"), why=WHY, shown=shown(per, ANNA), **right)
    assert page["Location"] == account_path(ANNA)
    assert not Phone.objects.exists()


def test_wrong_codes_count_as_at_the_sign_in(per: Officer, one: Ticket, settings: Settings) -> None:
    later(minutes=6)
    approve(per, one, **{"factor-code": "000000"})
    assert last(Event.SECOND_FACTOR_REFUSED).subject_name == per.person.username
    assert FailedTry.objects.filter(kind=FailedTry.Secret.FACTOR).count() == 1
    for _ in range(limits.FACTOR_FAILURES_A_DAY):
        later(minutes=9)
        per.get(path(one))
        approve(per, one, **{"factor-code": "000000"})
    later(minutes=9)
    assert not approve(per, one, **{"factor-code": per.code()})
    assert last(Event.SECOND_FACTOR_REFUSED).result == limits.TOO_MANY_WRONG_CODES


def test_an_address_that_has_failed_too_often_has_to_wait(per: Officer, one: Ticket, settings: Settings) -> None:
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 1
    later(minutes=6)
    approve(per, one, **{"factor-code": "000000"})
    later(minutes=1)
    assert not approve(per, one, **{"factor-code": per.code()})
    assert says(per.answers[-1], "För många fel koder härifrån.")


def test_a3_a_passkey_serves_too(per: Officer, one: Ticket, settings: Settings) -> None:
    settings.PORTAL_URL = site = "http://localhost:8000"
    device, user, challenge = PasskeyDevice(site), in_the_directory(per.person), passkeys.new_challenge()
    assert passkeys.register(user, challenge, device.make(passkeys.to_register(user, challenge)), "Telefonen", None)
    later(minutes=6)
    assert says(per.get(path(one)), "Använd passkey")
    assert not approve(per, one, passkey="{}")
    assert says(per.answers[-1], "Passkeyn godtogs inte.")
    options = json.loads(per.post("/logga-in/passkey/").content)["get"]
    assert approve(per, one, passkey=device.sign(options))


def test_a3_an_agent_who_signs_in_by_sms_gets_a_code(per: Officer, one: Ticket, settings: Settings, sms: Inbox) -> None:
    """By a button of the same form. A page sends none by itself."""
    settings.HELPDESK_SMS_FACTOR = True
    has_number(per.person)
    Authenticator.objects.all().delete()
    later(minutes=6)
    before = len(sms.messages())
    assert says(per.get(path(one)), "Skicka en kod")
    assert not approve(per, one, **{"factor-code": "000000"})
    assert len(sms.messages()) == before
    assert not approve(per, one, **{"factor-send": "1"})
    assert says(per.answers[-1], "En kod är på väg till ditt nummer.")
    assert sms.messages()[-1][0] == per.person.phone
    assert approve(per, one, **{"factor-code": sms.code()})


def test_what_gives_no_account_away_wants_nothing(per: Officer, register: Register) -> None:
    ticket = ask_for_recipients(register)
    does(per, ticket, "ta/")
    verification.called_back(ticket.pk, in_the_directory(per.person), "Carin Ek")
    later(minutes=6)
    assert not says(per.get(path(ticket)), ASKED)
    assert account_of(ANNA).id
