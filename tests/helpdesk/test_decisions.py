"""An approval carries itself out, or says why it can't and stays open: issue 4, "Requests"; security.md H1, H2."""

from __future__ import annotations

from unittest import mock

import pytest
from pytest_django import Settings

from accounts import companies
from accounts.companies import orderers
from accounts.directory import DirectoryUnavailable
from accounts.models import Event, Phone, PhoneLink
from deploy.local.cast import ANNA, CARIN, MARIA
from helpdesk.models import Confirmation, Ticket
from helpdesk.tickets import decisions, evidence, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import AssignedToOther, Blocked, Closed, NotVerified, SecondAgentNeeded
from notifications.models import Message
from tests.accounts.helpers import last, trail
from tests.conftest import has_number
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    PAGES,
    a_colleague_called_back,
    all_becomes_older,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    mails,
    state_of,
    taken,
    timeline,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import SECOND_AGENT
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

State = Ticket.State
NEW = "ny@hemtjanst-ett.example"


def verified(ticket: Ticket) -> Ticket:
    """An agent has it, and a colleague has made sure of the orderer."""
    a_colleague_called_back(ticket)
    return ticket


def called_back(ticket: Ticket) -> Ticket:
    """An agent has it and called the orderer back."""
    taken(ticket, an_agent())
    verification.called_back(ticket.pk, an_agent(), "Carin Ek")
    return ticket


def number_of_anna() -> str:
    return str(Phone.objects.get(user__username=ANNA.username).number)


def nothing_was_done(ticket: Ticket) -> None:
    assert state_of(ticket) == State.VERIFYING
    assert number_of_anna() == ANNA.phone
    assert not PhoneLink.objects.exists()
    assert not Message.objects.exclude(purpose=Message.Topic.TICKET_OPENED).exists()
    assert Event.TICKET_APPROVED not in trail()


def test_an_approved_number_is_linked_and_everybody_is_told(register: Register) -> None:
    has_number(ANNA)
    ticket = verified(ask_for_number(register))
    decisions.approve(ticket.pk, an_agent(), "192.0.2.7")
    assert state_of(ticket) == State.DONE
    assert number_of_anna() == NEW_NUMBER
    assert PhoneLink.objects.get().reference == ticket.number
    assert timeline(ticket)[-1] == ("carried out", an_agent().username)
    event = last(Event.TICKET_APPROVED)
    assert (event.actor, event.company, event.address) == (an_agent().directory_id, CARIN.company, "192.0.2.7")
    linked = last(Event.PHONE_LINKED)
    assert (linked.actor, linked.address) == (an_agent().directory_id, "192.0.2.7")
    assert [to for to, _ in mails(Message.Topic.TICKET_DECIDED)] == [CARIN.mail]
    with pytest.raises(Closed):
        decisions.approve(ticket.pk, an_agent())
    assert PhoneLink.objects.count() == 1


@pytest.mark.parametrize("source", [PAGES, CALL])
def test_h1_a_number_always_needs_a_verification(register: Register, source: Ticket.Source) -> None:
    """H1: also when the orderer has signed in, since the mailbox and the telephone may be in one hand."""
    has_number(ANNA)
    ticket = taken(ask_for_number(register, source=source), an_agent())
    with pytest.raises(NotVerified, match=r"^Kontrollera först att det är beställaren: .* eller ring upp\.$"):
        decisions.approve(ticket.pk, an_agent())
    nothing_was_done(ticket)
    verification.called_back(ticket.pk, an_agent(), "Carin Ek")
    all_becomes_older(hours=25)
    with pytest.raises(NotVerified):
        decisions.approve(ticket.pk, an_agent())
    nothing_was_done(ticket)


def test_recipients_need_one_unless_the_orderer_was_signed_in(register: Register) -> None:
    ticket = ask_for_recipients(register, NEW, source=CALL, agent=an_agent())
    with pytest.raises(NotVerified):
        decisions.approve(ticket.pk, an_agent())
    assert not Confirmation.objects.exists()
    decisions.approve(verified(ticket).pk, an_agent())
    assert Confirmation.objects.get().address == NEW


