"""Who wrote a mail, as far as is known (security.md M1), and what whoever wrote it is told (M2). Issue 5."""

from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from accounts import limits
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, evidence
from notifications.models import Message
from tests.helpdesk.asked import an_agent, mails, taken
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import PASSED, SERVER, a_mail, taken_in, ticket_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

OPENED, ANSWERED = Message.Topic.TICKET_OPENED, Message.Topic.MAIL_ANSWERED
STRANGER = "Karin <karin@example.net>"


@pytest.fixture(autouse=True)
def border_server(settings: Settings) -> None:
    settings.HELPDESK_AUTHSERV_ID = SERVER


def all_answers() -> list[tuple[str, str]]:
    return sorted([*mails(OPENED), *mails(ANSWERED)])


def reject(one: Ticket, why: str) -> None:
    taken(one, an_agent())
    decisions.reject(one.pk, an_agent(), why)


def sender_fact(one: Ticket) -> tuple[str, bool | None]:
    found = next(fact for fact in evidence.gather(one).requester_facts if fact.label == "Avsändare")
    return found.value, found.good


def test_m1_verified_is_a_registered_orderer_for_whom_the_border_server_vouches(register: Register) -> None:
    mail = taken_in(a_mail(Authentication_Results=PASSED))
    assert (mail.sender_trust, mail.dmarc) == ("verified", "pass")
    assert mail.ticket
    assert sender_fact(mail.ticket) == (
        "carin@hemtjanst-ett.example: registrerad beställare, intygad av mejlservern",
        True,
    )


@pytest.mark.parametrize(
    ("said", "dmarc"),
    [
        ("", ""),
        (f"{SERVER}; dmarc=fail header.from=hemtjanst-ett.example", "fail"),
        (f"{SERVER}; dmarc=pass header.from=example.net", "other domain"),
    ],
)
def test_m1_anything_else_is_not(register: Register, said: str, dmarc: str) -> None:
    mail = taken_in(a_mail(**({"Authentication_Results": said} if said else {})))
    assert (mail.sender_trust, mail.dmarc) == ("unverified", dmarc)
    assert mail.ticket
    assert sender_fact(mail.ticket) == (
        "carin@hemtjanst-ett.example: inte kontrollerad. Avsändaren kan vara vem som helst",
        False,
    )


def test_a_stranger_for_whom_the_server_vouches_is_a_stranger(register: Register) -> None:
    mail = taken_in(a_mail(sender=STRANGER, Authentication_Results=f"{SERVER}; dmarc=pass header.from=example.net"))
    assert mail.sender_trust == "unverified"
    assert mail.ticket
    flags = [flag.text for flag in evidence.gather(mail.ticket).flags]
    assert "Mejlet kom från karin@example.net, som inte är beställarens adress i registret." in flags


@pytest.mark.parametrize("said", ["dmarc=fail header.from=hemtjanst-ett.example", "dmarc=pass header.from=example.net"])
def test_a_forged_sender_is_a_flag(register: Register, said: str) -> None:
    one = ticket_of(a_mail(Authentication_Results=f"{SERVER}; {said}"))
    flags = [flag.text for flag in evidence.gather(one).flags]
    assert "Kommunens mejlserver säger att mejlet inte kommer från den adress som står som avsändare." in flags


def test_the_orderer_gets_one_receipt(register: Register) -> None:
    one = ticket_of(a_mail())
    [(to, text)] = all_answers()
    assert to == "carin@hemtjanst-ett.example"
    assert one.number in text
    assert "Vi har tagit emot ditt mejl" in text
    assert "Helpdesk ringer dig eller skickar en kod till din registrerade mobil." in text
    assert "Om det inte var du försöker någon utge sig för att vara du." in text
    assert "06 90" not in text, "no number stands in it"


