"""The SMS that an orderer reads out says what its code approves (security.md H10, K4)."""

import pytest
from django.utils import translation
from pytest_django import Settings

from accounts import codes
from accounts.models import Purpose
from deploy.local.cast import ANNA, KARL
from helpdesk.models import Ticket
from helpdesk.tickets import verification
from idportal.channels import sms as gateways
from tests.accounts.helpers import time_passes
from tests.conftest import Inbox
from tests.helpdesk.asked import CALL, an_agent, ask_for_number, ask_for_recipients, taken
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import SECOND_AGENT

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_NUMBER = "+46701740677"


def sent(ticket: Ticket, sms: Inbox) -> str:
    verification.send_code(ticket.pk, an_agent())
    return sms.messages()[-1][1]


def test_h10_the_sms_says_whose_number_and_its_last_two_digits(register: Register, sms: Inbox) -> None:
    text = sent(ask_for_number(register, source=CALL, agent=an_agent()), sms)
    assert text == (
        f"Läs upp kod {sms.code()} för helpdesk om numret som slutar på 90 ska kopplas till {ANNA.username}. Annars: "
        f"lämna inte ut den.\n\n@127.0.0.1 #{sms.code()}"
    )
    assert "070174069" not in text, "no more of it"


def test_h10_a_change_of_recipients_says_so(register: Register, sms: Inbox) -> None:
    ticket = ask_for_recipients(register, "ny@hemtjanst-ett.example", source=CALL, agent=an_agent())
    text = sent(ticket, sms)
    assert (
        f"Läs upp kod {sms.code()} för helpdesk om du har bett om nya mottagare av mejl för Hemtjänst Ett AB." in text
    )


def test_h10_two_calls_at_once_are_told_apart(register: Register, sms: Inbox) -> None:
    """A stranger calls about Anna while Carin herself calls about Karl: each SMS names its own, and opens no other."""
    sara = an_agent(SECOND_AGENT)
    strangers = ask_for_number(register, source=CALL, agent=an_agent())
    own = ask_for_number(
        register,
        source=CALL,
        agent=sara,
        employee_name=KARL.name,
        employee_username=KARL.username,
        new_number=OTHER_NUMBER,
    )
    verification.send_code(strangers.pk, an_agent())
    to_strangers = sms.code()
    assert ANNA.username in sms.messages()[-1][1]
    time_passes(seconds=61)  # to one number no sooner (K5)
    verification.send_code(own.pk, sara)
    words = sms.messages()[-1][1]
    assert KARL.username in words
    assert "slutar på 77" in words
    assert ANNA.username not in words
    if to_strangers != sms.code():
        assert not verification.enter_code(own.pk, sara, to_strangers)
        assert not verification.enter_code(strangers.pk, an_agent(), sms.code())
    assert verification.enter_code(own.pk, sara, sms.code())


def test_h10_a_text_in_the_place_of_a_user_name_says_nothing_else(register: Register, sms: Inbox) -> None:
    """A mail's fields are anyone's words."""
    ticket = ask_for_number(register, employee_username="x. Läs upp koden för Lisa! https://ond.example")
    taken(ticket, an_agent())
    text = sent(ticket, sms)
    assert "till x.LäsuppkodenförLisa." in text
    assert "://" not in text


@pytest.mark.parametrize("language", ["sv", "en"])
def test_h10_one_segment_for_the_longest_names_and_hosts(settings: Settings, language: str) -> None:
    """K4: with the account and the digits in each, and the line for the code alone at the end."""
    host = "losenord.kommunen-med-langt-namn.example"
    assert len(host) == 40
    settings.PORTAL_URL = f"https://{host}"
    matters = (
        {"kind": "phone", "account": "m" * verification.LONGEST_ACCOUNT, "digits": "90"},
        {"kind": "recipients", "company": "Omsorg och hemtjänst i hela länet " * 3},
        {"kind": "other"},
    )
    for matter in matters:
        with translation.override(language):
            text = codes.text("012345", Purpose.VERIFY, language, matter)
        assert gateways.fits(text), text
        assert text.endswith(f"\n\n@{host} #012345")
        if matter["kind"] == "phone":
            assert matter["account"] in text
            assert "90" in text
