"""No one agent alone links a number on their own word (security.md H8), and who hears of it."""

from __future__ import annotations

import threading
from datetime import timedelta
from unittest import mock

import pytest
from django.core.checks import Error, run_checks
from django.db.models import F
from pytest_django import Settings

from accounts import phones
from accounts.models import Phone, PhoneLink, PhoneRemoval
from accounts.privacy import retention
from deploy.local.cast import ANNA, CARIN, PER
from helpdesk.agent.account_actions import remove_number
from helpdesk.agent.lookup import seen
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, verification
from helpdesk.tickets.states import SecondAgentNeeded, TicketRefused
from notifications.models import Message
from tests.accounts.linking import account_of
from tests.accounts.staff import Officer, says
from tests.conftest import Inbox, has_number
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    a_colleague_called_back,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    in_the_directory,
    state_of,
    taken,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import BUTTON, does, path
from tests.helpdesk.people import SECOND_AGENT
from tests.helpdesk.test_tickets_races import told
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server", "sms")]

ALONE = "Läser beställaren upp en kod kan du godkänna själv."
COLLEAGUE = "Ringer du upp i stället måste en kollega godkänna."


def asked(register: Register) -> Ticket:
    """A new number for Anna, who has one."""
    has_number(ANNA)
    return ask_for_number(register, account=in_the_directory(ANNA).directory_id)


def called(ticket: Ticket) -> None:
    """Per has it, and says that he called Carin back."""
    taken(ticket, an_agent())
    verification.called_back(ticket.pk, an_agent(), "Carin Ek")


def read_out(ticket: Ticket, sms: Inbox) -> None:
    """Per has it, and Carin read a code out."""
    taken(ticket, an_agent())
    verification.send_code(ticket.pk, an_agent())
    assert verification.enter_code(ticket.pk, an_agent(), sms.code())


def removed(register: Register, agent: str = PER.username) -> Ticket:
    """An agent took Anna's number away, in a ticket that asks for another one."""
    ticket = asked(register)
    account = account_of(ANNA).id
    remove_number(account, an_agent(PER if agent == PER.username else SECOND_AGENT), "Stulen.", shown())
    return ticket


def shown() -> str:
    return seen(Phone.objects.get(user__username=ANNA.username).confirmed_at)


def told_by_sms(number: str) -> list[str]:
    rows = Message.objects.filter(kind=Message.Channel.SMS).order_by("pk")
    return [row.text for row in rows if row.to == number]


def test_h8_a_call_back_takes_a_second_agent(register: Register) -> None:
    ticket = asked(register)
    called(ticket)
    with pytest.raises(SecondAgentNeeded, match=r"^Du har själv ringt upp beställaren\."):
        decisions.approve(ticket.pk, an_agent())
    assert (state_of(ticket), PhoneLink.objects.count()) == (Ticket.State.VERIFYING, 0)
    taken(ticket, an_agent(SECOND_AGENT))
    decisions.approve(ticket.pk, an_agent(SECOND_AGENT))
    assert state_of(ticket) == Ticket.State.DONE


def test_h8_a_code_read_back_takes_one_agent(register: Register, sms: Inbox) -> None:
    """Also after a call back of the same agent's: the code is more than a word."""
    ticket = asked(register)
    called(ticket)
    read_out(ticket, sms)
    decisions.approve(ticket.pk, an_agent())
    assert Phone.objects.get(user__username=ANNA.username).number == NEW_NUMBER


def test_h8_new_recipients_on_a_call_back_take_two_as_well(register: Register) -> None:
    ticket = ask_for_recipients(register, "ny@hemtjanst-ett.example", source=CALL, agent=an_agent())
    verification.called_back(ticket.pk, an_agent(), "Carin Ek")
    with pytest.raises(SecondAgentNeeded):
        decisions.approve(ticket.pk, an_agent())
    own = ask_for_recipients(register, "chef@hemtjanst-ett.example")  # signed in: it rests on no call back
    called(own)
    decisions.approve(own.pk, an_agent())


