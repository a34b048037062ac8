"""A digest that came back marks its recipient; after three of them the helpdesk looks for another one. Issue 5."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import companies
from accounts.models import BouncedAddress
from helpdesk.models import IncomingMail, Ticket
from notifications import outbox
from notifications.models import Message
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import a_mail, taken_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

LENA = "lena@hemtjanst-ett.example"


@pytest.fixture(autouse=True)
def recipients(register: Register) -> None:
    companies.set_recipients(register.ett.pk, [LENA, register.carin.email], actor=None)


def a_digest(to: str = LENA, purpose: Message.Topic = Message.Topic.DIGEST) -> Message:
    """One that was sent."""
    made = outbox.mail(purpose=purpose, to=to, subject="Utgående lösenord", text="x", useful=timedelta(days=1))
    made.state, made.settled_at = Message.Status.SENT, timezone.now()
    made.save()
    return made


def a_report(
    message_id: str,
    *,
    to: str = LENA,
    action: str = "failed",
    status: str = "5.1.1",
    given_back: str = "message/rfc822",
) -> bytes:
    """As a mail server writes it (RFC 3464). ``given_back``: how it returns the message; "" if it doesn't."""
    inner = f"Message-ID: {message_id}\nTo: {to}\nSubject: Utgående lösenord\n\nStefan Lind lovstlin32\n"
    returned = f"\n--b\nContent-Type: {given_back}\n\n{inner}" if given_back else ""
    return f"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.hemtjanst-ett.example>
To: it-helpdesk@orebro.se
Subject: Undelivered Mail Returned to Sender
Message-ID: <{uuid.uuid4()}@mx.hemtjanst-ett.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Kunde inte leverera.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.hemtjanst-ett.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: no such user, ring 070-174 06 99
{returned}
--b--
""".encode()


def sent_as(digest: Message) -> str:
    return f"<{digest.uid}@orebro.se>"


def counts() -> dict[str, int]:
    return dict(BouncedAddress.objects.values_list("address", "count"))


@pytest.mark.parametrize("given_back", ["message/rfc822", "text/rfc822-headers"])
def test_a_digest_that_came_back_marks_its_recipient(given_back: str) -> None:
    mail = taken_in(a_report(sent_as(a_digest()), given_back=given_back))
    assert counts() == {LENA: 1}
    assert "5.1.1" in BouncedAddress.objects.get().reason
    assert "070" not in BouncedAddress.objects.get().reason, "the other server's words are masked"
    assert LENA not in BouncedAddress.objects.get().reason
    assert (mail.outcome, mail.ticket) == ("bounce", None)
    assert mail.text == "", "it quotes names and accounts, which are kept elsewhere"
    assert not Ticket.objects.exists()


def test_a_server_that_gives_nothing_back_and_says_what_it_answers() -> None:
    """In-Reply-To, with the Message-ID that it has seen."""
    answers = f"In-Reply-To: {sent_as(a_digest())}\nSubject: Undelivered".encode()
    taken_in(a_report("", given_back="").replace(b"Subject: Undelivered", answers))
    assert counts() == {LENA: 1}


def test_reports_without_proof_alarm_nobody_and_lie_in_one_ticket(register: Register) -> None:
    """A stranger knows the address and that a digest went out, and no Message-ID: ten of them are one thing to read."""
    for _ in range(3):
        a_digest()
    forged = [a_report("", given_back="") for _ in range(5)]
    forged += [a_report(f"<{made_up}@orebro.se>") for made_up in (*(uuid.uuid4() for _ in range(5)), "x", "-" * 36)]
    tickets = {taken_in(raw).ticket for raw in forged}
    assert counts() == {}
    [one] = tickets
    assert one
    assert (one.kind, one.orderer_name) == ("other", "Automatiska mejl")
    assert Ticket.objects.count() == 1


def test_two_reports_of_one_digest_count_once() -> None:
    digest = a_digest()
    taken_in(a_report(sent_as(digest)))
    taken_in(a_report(sent_as(digest)))
    assert counts() == {LENA: 1}


def test_a_report_that_it_is_late_marks_nobody() -> None:
    mail = taken_in(a_report(sent_as(a_digest()), action="delayed", status="4.4.1"))
    assert counts() == {}
    assert mail.outcome == "bounce"


def test_the_address_that_was_written_to_is_marked_and_not_the_one_in_the_report(register: Register) -> None:
    taken_in(a_report(sent_as(a_digest()), to=register.carin.email))
    assert counts() == {LENA: 1}


def test_other_mail_that_came_back_marks_nobody_and_joins_its_ticket(register: Register) -> None:
    one = IncomingMail.objects.get(pk=taken_in(a_mail()).pk).ticket
    assert one
    receipt = Message.objects.get(purpose=Message.Topic.TICKET_OPENED)
    mail = taken_in(a_report(sent_as(receipt), to=register.carin.email))
    assert (mail.outcome, mail.ticket) == ("joined", one)
    assert counts() == {}


def test_after_three_the_helpdesk_is_to_find_another_recipient(register: Register) -> None:
    for _ in range(2):
        taken_in(a_report(sent_as(a_digest())))
    assert not Ticket.objects.exists()
    taken_in(a_report(sent_as(a_digest())))
    one = Ticket.objects.get()
    assert (one.source, one.kind, one.company, one.state) == ("portal", "other", register.ett, "new")
    for words in ("Hemtjänst Ett AB", "Carin Ek", "3 gånger", "Den andra mottagaren får dem som vanligt."):
        assert words in one.text
    taken_in(a_report(sent_as(a_digest())))
    assert Ticket.objects.count() == 1, "a fourth is no news"


def test_somebody_who_is_no_recipient_any_more_is_no_work(register: Register) -> None:
    sent = [a_digest() for _ in range(3)]
    companies.set_recipients(register.ett.pk, [register.carin.email], actor=None)
    for digest in sent:
        taken_in(a_report(sent_as(digest)))
    assert counts() == {LENA: 3}
    assert not Ticket.objects.exists()
