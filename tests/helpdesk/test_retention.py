"""How long tickets are kept, and that their keys can be renewed: security.md Q1, X1."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.privacy import retention as accounts_retention
from accounts.privacy.encryption import token_digest
from helpdesk import retention
from helpdesk.models import CompanyCount, Confirmation, Counter, SignInLink, Ticket, TimelineEntry, Verification
from helpdesk.tickets import decisions, recipients, states, verification
from tests.accounts.helpers import trail
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    all_becomes_older,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    taken,
)
from tests.helpdesk.conftest import Register

pytestmark = pytest.mark.django_db


def purge() -> dict[str, int]:
    return retention.purge(timezone.now())


def test_q1_a_ticket_goes_a_year_after_its_decision(register: Register) -> None:
    """With its timeline, its verifications and its confirmations; the trail tells that it was."""
    ticket = ask_for_recipients(register, "ny@hemtjanst-ett.example", source=CALL, agent=an_agent())
    verification.called_back(ticket.pk, an_agent(), "Carin Ek")
    Confirmation.objects.create(ticket=ticket, address="ny@hemtjanst-ett.example", until=timezone.now())
    decisions.reject(ticket.pk, an_agent(), "fel")
    events = trail()
    all_becomes_older(days=364)
    assert purge()["tickets"] == 0
    all_becomes_older(days=2)
    assert purge()["tickets"] == 1
    assert not any(model.objects.exists() for model in (Ticket, TimelineEntry, Verification, Confirmation))
    assert trail() == events
    assert purge()["tickets"] == 0


def test_an_open_one_stays_however_old_it_is(register: Register) -> None:
    ask_for_number(register)
    taken(ask_for_recipients(register, "ny@hemtjanst-ett.example"), an_agent())
    all_becomes_older(days=2000)
    assert purge()["tickets"] == 0
    assert Ticket.objects.count() == 2


def test_the_new_number_goes_a_month_after_the_decision(register: Register) -> None:
    """Q1: of one that is open it is needed; the rest of the request stays its year."""
    decided, waiting = ask_for_number(register), ask_for_number(register, employee_username="lovkalin01")
    states.withdraw(decided.pk, register.carin)
    all_becomes_older(days=29)
    assert purge()["numbers in tickets"] == 0
    all_becomes_older(days=2)
    assert purge()["numbers in tickets"] == 1
    assert {ticket.pk: ticket.new_number for ticket in Ticket.objects.all()} == {decided.pk: "", waiting.pk: NEW_NUMBER}
    assert purge()["numbers in tickets"] == 0


def test_no_number_is_given_twice(register: Register) -> None:
    ticket = ask_for_number(register)
    states.withdraw(ticket.pk, register.carin)
    all_becomes_older(days=366)
    purge()
    assert ask_for_number(register).number != ticket.number
    assert Counter.objects.get().last == 2


def test_links_to_sign_in_go_after_a_day(register: Register) -> None:
    for hours in (23, 25):
        SignInLink.objects.create(language="sv", asked_at=timezone.now() - timedelta(hours=hours))
    assert purge()["sign-in links"] == 1
    assert SignInLink.objects.count() == 1


def test_counts_go_with_the_trail(register: Register) -> None:
    for days in (547, 549):
        CompanyCount.objects.create(day=timezone.localdate() - timedelta(days=days), company=register.ett)
    assert purge()["counts of companies"] == 1
    assert CompanyCount.objects.count() == 1


def test_purge_and_renewal_are_registered() -> None:
    assert retention.purge in accounts_retention._purges
    assert retention.renew_keys in accounts_retention._renewals


def test_keys_can_be_renewed(register: Register, settings: Settings) -> None:
    """What was encrypted with the old key is read with the new one alone; links to confirm go on."""
    ticket = ask_for_number(register, text="bråttom")
    taken(ticket, an_agent())
    states.add_note(ticket.pk, an_agent(), "Hon ringde.")
    SignInLink.objects.create(language="sv", asked_for="carin@hemtjanst-ett.example")
    Confirmation.objects.create(
        ticket=ticket,
        address="ny@hemtjanst-ett.example",
        digest=token_digest("nyckeln"),
        until=timezone.now() + timedelta(days=1),
    )
    before = held()
    settings.ENCRYPTION_KEYS = ["the-new-key-of-fifty-characters-and-some-more-111111", settings.SECRET_KEY]
    assert accounts_retention.renew_keys() == 0
    assert held() != before
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    again = Ticket.objects.get()
    assert (again.new_number, again.text) == (NEW_NUMBER, "bråttom")
    assert [entry.why for entry in again.entries.all()] == ["", "", "Hon ringde."]
    assert SignInLink.objects.get().asked_for == "carin@hemtjanst-ett.example"
    assert recipients.find("nyckeln")


def held() -> str:
    """As somebody reads it who has the database and not the keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT new_number, text FROM helpdesk_ticket")
        return str(cursor.fetchall())