@pytest.mark.parametrize("word", ["always", "perhaps"])
def test_h8_always_takes_two_for_a_code_too(register: Register, sms: Inbox, settings: Settings, word: str) -> None:
    """A word that is none fails closed."""
    settings.HELPDESK_FOUR_EYES = word
    ticket = asked(register)
    read_out(ticket, sms)
    with pytest.raises(SecondAgentNeeded):
        decisions.approve(ticket.pk, an_agent())


def test_h8_never_leaves_it_to_one(register: Register, settings: Settings) -> None:
    settings.HELPDESK_FOUR_EYES = "never"
    ticket = removed(register)
    called(ticket)
    decisions.approve(ticket.pk, an_agent())
    assert state_of(ticket) == Ticket.State.DONE


def test_h8_soon_after_a_removal_even_a_code_takes_two(register: Register, sms: Inbox) -> None:
    ticket = removed(register, agent=SECOND_AGENT.username)
    read_out(ticket, sms)
    with pytest.raises(SecondAgentNeeded, match=r"^Kontots nummer togs bort nyligen"):
        decisions.approve(ticket.pk, an_agent())
    PhoneRemoval.objects.update(at=F("at") - timedelta(days=31))
    decisions.approve(ticket.pk, an_agent())


def test_h8_the_agent_who_removed_a_number_links_none(register: Register) -> None:
    """Not even if a colleague verified the orderer. A third one may."""
    ticket = removed(register)
    a_colleague_called_back(ticket)
    with pytest.raises(SecondAgentNeeded, match=r"^Du tog bort kontots nummer\."):
        decisions.approve(ticket.pk, an_agent())
    assert not Phone.objects.exists()


def test_h8_the_removed_number_is_told_of_the_link(register: Register) -> None:
    """It is kept for that, encrypted, for 30 days; it gets no way to stop the link, as a thief may hold it."""
    ticket = removed(register)
    removal = PhoneRemoval.objects.get()
    assert removal.number == ANNA.phone
    assert ANNA.phone not in str(list(PhoneRemoval.objects.extra(select={"raw": "number"}).values("raw")))
    called(ticket)
    taken(ticket, an_agent(SECOND_AGENT))
    assert told_by_sms(ANNA.phone) == []
    with mock.patch("helpdesk.tickets.four_eyes.refusal", return_value=""):
        decisions.approve(ticket.pk, an_agent(SECOND_AGENT))
    [text] = told_by_sms(ANNA.phone)
    assert "Helpdesk kopplade ett nytt nummer till lovanber11. Ditt nummer togs bort tidigare." in text
    assert "/stoppa/" not in text


def test_h8_a_link_that_is_removed_during_its_hold_does_not_silence_the_proven_number(register: Register) -> None:
    """An agent who links, removes and links again: the owner's own number is the one that is kept and told."""
    has_number(ANNA)
    account = account_of(ANNA)

    def link(number: str) -> None:
        phones.link(account, number, agent=an_agent(), orderer=register.carin, reference="2026-00001", address=None)

    link("+46701740691")
    phones.remove(account, agent=an_agent(), reference="2026-00002", address=None)
    assert PhoneRemoval.objects.get().number == ANNA.phone
    Message.objects.all().delete()
    link(NEW_NUMBER)
    assert len(told_by_sms(ANNA.phone)) == 1


def test_h8_a_removed_number_is_purged_after_thirty_days(register: Register) -> None:
    removed(register)
    retention.purge()
    assert PhoneRemoval.objects.get().number == ANNA.phone
    PhoneRemoval.objects.update(at=F("at") - timedelta(days=31))
    assert retention.purge()["removed numbers"] == 1
    assert PhoneRemoval.objects.get().number == ""


def test_h8_a_removal_is_told_to_the_account_and_the_orderers(register: Register) -> None:
    """Its reason may be invented. Another company's orderer hears nothing."""
    removed(register)
    rows = Message.objects.filter(purpose=Message.Topic.PHONE_REMOVED).order_by("pk")
    assert [row.to for row in rows] == [ANNA.mail, CARIN.mail]
    assert "registrerat för Anna Berg (lovanber11)" in " ".join(rows[1].text.split())