def test_it_says_what_could_not_be_read(register: Register) -> None:
    ticket_of(a_mail("Behörig beställare: Carin Ek\nKan ni hjälpa Anna?"))
    [(_, text)] = all_answers()
    missing = "medarbetarens namn, medarbetarens användarnamn, det nya mobilnumret"
    assert f"Det här kunde vi inte läsa i mejlet: {missing}. Svara på det här mejlet och skriv det." in text.replace(
        "\n", " "
    )


def test_a_receipt_gives_one_instruction(register: Register) -> None:
    """Either there is nothing to do, or there is something to answer."""
    nothing, answer = "behöver du inte göra något", "Svara på det här mejlet"
    ticket_of(a_mail())
    [(_, whole)] = all_answers()
    assert (nothing in whole, answer in whole) == (True, False)
    Message.objects.all().delete()
    ticket_of(a_mail("Behörig beställare: Carin Ek\nKan ni hjälpa Anna?"))
    [(_, unclear)] = all_answers()
    assert (nothing in unclear, answer in unclear) == (False, True)
    for text in (whole, unclear):
        assert "Om det inte var du försöker någon utge sig för att vara du." in text


def test_a_stranger_is_told_the_number_and_no_more(register: Register) -> None:
    one = ticket_of(a_mail("Hej, kan ni hjälpa mig? Anna Berg lovanber11", subject="Fråga", sender=STRANGER))
    [(to, text)] = all_answers()
    assert to == "karin@example.net"
    assert one.number in text
    for secret in ("Anna", "lovanber11", "Hemtjänst", "Carin", "Fråga"):
        assert secret not in text


def test_an_orderer_whom_a_stranger_names_is_told_too(register: Register) -> None:
    ticket_of(a_mail(sender=STRANGER))
    [(carin, to_carin), (karin, to_karin)] = all_answers()
    assert (carin, karin) == ("carin@hemtjanst-ett.example", "karin@example.net")
    assert "Någon har mejlat kommunens helpdesk i ditt namn, från en annan adress" in to_carin
    assert "lovanber11" not in to_carin, "nothing that a stranger wrote"
    assert "lovanber11" not in to_karin


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"sender": "it-helpdesk@orebro.se"},
        {"sender": "Helpdesk <IT-Helpdesk@Orebro.se>"},
        {"Authentication_Results": f"{SERVER}; dmarc=fail header.from=hemtjanst-ett.example"},
        {"Authentication_Results": f"{SERVER}; dmarc=pass header.from=example.net"},
        {"sender": "a@example.net, b@example.net"},
        {"sender": "carin@hemtjanst-ett.example\nBcc: x@example.net"},
    ],
    ids=str,
)
def test_m2_no_answer_goes_to(register: Register, headers: dict[str, str]) -> None:
    try:
        raw = a_mail(**headers)
    except ValueError:  # Python writes no such header; somebody else's program does
        raw = b"From: carin@hemtjanst-ett.example\n Bcc: x@example.net\n" + a_mail().partition(b"\n")[2]
    ticket_of(raw)
    told = [text for _, text in all_answers()]
    nobodys = "," in headers.get("sender", "") or "\n" in headers.get("sender", "")
    forged = "Authentication_Results" in headers
    assert len(told) == (nobodys or forged), "but she is told of a mail in her name that is not from her"
    assert all("Någon har mejlat kommunens helpdesk i ditt namn" in text for text in told)


def test_m2_at_most_five_an_hour_to_one_address(register: Register) -> None:
    for _ in range(8):
        ticket_of(a_mail())
    assert len(all_answers()) == limits.MAIL_ANSWERS_EACH == 5
    assert Ticket.objects.count() == 8, "each is a request all the same"
    Message.objects.update(created_at=F("created_at") - timedelta(hours=1, seconds=1))
    ticket_of(a_mail())
    assert len(all_answers()) == 6


