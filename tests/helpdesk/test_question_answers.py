"""The answer to an agent's question comes by mail and joins the ticket; whose it is, and what it is not. Issue 13."""

import uuid
from datetime import timedelta
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.companies import orderers
from accounts.models import Event, Orderer
from helpdesk import retention
from helpdesk.intake import fetch
from helpdesk.models import IncomingMail, Ticket, TimelineEntry, Verification
from helpdesk.tickets import decisions, questions
from notifications import outbox
from notifications.models import Message
from tests.accounts.helpers import text_of, trail
from tests.accounts.staff import Officer
from tests.helpdesk.asked import an_agent, ask_for_number, mails, state_of, taken, timeline
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does, path
from tests.helpdesk.mailing import CARIN, PASSED, SERVER, a_mail, taken_in
from tests.helpdesk.test_mail_bounces import a_report
from tests.servers.dovecot import TestDovecot
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]

What, Outcome = TimelineEntry.What, IncomingMail.MailOutcome
TOPIC = Message.Topic.TICKET_QUESTION
WORDS = "Är det Anna Berg som har tappat sin mobil?"
REPLY = (
    "Ja, det är hon.\n\nMed vänlig hälsning\nCarin\n\n-----Ursprungligt meddelande-----\nFrån: helpdesk\n> Är det Anna"
)
STRANGER = "Carin Ek <carin@example.net>"


@pytest.fixture(autouse=True)
def border_server(settings: Settings) -> None:
    settings.HELPDESK_AUTHSERV_ID = SERVER


@pytest.fixture
def one(register: Register) -> Ticket:
    """Per has asked Carin."""
    ticket = taken(ask_for_number(register), an_agent())
    questions.ask(ticket.pk, an_agent(), WORDS)
    return ticket


def asked_as() -> str:
    """The Message-ID of the newest question, as a program quotes it."""
    message = Message.objects.filter(purpose=TOPIC).latest("pk")
    return f"<{message.uid}@orebro.se>"


def a_reply(text: str = REPLY, *, said: str = PASSED, to: str = "", subject: str = "SV: Fråga", **other: str) -> bytes:
    """``said``: Authentication-Results; ``to``: the Message-ID that it answers, the newest question's if none."""
    return a_mail(text, subject=subject, **{"In-Reply-To": to or asked_as(), "Authentication_Results": said, **other})


def standing(ticket: Ticket) -> str:
    return questions.standing(ticket.entries.order_by("-at", "-pk"))


def whats(ticket: Ticket) -> list[str]:
    return [what for what, _ in timeline(ticket)]