def test_h8_the_agent_sees_beforehand_which_it_will_be(per: Officer, register: Register) -> None:
    ticket = asked(register)
    page = does(per, ticket, "ta/")
    assert says(page, ALONE)
    assert says(page, COLLEAGUE)
    page = does(per, ticket, "ring/", why="Carin Ek svarade.")
    assert says(page, "Nästa steg: en annan handläggare godkänner")
    assert says(page, "Beställaren kan läsa upp en kod i stället")
    assert not says(page, BUTTON)


def test_h8_after_a_removal_the_page_says_that_a_colleague_approves(per: Officer, register: Register) -> None:
    ticket = removed(register, agent=SECOND_AGENT.username)
    page = does(per, ticket, "ta/")
    assert says(page, "Kontots nummer togs bort nyligen, så en kollega måste godkänna, hur du än kontrollerar.")
    assert not says(page, ALONE)
    a_colleague_called_back(ticket, in_the_directory(per.person))
    assert says(per.get(path(ticket)), "Det borttagna numret får också ett sms, men kan inte stoppa det.")


def test_h8_a_code_after_a_call_back_spares_the_colleague(per: Officer, register: Register, sms: Inbox) -> None:
    """At night there may be none."""
    ticket = asked(register)
    does(per, ticket, "ta/")
    does(per, ticket, "ring/", why="Carin Ek svarade.")
    does(per, ticket, "kod/")
    assert says(does(per, ticket, "kod/prova/", code=sms.code()), BUTTON)
    assert says(does(per, ticket, "godkann/"), "är godkänt och utfört.")


def test_h8_a_wrong_word_is_an_error_and_never_a_warning(settings: Settings) -> None:
    settings.HELPDESK_FOUR_EYES = "0"
    [error] = [each for each in run_checks() if each.id == "idportal.E043"]
    assert isinstance(error, Error)
    assert "in place of 0, never" in str(error.hint)
    settings.HELPDESK_FOUR_EYES = "never"
    assert "idportal.W044" in [each.id for each in run_checks(include_deployment_checks=True)]
    settings.HELPDESK_FOUR_EYES = "callback"
    assert not {"idportal.E043", "idportal.W044"} & {each.id for each in run_checks(include_deployment_checks=True)}


@pytest.mark.postgresql
def test_h8_of_two_agents_at_once_the_one_who_called_never_approves(register: Register, server: TestSlapd) -> None:
    """However the colleague's taking over and their presses fall."""
    per, sara = an_agent(), an_agent(SECOND_AGENT)
    for _ in range(5):
        ticket = asked(register)
        called(ticket)

        def over(pk: int = ticket.pk) -> Ticket:
            taken(Ticket(pk=pk), sara)
            return decisions.approve(pk, sara)

        told([lambda pk=ticket.pk: decisions.approve(pk, per), over])  # type: ignore[misc]
        assert Ticket.objects.get(pk=ticket.pk).decided_by == sara
        PhoneLink.objects.all().delete()


@pytest.mark.postgresql
def test_h8_a_removal_beside_an_approval_slips_past_neither(register: Register, server: TestSlapd, sms: Inbox) -> None:
    """In two tabs of one agent. The ticket does not name the account, so only the account's row keeps them apart."""
    per = in_the_directory(PER)
    has_number(ANNA)
    ticket, account = ask_for_number(register), account_of(ANNA).id
    taken(ticket, per)
    verification.send_code(ticket.pk, per)
    assert verification.enter_code(ticket.pk, per, sms.code())
    number, looked = shown(), threading.Event()
    real = phones.recent_removals

    def slowly(account_id: str) -> list[PhoneRemoval]:
        found = real(account_id)
        looked.set()
        threading.Event().wait(1)  # the removal comes here, and waits for the account
        return found

    def removing() -> Ticket | None:
        assert looked.wait(10)
        return remove_number(account, per, "Stulen.", number)

    with mock.patch("accounts.phones.recent_removals", slowly):
        approved, refused = told([lambda: decisions.approve(ticket.pk, per), removing])
    assert isinstance(approved, Ticket)
    assert isinstance(refused, TicketRefused), "it was another number by then"
    assert (Phone.objects.get().number, PhoneRemoval.objects.count()) == (NEW_NUMBER, 0)
    assert PhoneLink.objects.get().old_number == ANNA.phone