def test_who_took_a_recipient_away_stands_in_the_trail(register: Register) -> None:
    companies.set_recipients(register.ett.pk, [CARIN.mail, NEW], actor=None)
    ticket = taken(ask_for_recipients(register, CARIN.mail), an_agent())
    decisions.approve(ticket.pk, an_agent(), "192.0.2.7")
    event = last(Event.RECIPIENTS_CHANGED)
    assert (event.actor, event.address) == (an_agent().directory_id, "192.0.2.7")


def test_anything_else_is_closed_by_an_approval(register: Register) -> None:
    ticket = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Hej!", company=register.ett, orderer=register.carin), source=PAGES
    )
    taken(ticket, an_agent())
    with mock.patch("accounts.directory.connect", side_effect=DirectoryUnavailable()):
        decisions.approve(ticket.pk, an_agent())
    assert state_of(ticket) == State.DONE, "it is about no account, so no directory is asked"
    assert "Ärendet är klart." in mails(Message.Topic.TICKET_DECIDED)[0][1]


def test_only_who_has_it_approves(register: Register) -> None:
    has_number(ANNA)
    ticket = verified(ask_for_number(register))
    with pytest.raises(AssignedToOther):
        decisions.approve(ticket.pk, an_agent(SECOND_AGENT))
    nothing_was_done(ticket)


def test_h2_with_four_eyes_who_verified_does_not_approve(register: Register, settings: Settings) -> None:
    """H2."""
    settings.HELPDESK_FOUR_EYES = "always"
    has_number(ANNA)
    ticket, sara = called_back(ask_for_number(register)), an_agent(SECOND_AGENT)
    with pytest.raises(SecondAgentNeeded, match=r"^Du har själv kontrollerat beställaren\. .* och godkänna det\.$"):
        decisions.approve(ticket.pk, an_agent())
    nothing_was_done(ticket)
    taken(ticket, sara)
    decisions.approve(ticket.pk, sara)
    assert number_of_anna() == NEW_NUMBER


def test_with_four_eyes_a_second_verification_frees_nobody(register: Register, settings: Settings) -> None:
    settings.HELPDESK_FOUR_EYES = "always"
    has_number(ANNA)
    ticket, sara = called_back(ask_for_number(register)), an_agent(SECOND_AGENT)
    taken(ticket, sara)
    verification.called_back(ticket.pk, sara, "Carin Ek")
    for agent in (sara, an_agent()):
        taken(ticket, agent)
        with pytest.raises(SecondAgentNeeded):
            decisions.approve(ticket.pk, agent)
    nothing_was_done(ticket)


def refused(ticket: Ticket) -> str:
    """The approval's reasons, which stand in the timeline; nothing was done and it is open as before."""
    has_number(ANNA)
    with pytest.raises(Blocked) as told:
        decisions.approve(ticket.pk, an_agent(), "192.0.2.7")
    entry = ticket.entries.order_by("-pk")[0]
    assert (entry.what, entry.who, entry.why) == ("not carried out", an_agent().username, str(told.value))
    event = last(Event.TICKET_NOT_CARRIED_OUT)
    expected = (f"phone {ticket.number}", an_agent().directory_id, "192.0.2.7")
    assert (event.result, event.actor, event.address) == expected
    nothing_was_done(ticket)
    return str(told.value)


def test_an_account_that_nobody_has_is_said(register: Register) -> None:
    ticket = verified(ask_for_number(register, employee_username="lovfinnsej"))
    assert "lovfinnsej" in refused(ticket)


def test_an_account_of_another_company_is_said(register: Register) -> None:
    """H5."""
    ticket = verified(ask_for_number(register, employee_username=MARIA.username, employee_name=MARIA.name))
    assert "Hemtjänst Ett AB" in refused(ticket)


def test_a_name_that_was_given_to_another_person_is_said(register: Register) -> None:
    """G4: the request was about whoever had it then."""
    ticket = verified(ask_for_number(register, account="00000000-0000-4000-8000-000000000000"))
    assert "en annan medarbetare" in refused(ticket)


