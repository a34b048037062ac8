"""An orderer's changed contact details verify nobody for a day (security.md H9): to the helpdesk, or at sign-in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts.companies import orderers
from accounts.models import AuditEvent, Event, Orderer
from deploy.local.cast import ANNA, EVA
from helpdesk.models import IncomingMail, Ticket, Verification
from helpdesk.tickets import decisions, verification
from helpdesk.tickets.states import NotVerified, TicketRefused
from tests.accounts.helpers import last
from tests.accounts.staff import Officer, says
from tests.conftest import Inbox, has_number
from tests.helpdesk.asked import CALL, a_colleague_called_back, an_agent, ask_for_number
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does
from tests.helpdesk.mailing import PASSED, SERVER, a_mail, taken_in
from tests.helpdesk.newcomer import Newcomer, links_age
from tests.helpdesk.people import an_orderer, as_orderer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

OTHER_MOBILE, OTHER_MAIL = "+46701740659", "carin.ny@hemtjanst-ett.example"
NOT_YET = "är ny, och kan inte användas för att kontrollera någon före"


def change(register: Register, **fields: str) -> None:
    """An administrator changes them."""
    for name, value in fields.items():
        setattr(register.carin, name, value)
    orderers.store(register.carin, [register.ett], actor=an_agent(EVA))


def confirmed(orderer: Orderer) -> None:
    orderers.confirm(orderer.pk, actor=an_agent(), seen=str(orderer.history.first().pk))


def codes_to(sms: Inbox) -> list[str]:
    """Where codes went; the notices of the change are none."""
    return [to for to, text in sms.messages() if text.splitlines()[-1].startswith("@")]


def a_day_passes() -> None:
    Orderer.objects.update(waits_until=F("waits_until") - timedelta(hours=24))


BOTH = pytest.mark.parametrize("fields", [{"mobile": OTHER_MOBILE}, {"email": OTHER_MAIL}], ids=["mobile", "email"])


@BOTH
def test_h9_the_helpdesk_verifies_nobody_with_them(register: Register, sms: Inbox, fields: dict[str, str]) -> None:
    """Neither by a code nor by a call back; and an approval that was ready is not ready any more."""
    has_number(ANNA)
    ticket = ask_for_number(register, source=CALL, agent=an_agent())
    a_colleague_called_back(ticket)
    change(register, **fields)
    verbs: list[Callable[[], object]] = [
        lambda: verification.send_code(ticket.pk, an_agent()),
        lambda: verification.called_back(ticket.pk, an_agent(), "Carin Ek"),
    ]
    for verb in verbs:
        with pytest.raises(TicketRefused, match=NOT_YET):
            verb()
    with pytest.raises(NotVerified):
        decisions.approve(ticket.pk, an_agent())
    assert codes_to(sms) == []


@pytest.mark.parametrize("how", [confirmed, None], ids=["confirmed", "a day later"])
def test_h9_after_a_day_or_a_second_administrator_they_count(register: Register, sms: Inbox, how: object) -> None:
    ticket = ask_for_number(register, source=CALL, agent=an_agent())
    change(register, mobile=OTHER_MOBILE)
    if how is confirmed:
        confirmed(register.carin)
    else:
        a_day_passes()
    verification.send_code(ticket.pk, an_agent())
    assert codes_to(sms) == [OTHER_MOBILE]
    assert verification.enter_code(ticket.pk, an_agent(), sms.code())


def test_h9_the_ticket_says_why_and_until_when(per: Officer, register: Register, sms: Inbox) -> None:
    ticket = ask_for_number(register)
    change(register, mobile=OTHER_MOBILE)
    page = does(per, ticket, "ta/")
    assert says(page, "Carin Eks mobil eller e-postadress i registret " + NOT_YET)
    assert says(page, "be en annan administratör än den som ändrade att bekräfta uppgifterna.")
    assert not says(page, "Skicka en kod till beställarens mobil")
    assert says(does(per, ticket, "kod/"), NOT_YET)
    assert not Verification.objects.exists()


def test_h9_a_changed_name_alone_waits_for_nothing(register: Register) -> None:
    change(register, name="Carin Ek Lund", email=register.carin.email.upper())
    assert not Orderer.objects.get(pk=register.carin.pk).waiting


@BOTH
def test_h9_nobody_signs_in_with_them(register: Register, sms: Inbox, fields: dict[str, str]) -> None:
    """E1: the page says what it says to all. Her own mailbox says until when."""
    change(register, **fields)
    address = Orderer.objects.get(pk=register.carin.pk).email
    stranger, carin = Newcomer(sms), Newcomer(sms)
    mail.outbox.clear()
    known, unknown = carin.ask(address), stranger.ask("ingen@hemtjanst-ett.example")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    [told] = mail.outbox
    assert told.to == [address]
    assert told.subject == "Du kan inte logga in än"
    assert "/bestallare/logga-in/lank/" not in str(told.body)
    assert last(Event.LINK_WITHHELD).result in ("contact details too new", "no such orderer")
    assert "contact details too new" in set(AuditEvent.objects.values_list("result", flat=True))
    a_day_passes()
    links_age(minutes=2)
    assert carin.come_in(address)["Location"] == "/bestallare/"


@pytest.mark.parametrize("step", ["press", "enter"])
def test_h9_a_sign_in_under_way_ends_with_the_change(register: Register, sms: Inbox, step: str) -> None:
    """The link was mailed, or the code sent, a moment before: to the old details, while the new ones wait."""
    carin = Newcomer(sms)
    carin.ask(register.carin.email)
    if step == "enter":
        carin.press()
    Orderer.objects.filter(pk=register.carin.pk).update(waits_until=timezone.now() + timedelta(hours=24))
    answer = carin.press() if step == "press" else carin.enter()
    assert answer.status_code == 200, "no way on"
    assert carin.get("/bestallare/")["Location"].startswith("/bestallare/logga-in/")


def test_h9_an_open_session_ends(register: Register) -> None:
    carin = as_orderer(register.carin)
    assert carin.get("/bestallare/").status_code == 200
    change(register, email=OTHER_MAIL)
    assert carin.get("/bestallare/").status_code == 302


def test_h9_a_mail_from_the_new_address_is_no_orderers_yet(register: Register, settings: Settings, sms: Inbox) -> None:
    """M1: that the mail server vouches for it says nothing of whose the address is."""
    settings.HELPDESK_AUTHSERV_ID = SERVER
    change(register, email=OTHER_MAIL)
    got = taken_in(a_mail(sender=f"Carin Ek <{OTHER_MAIL}>", Authentication_Results=PASSED))
    assert got.dmarc == "pass"
    assert got.sender_trust == IncomingMail.SenderTrust.UNVERIFIED


def test_h9_a_new_orderer_waits_too_but_not_one_of_the_first_load(register: Register, sms: Inbox) -> None:
    loaded = an_orderer("Lena Ask", "lena@hemtjanst-ett.example", "+46701740652", register.ett)
    assert not loaded.waiting, "a command loads the register when the portal is installed"
    added = Orderer(name="Siv Ek", email="siv@hemtjanst-ett.example", mobile="+46701740653")
    orderers.store(added, [register.ett], actor=an_agent(EVA))
    assert added.waiting
    ticket = ask_for_number(register, orderer=added, source=CALL, agent=an_agent())
    with pytest.raises(TicketRefused, match=NOT_YET):
        verification.send_code(ticket.pk, an_agent())
    assert Ticket.objects.get(pk=ticket.pk).open
