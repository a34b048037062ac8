"""What the helpdesk hears when a number that it linked is stopped: security.md H4; issue 4, "On a link"."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.test import Client

from accounts import phones, users
from accounts.models import Phone
from accounts.signals import phone_link_stopped
from deploy.local.cast import ANNA, KARL, PER, STEFAN
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import evidence
from helpdesk.tickets.creating import TicketDetails, create_ticket
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, OTHER_NUMBER
from tests.accounts.linking import account_of, keys_by_mail, keys_by_sms, link
from tests.conftest import Inbox, Walker, has_number
from tests.helpdesk.conftest import Register
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

Mailbox = list[EmailMultiAlternatives]
Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
HELPDESK = "it-helpdesk@orebro.se"
Linked = Callable[..., Ticket]


@pytest.fixture
def linked(server: TestSlapd, register: Register, sms: Inbox) -> Linked:
    """Carin asked for a number for Anna, and the helpdesk has linked it (how it decides, is for others to show)."""

    def make(number: str = NEW_NUMBER) -> Ticket:
        account, agent = account_of(ANNA), users.for_account(account_of(PER))
        with transaction.atomic():
            ticket = create_ticket(
                TicketDetails(
                    Ticket.Kind.PHONE,
                    company=register.ett,
                    orderer=register.carin,
                    employee_name=ANNA.name,
                    employee_username=ANNA.username,
                    new_number=number,
                    account=account.id,
                ),
                source=Source.PAGES,
            )
            Ticket.objects.filter(pk=ticket.pk).update(state=State.DONE)
            phones.link(account, number, agent=agent, orderer=register.carin, reference=ticket.number, address=None)
        return Ticket.objects.get(pk=ticket.pk)

    has_number(ANNA)
    return make


def stopped_entry(ticket: Ticket) -> TimelineEntry:
    return ticket.entries.get(what=TimelineEntry.What.STOPPED)


def alarm() -> Ticket:
    return Ticket.objects.get(source=Source.PORTAL)


def test_the_timeline_tells_it_and_who_did_it(linked: Linked, sms: Inbox) -> None:
    """The request stays what it was: it had been carried out."""
    ticket = linked()
    assert phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    entry = stopped_entry(ticket)
    assert (entry.by, entry.who, entry.state) == (TimelineEntry.By.PORTAL, "", State.DONE)
    assert entry.why == "med länken i sms:et till det tidigare numret"


def test_g7_an_alarm_is_in_the_queue(linked: Linked, sms: Inbox) -> None:
    """New, nobody's, and in words that say what to do."""
    ticket = linked()
    phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    found = alarm()
    assert (found.kind, found.state, found.agent) == (Kind.OTHER, State.NEW, None)
    assert (found.account, found.employee_username) == (account_of(ANNA).id, ANNA.username)
    assert (found.company_name, found.orderer_name) == ("Hemtjänst Ett AB", "Carin Ek")
    for words in (
        f"på kontot lovanber11, ärende {ticket.number}, stoppades den ",
        "Varken det nya eller det tidigare numret får koder, och ingen kan registrera ett nummer, förrän ni har",
        "Antingen är begäran om det nya numret falsk, eller så är telefonen med det tidigare numret borta",
        "Någon kan försöka ta över kontot.",
        "Ring medarbetaren, Anna Berg, och beställaren, Carin Ek.",
        "Använd nummer som ni redan hade, inte numret i ärendet.",
        "Ska det tidigare numret gälla igen, eller ett annat? Låt beställaren begära det, kontrollera beställaren som",
        "Ska inget nummer gälla? Då behöver du inte göra något",
        "Koppla inget nytt nummer till kontot förrän ni har talat med båda.",
    ):
        assert words in found.text, words
    assert NEW_NUMBER[-4:] not in found.text


def test_no_orderer_sees_or_withdraws_it(linked: Linked, sms: Inbox, carin: Client) -> None:
    """Whoever had the number linked may be the one who is after the account."""
    linked()
    phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    found = alarm()
    assert (found.orderer, found.company) == (None, None)
    assert carin.get(f"/bestallare/arenden/{found.number}/").status_code == 404
    assert carin.post(f"/bestallare/arenden/{found.number}/aterta/").status_code == 404
    assert alarm().state == State.NEW