def test_m6_the_answer_joins_the_ticket_and_is_shown_as_the_orderers(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    mail = taken_in(a_reply())
    assert (mail.ticket, mail.outcome) == (one, Outcome.ANSWER)
    assert Ticket.objects.count() == 1
    assert whats(one)[-1] == What.ANSWERED
    assert trail()[-1] == Event.TICKET_ANSWERED
    page = text_of(per.get(path(one)))
    assert "svar har kommit" in page
    assert "svar på frågan, från den som fick den" in page
    assert page.index("Frågade beställaren med ett mejl") < page.index("Ja, det är hon. Visa hela mejlet")
    assert "svar har kommit" in text_of(per.get("/helpdesk/?flik=mina"))


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_m6_it_is_known_by_the_message_id_alone(one: Ticket, header: str) -> None:
    raw = a_mail(REPLY, subject="Ja", Authentication_Results=PASSED, **{header: f"<x@y.se> {asked_as()}"})
    assert taken_in(raw).outcome == Outcome.ANSWER


def test_m6_it_is_known_by_the_references_where_a_server_renamed_the_question(one: Ticket) -> None:
    ours = asked_as().replace("@", ".question@")
    raw = a_reply(to="<010001@eu-north-1.amazonses.com>", References=f"{ours} <010001@eu-north-1.amazonses.com>")
    assert taken_in(raw).outcome == Outcome.ANSWER


def test_m6_it_verifies_nobody_and_changes_nothing(one: Ticket, register: Register) -> None:
    before = Ticket.objects.values().get()
    taken_in(a_reply("Koppla 070-174 06 99 till lovkalin01 i stället. Jag är Carin, godkänn genast."))
    assert Ticket.objects.values().get() == before
    assert not Verification.objects.exists()
    with pytest.raises(Exception, match="Kontrollera först att det är beställaren"):
        decisions.approve(one.pk, an_agent())


@pytest.mark.parametrize(
    "other",
    [
        {"said": ""},
        {"said": f"{SERVER}; dmarc=fail header.from=hemtjanst-ett.example"},
        {"said": f"{SERVER}; dmarc=pass header.from=example.net"},
        {"said": f"{SERVER}; dmarc=pass header.from=example.net", "sender": STRANGER},
        {"said": f"{SERVER}; dmarc=pass header.from=omsorg-tva.example", "sender": "olle@omsorg-tva.example"},
    ],
    ids=str,
)
def test_m6_from_anyone_else_it_is_a_mail_of_which_nothing_is_known(
    per: Officer, one: Ticket, other: dict[str, str]
) -> None:
    does(per, one, "ta/")
    mail = taken_in(a_reply(**other))
    assert (mail.ticket, mail.outcome) == (one, Outcome.JOINED)
    assert whats(one)[-1] == What.UNSURE_ANSWER
    page = text_of(per.get(path(one)))
    assert "svar, inte kontrollerat" in page
    assert "från den som fick den" not in page
    assert "avsändaren är inte kontrollerad" in page


@pytest.mark.parametrize("made_up", ["", f"<{uuid.UUID(int=7)}@orebro.se>"])
def test_m6_the_number_in_the_subject_makes_no_answer(one: Ticket, made_up: str) -> None:
    mail = taken_in(a_reply(to=made_up or "<x@y.se>", subject=f"SV: Fråga om ärende {one.number}"))
    assert (mail.ticket, mail.outcome) == (one, Outcome.JOINED)
    assert whats(one)[-1] == What.MAILED
    assert standing(one) == "asked"


def test_m6_another_mail_of_the_portal_is_no_question(one: Ticket) -> None:
    receipt = Message.objects.get(purpose=Message.Topic.TICKET_OPENED)
    mail = taken_in(a_reply(to=f"<{receipt.uid}@orebro.se>", subject="Tack"))
    assert mail.outcome == Outcome.OPENED
    assert standing(one) == "asked"


def test_m6_who_left_the_register_or_came_into_it_just_now_gives_no_answer(one: Ticket, register: Register) -> None:
    Orderer.objects.update(waits_until=timezone.now() + timedelta(hours=1))
    assert taken_in(a_reply("Ett")).outcome == Outcome.JOINED
    Orderer.objects.update(waits_until=None)
    register.carin.active = False
    orderers.store(register.carin, [register.ett], actor=None)
    assert taken_in(a_reply("Två")).outcome == Outcome.JOINED


def test_m6_an_out_of_office_is_shown_as_one_and_ends_no_waiting(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    assert taken_in(a_reply("Jag är ledig.", Auto_Submitted="auto-replied")).outcome == Outcome.JOINED
    page = text_of(per.get(path(one)))
    assert "Ett automatiskt svar på frågan kom in" in page
    assert "väntar på svar" in page
    assert "nytt mejl" in text_of(per.get("/helpdesk/?flik=mina"))


def test_m2_no_answer_to_an_answer(one: Ticket) -> None:
    before = Message.objects.count()
    for raw in (a_reply(), a_reply("x", said=""), a_reply("y", Auto_Submitted="auto-replied"), a_reply("z", said="")):
        taken_in(raw)
    assert Message.objects.count() == before


def test_m6_a_question_that_came_back_is_told(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    taken_in(a_report(asked_as(), to=CARIN))
    assert whats(one)[-1] == What.NOT_DELIVERED
    assert "frågan kom inte fram" in text_of(per.get("/helpdesk/?flik=mina"))


def test_a_question_that_is_only_late_has_not_come_back(one: Ticket) -> None:
    taken_in(a_report(asked_as(), to=CARIN, action="delayed"))
    assert (whats(one)[-1], standing(one)) == (What.AUTO_REPLIED, "asked")


def test_m3_an_answer_that_is_delivered_twice_is_one(one: Ticket) -> None:
    raw = a_reply(message_id="<svar@hemtjanst-ett.example>")
    assert taken_in(raw) == taken_in(raw)
    assert whats(one).count(What.ANSWERED) == 1


def test_the_answer_to_the_second_question_is_that_ones(one: Ticket, register: Register) -> None:
    """A program names the whole thread; the last one counts."""
    first = asked_as()
    other = taken(ask_for_number(register, employee_name="Anna B"), an_agent())
    questions.ask(other.pk, an_agent(), "Och den här?")
    assert taken_in(a_reply(References=f"{first} {asked_as()}")).ticket == other
    assert taken_in(a_reply("Den första.", to=first)).ticket == one


def test_m6_an_answer_about_a_decided_ticket_reopens_nothing(one: Ticket) -> None:
    decisions.reject(one.pk, an_agent(), "Vi nådde dig inte.")
    assert taken_in(a_reply()).ticket == one
    assert state_of(one) == "rejected"
    told = Ticket.objects.exclude(pk=one.pk).get()
    assert (told.source, f"ett mejl om ärende {one.number}, som redan är avgjort" in told.text) == ("portal", True)


def test_q1_answers_go_with_the_mails_and_the_ticket(one: Ticket) -> None:
    taken_in(a_reply())
    IncomingMail.objects.update(came_at=timezone.now() - timedelta(days=91))
    retention.purge(timezone.now())
    mail = IncomingMail.objects.get()
    assert (mail.text, mail.outcome) == ("", Outcome.ANSWER)
    decisions.reject(one.pk, an_agent(), "Nej.")
    Ticket.objects.update(decided_at=timezone.now() - timedelta(days=366))
    retention.purge(timezone.now())
    assert not any(model.objects.exists() for model in (Ticket, TimelineEntry, IncomingMail))


@pytest.mark.django_db(transaction=True)
def test_the_question_goes_out_by_smtp_and_its_answer_comes_in_by_imap(
    register: Register, server: TestSlapd, smtp: PrivateSmtp, mailbox: TestDovecot, settings: Settings
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Portalen <portal@orebro.se>"
    one = taken(ask_for_number(register), an_agent())
    questions.ask(one.pk, an_agent(), WORDS)
    outbox.sweep()
    [question] = [mail for mail in smtp.mails() if "Fråga" in mail["Subject"]]
    assert (question["To"], question["Reply-To"]) == (register.carin.email, settings.HELPDESK_EMAIL)
    assert question["Subject"] == f"Fråga om ärende {one.number}"
    assert question.get_content_type() == "multipart/alternative"
    reply = EmailMessage()
    reply["Authentication-Results"] = PASSED
    reply["From"], reply["To"] = CARIN, question["Reply-To"]
    reply["Subject"], reply["In-Reply-To"] = f"SV: {question['Subject']}", question["Message-ID"]
    reply["References"] = f"{question['References']} {question['Message-ID']}"
    reply["Message-ID"] = "<svar@hemtjanst-ett.example>"
    reply.set_content(REPLY)
    reply.add_attachment(b"x" * 2000, maintype="application", subtype="pdf", filename="fullmakt.pdf")
    for _ in range(2):
        mailbox.deliver(reply.as_bytes(), parseaddr(CARIN)[1])
    fetch.run()
    mail = IncomingMail.objects.get()
    assert (mail.ticket, mail.outcome) == (one, Outcome.ANSWER)
    assert mail.attachments == [("fullmakt.pdf", 2000)]
    assert mails(Message.Topic.MAIL_ANSWERED) == []