def test_carin_is_not_flooded_by_strangers_who_name_her(register: Register) -> None:
    for number in range(8):
        ticket_of(a_mail(sender=f"x{number}@example.net"))
    assert sum(to == "carin@hemtjanst-ett.example" for to, _ in all_answers()) == limits.MAIL_ANSWERS_NAMED
    ticket_of(a_mail())
    to, text = mails(OPENED)[-1]
    assert (to, "Vi har tagit emot ditt mejl" in text) == ("carin@hemtjanst-ett.example", True), "her own are answered"


def test_made_up_addresses_do_not_make_the_portal_send_without_end(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAIL_ANSWERS_IN_ALL", 4)
    for number in range(7):
        ticket_of(a_mail("Hej", subject="Hej", sender=f"x{number}@example.net"))
    assert len(all_answers()) == 4


def test_an_answer_to_the_answer_makes_none(register: Register) -> None:
    """An out-of-office at the other end: it joins, and it ends there."""
    one = ticket_of(a_mail())
    for _ in range(3):
        raw = a_mail("Borta", subject=f"Autosvar: Ärende {one.number} har kommit in", Auto_Submitted="auto-replied")
        assert ticket_of(raw) == one
    assert len(all_answers()) == 1


def test_two_helpdesks_that_answer_each_other_stop(register: Register) -> None:
    """The other one does not say that it is a program, and drops the number: five, and that was that."""
    for _ in range(20):
        ticket_of(a_mail("Tack för ditt mejl!", subject="Tack", sender="support@example.net"))
    assert len(all_answers()) == 5


def test_the_outcome_goes_to_the_orderer(register: Register) -> None:
    one = ticket_of(a_mail())
    reject(one, "Numret är upptaget.")
    [(to, text)] = mails(Message.Topic.TICKET_DECIDED)
    assert to == "carin@hemtjanst-ett.example"
    assert "Numret är upptaget." in text
    assert mails(ANSWERED) == []


def test_a_stranger_is_told_the_outcome(register: Register) -> None:
    one = ticket_of(a_mail("Kan jag få ett konto?", subject="Fråga", sender=STRANGER))
    reject(one, "Vänd dig till din chef.\nhttps://ond.example")
    to, text = mails(ANSWERED)[-1]
    assert to == "karin@example.net"
    assert f"Kommunens helpdesk har avslagit ärende {one.number}." in text
    assert "Vänd dig till din chef." in text, "nobody else is told"
    assert mails(Message.Topic.TICKET_DECIDED) == []


def test_a_program_is_told_no_outcome(register: Register) -> None:
    one = ticket_of(a_mail("x", subject="Fråga", sender=STRANGER, Auto_Submitted="auto-generated"))
    reject(one, "Nej.")
    assert all_answers() == []


def test_what_an_orderer_is_told_is_not_told_to_whoever_used_her_name(register: Register) -> None:
    one = ticket_of(a_mail(sender="Carin Ek <ond@example.net>"))
    reject(one, "Carin har inte mejlat; Anna har redan ett nytt nummer.")
    [(to, text)] = mails(Message.Topic.TICKET_DECIDED)
    assert (to, "Anna har redan" in text) == (register.carin.email, True)
    to, text = mails(ANSWERED)[-1]
    assert (to, "Anna" in text, "Carin" in text) == ("ond@example.net", False, False)


TWO = """\
Behörig beställare: Carin Ek
Anna Berg, lovanber11, ska ha 070-174 06 90
Stefan Lind, lovstlin32, ska ha 070-174 06 91
"""
TWO_NAMES = """\
Namn: Anna Berg
Nytt nummer: 070-174 06 90

Namn: Stefan Lind
Nytt nummer: 070-174 06 91
"""


@pytest.mark.parametrize("text", [TWO, TWO_NAMES])
def test_who_writes_of_two_people_is_asked_for_a_mail_for_each(register: Register, text: str) -> None:
    ticket_of(a_mail(text))
    [(_, told)] = all_answers()
    assert "Ditt mejl gäller flera medarbetare. Skriv ett mejl för varje medarbetare." in told.replace("\n", " ")
    assert "kunde vi inte läsa" not in told