def test_an_account_that_was_disabled_meanwhile_is_said(register: Register, server: TestSlapd) -> None:
    ticket = verified(ask_for_number(register))
    server.put(ANNA, disabled=True)
    assert "avstängt" in refused(ticket)


def test_an_orderer_who_left_meanwhile_is_said(register: Register) -> None:
    """H5, S2: at the moment of the decision."""
    ticket = verified(ask_for_number(register, employee_username="lovfinnsej"))
    orderers.store(register.carin, [], actor=None)
    told = refused(ticket)
    assert "inte beställare" in told
    assert "egen beställare begära det. Ingen i katalogen" in told, "each reason is a sentence of its own"


def test_a_number_that_does_not_fit_is_said_in_the_words_of_the_link(register: Register) -> None:
    """What only the linking itself finds, inside the transaction."""
    ticket = verified(ask_for_number(register))
    with (
        mock.patch("helpdesk.tickets.evidence.blockers_of", return_value=[]),
        mock.patch("accounts.phones.linking._refusal", return_value="Numret finns redan på flera konton."),
    ):
        assert refused(ticket) == "Numret finns redan på flera konton."


def test_nothing_counts_as_carried_out_without_account_or_orderer(register: Register) -> None:
    """Even if nobody had seen an obstacle."""
    ticket = verified(ask_for_number(register, employee_username="lovfinnsej"))
    with mock.patch("helpdesk.tickets.evidence.blockers_of", return_value=[]):
        assert refused(ticket) == "Kontot eller beställaren finns inte längre. Avslå ärendet."


@pytest.mark.parametrize("addresses", [(), ("inte en adress",)])
def test_recipients_that_are_no_addresses_are_refused(register: Register, addresses: tuple[str, ...]) -> None:
    ticket = taken(ask_for_recipients(register, *addresses), an_agent())
    with pytest.raises(Blocked):
        decisions.approve(ticket.pk, an_agent())
    assert timeline(ticket)[-1][0] == "not carried out"
    assert not Confirmation.objects.exists()


@pytest.mark.parametrize("seen", [True, False])
def test_recipients_of_a_company_that_is_not_active_are_refused(register: Register, seen: bool) -> None:
    """Also if it was active a moment ago, when the obstacles were looked for."""
    ticket = taken(ask_for_recipients(register, NEW), an_agent())
    register.ett.active = False
    companies.store(register.ett, actor=None)
    found = evidence.blockers_of if seen else mock.Mock(return_value=[])
    with mock.patch("helpdesk.tickets.evidence.blockers_of", found), pytest.raises(Blocked, match="inte aktivt"):
        decisions.approve(ticket.pk, an_agent())
    assert not Confirmation.objects.exists()


def test_without_the_directory_nothing_happens_at_all(register: Register) -> None:
    """U1."""
    has_number(ANNA)
    ticket = verified(ask_for_number(register))
    before = timeline(ticket), trail()
    with (
        mock.patch("accounts.directory.connect", side_effect=DirectoryUnavailable()),
        pytest.raises(DirectoryUnavailable),
    ):
        decisions.approve(ticket.pk, an_agent())
    nothing_was_done(ticket)
    assert (timeline(ticket), trail()) == before


@pytest.mark.parametrize("kind", ["number", "recipients"])
def test_all_of_it_is_one_transaction(register: Register, kind: str) -> None:
    """What dies in the middle leaves nothing: no number, no letter, no line of timeline or trail."""
    has_number(ANNA)
    ticket = verified(ask_for_number(register) if kind == "number" else ask_for_recipients(register, NEW))
    before = timeline(ticket), trail()
    with (
        mock.patch("helpdesk.tickets.letters.send_decision", side_effect=RuntimeError),
        pytest.raises(RuntimeError),
    ):
        decisions.approve(ticket.pk, an_agent())
    nothing_was_done(ticket)
    assert not Confirmation.objects.exists()
    assert (timeline(ticket), trail()) == before
    decisions.approve(ticket.pk, an_agent())
    assert state_of(ticket) == State.DONE