def test_the_helpdesk_gets_a_mail(linked: Linked, mailoutbox: Mailbox) -> None:
    """With the way to the alarm, and no name of a person: many read that mailbox."""
    ticket = linked()
    phones.stop(keys_by_mail(mailoutbox, "carin@hemtjanst-ett.example")[0], None)
    [mail] = [mail for mail in mailoutbox if mail.to == [HELPDESK]]
    assert mail.subject == f"Ett nytt mobilnummer har stoppats, ärende {alarm().number}"
    body = " ".join(mail.body.split())
    assert f"ärende {ticket.number}, stoppades den " in body
    assert ", med länken i mejlet till beställaren." in body
    assert f"http://127.0.0.1:8000/helpdesk/arenden/{alarm().number}/" in body
    assert "Ring medarbetaren och beställaren så snart som möjligt." in body
    assert "Anna" not in body
    assert "Carin" not in body
    assert "Det nummer som fanns innan gäller igen." in alarm().text
    assert "tjuv" not in alarm().text, "that is said where the old number stopped it"


def test_of_two_links_within_one_hold_both_timelines_tell_it_and_one_alarm_comes(linked: Linked, sms: Inbox) -> None:
    first, second = linked(), linked(OTHER_NUMBER)
    phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    assert stopped_entry(first).why == stopped_entry(second).why
    assert first.number in alarm().text


def test_nothing_is_told_of_a_stop_that_fails(linked: Linked, sms: Inbox, mailoutbox: Mailbox) -> None:
    """All in one transaction: the number, the timeline, the alarm."""
    ticket = linked()
    mails = len(mailoutbox)

    def fail(**_: object) -> None:
        raise RuntimeError("the last receiver fails")

    phone_link_stopped.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    finally:
        phone_link_stopped.disconnect(fail)
    assert Phone.objects.get().number == NEW_NUMBER
    assert not ticket.entries.filter(what=TimelineEntry.What.STOPPED).exists()
    assert not Ticket.objects.filter(source=Source.PORTAL).exists()
    assert len(mailoutbox) == mails


def test_g6_the_alarm_about_an_owners_own_change_says_that_it_took_the_password(
    server: TestSlapd, register: Register, walker: Walker, mailoutbox: Mailbox
) -> None:
    """No ticket is behind it, and no orderer asked for it. The agent reads what to decide."""
    has_number(STEFAN)
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    text = alarm().text
    for words in (
        "Mobilnumret för kontot lovstlin32 byttes på registreringssidan, med kontots lösenord.",
        "Varken det nya eller det tidigare numret får koder",
        "Antingen kan någon annan medarbetarens lösenord",
        "Se till att det byts innan något nummer kopplas.",
    ):
        assert words in text, words
    assert "ärende  " not in text
    assert alarm().company_name == STEFAN.company
    [mail] = [mail for mail in mailoutbox if mail.to == [HELPDESK]]
    assert mail.subject == f"Ett byte av mobilnummer har stoppats, ärende {alarm().number}"
    assert "Kontot har inget nummer tills ni har avgjort vad som ska gälla." in mail.body


def test_g7_an_agent_is_not_told_to_send_a_blocked_person_to_the_registration_page(
    server: TestSlapd, sms: Inbox, register: Register
) -> None:
    """There the person is refused: a link is the only way."""
    has_number(KARL, OTHER_NUMBER)
    account = account_of(KARL)
    details = TicketDetails(
        Ticket.Kind.PHONE,
        company=register.ett,
        orderer=register.carin,
        employee_name=KARL.name,
        employee_username=KARL.username,
        new_number="+46701740692",
        account=account.id,
    )
    ticket = create_ticket(details, source=Source.PAGES)
    assert "Lösenordet har inte gått ut." in [flag.text for flag in evidence.gather(ticket).flags]
    link(KARL)
    assert phones.stop(keys_by_sms(sms, OTHER_NUMBER)[-1], None)
    odd = [flag.text for flag in evidence.gather(ticket).flags]
    assert "Lösenordet har inte gått ut." not in odd
    assert any("stoppade" in each for each in odd)
