"""Orderers and agents whose code was withheld are told so: security.md D2."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Challenge, SmsDay
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.conftest import Inbox
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does, in_order, path
from tests.helpdesk.newcomer import CODE_PAGE, Newcomer, email_of
from tests.servers.smsgateway import Mood, SmsGateway

pytestmark = pytest.mark.django_db(transaction=True)

NONE_SENT = "Ingen kod har skickats"
DAY_IS_FULL = "Portalen kan inte skicka fler sms i dag."
INSTEAD = "Ring upp numret i registret i stället."


def sent_today(count: int, settings: Settings) -> None:
    settings.SMS_DAILY_LIMIT = 20
    SmsDay.objects.update_or_create(day=timezone.localdate(), defaults={"sent": count})


def test_d2_an_orderers_code_goes_out_when_resets_have_used_up_theirs(
    register: Register, sms: Inbox, settings: Settings
) -> None:
    sent_today(17, settings)
    Newcomer(sms).come_in(email_of(register))
    assert (len(sms), SmsDay.today()) == (1, 18)


def test_d2_an_orderers_session_is_told_after_the_link(register: Register, sms: Inbox, settings: Settings) -> None:
    sent_today(19, settings)
    newcomer = Newcomer(sms)
    newcomer.ask(email_of(register))
    assert newcomer.press()["Location"] == CODE_PAGE
    page = text_of(newcomer.get(CODE_PAGE))
    assert NONE_SENT in page
    assert DAY_IS_FULL in page
    assert "En kod är på väg" not in page
    assert len(sms) == 0


@pytest.mark.usefixtures("server")
def test_d2_an_agent_sends_the_last_code_of_a_day_and_is_told_when_there_is_none(
    register: Register, per: Officer, sms: Inbox, settings: Settings
) -> None:
    """With what to do instead."""
    ticket = in_order(register)
    does(per, ticket, "ta/")
    sent_today(20, settings)
    page = text_of(does(per, ticket, "kod/"))
    assert f"Det går inte ut fler koder till beställarens mobil just nu. {DAY_IS_FULL} {INSTEAD}" in page
    assert len(sms) == 0
    sent_today(19, settings)
    assert "En kod är på väg till beställarens mobil." in text_of(does(per, ticket, "kod/"))
    assert len(sms) == 1


@pytest.mark.usefixtures("server")
def test_d2_an_agent_is_told_what_the_task_found(
    register: Register, per: Officer, sms_gateway: SmsGateway, settings: Settings
) -> None:
    """The caller waits on the telephone."""
    settings.SMS_GATEWAYS = [sms_gateway.json_url]
    sms_gateway.mood = Mood.FAIL
    ticket = in_order(register)
    does(per, ticket, "ta/")
    page = text_of(does(per, ticket, "kod/"))
    assert f"{NONE_SENT}. Sms-leverantören svarar inte. {INSTEAD}" in page
    Challenge.objects.update(withheld="")
    assert NONE_SENT not in text_of(per.get(path(ticket)))
