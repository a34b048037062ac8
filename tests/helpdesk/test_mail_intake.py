"""A mail becomes a ticket or joins one, once, and its orderer is the one it claims to be from. Issue 5."""

import logging

import pytest
from django.db import connection
from pytest_django import Settings

from accounts import directory, limits
from accounts.models import Event
from deploy.local.cast import ANNA
from helpdesk import retention
from helpdesk.intake import receive as intake
from helpdesk.models import IncomingMail, Ticket, TimelineEntry
from helpdesk.tickets import decisions
from notifications.models import Message
from tests.accounts.helpers import trail
from tests.helpdesk.asked import an_agent, ask_for_number, taken, timeline
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import CARIN, FIELDS, a_mail, taken_in, ticket_of
from tests.helpdesk.people import an_orderer
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

What = TimelineEntry.What


def test_a_mail_becomes_a_ticket_with_its_fields(register: Register) -> None:
    one = ticket_of(a_mail())
    assert (one.kind, one.source, one.state) == ("phone", "mail", "new")
    assert (one.orderer, one.company) == (register.carin, register.ett)
    assert (one.employee_name, one.employee_username, one.new_number) == ("Anna Berg", "lovanber11", "+46701740690")
    account = directory.connect().find(ANNA.username)
    assert account
    assert one.account == account.id, "a user name that is given away later carries nothing along (G4)"
    assert one.unread == {}
    assert timeline(one) == [(What.OPENED, "")]
    assert one.entries.get().by == TimelineEntry.By.MAIL
    assert Event.TICKET_OPENED in trail()
    mail = one.mails.get()
    assert mail.text.startswith("Behörig beställare: Carin Ek")
    assert (mail.sender, mail.sender_name) == ("carin@hemtjanst-ett.example", "Carin Ek")


def test_the_same_mail_again_is_the_same_ticket(register: Register) -> None:
    raw = a_mail()
    one = ticket_of(raw)
    assert ticket_of(raw) == one
    again = raw.replace(b"MIME-Version", b"Received: from elsewhere\nMIME-Version")
    assert ticket_of(again) == one, "a copy that came another way"
    assert (Ticket.objects.count(), IncomingMail.objects.count()) == (1, 1)
    assert Message.objects.filter(purpose=Message.Topic.TICKET_OPENED).count() == 1


def test_another_mail_under_the_same_message_id_is_not_lost(register: Register) -> None:
    one = ticket_of(a_mail(message_id="<1@example.net>"))
    other = a_mail("Något annat", subject="Hej", message_id="<1@example.net>")
    assert ticket_of(other) == one
    assert ticket_of(other) == one
    assert [(mail.outcome, mail.text[:11]) for mail in one.mails.all()] == [
        ("opened", "Behörig bes"),
        ("joined", "Något annat"),
    ]


def test_without_a_message_id_a_mail_is_known_by_what_it_says(register: Register) -> None:
    raw = a_mail()
    bare = b"\n".join(line for line in raw.split(b"\n") if not line.lower().startswith(b"message-id"))
    assert ticket_of(bare) == ticket_of(bare)
    assert ticket_of(bare.replace(b"0690", b"0691").replace(b"06 90", b"06 91")) != ticket_of(bare)


def test_a_reply_joins_the_timeline_and_grants_nothing(register: Register) -> None:
    one = ask_for_number(register)
    agent = an_agent()
    taken(one, agent)
    before = {name: getattr(one, name) for name in ("new_number", "employee_username", "recipient1", "kind")}
    reply = a_mail(
        "Behörig beställare: Carin Ek\nNamn och användarnamn: Stefan Lind, lovstlin32\nNytt mobil nr: 070-174 06 99",
        subject=f"SV: Ärende {one.number} har kommit in",
        sender="vem@example.net",
    )
    assert ticket_of(reply) == one
    one.refresh_from_db()
    assert {name: getattr(one, name) for name in before} == before
    assert (one.state, one.agent) == ("verifying", agent)
    assert timeline(one)[-1] == (What.MAILED, "")
    assert not one.verifications.exists()
    assert Ticket.objects.count() == 1
    assert not Message.objects.filter(purpose=Message.Topic.MAIL_ANSWERED).exists(), "one acknowledgement is enough"


def test_a_number_that_no_ticket_has_is_no_place_to_join(register: Register) -> None:
    one = ticket_of(a_mail(subject="Koppla nytt mobil nr 2020-00042"))
    assert (one.kind, one.mails.get().outcome) == ("phone", "opened")


def test_a_reply_to_what_is_decided_is_seen_by_somebody(register: Register) -> None:
    one = ask_for_number(register)
    agent = an_agent()
    taken(one, agent)
    decisions.reject(one.pk, agent, "Fel nummer.")
    for _ in range(3):
        assert ticket_of(a_mail("Det gick inte", subject=f"Sv: {one.number}")) == one
    one.refresh_from_db()
    assert one.state == "rejected"
    told = Ticket.objects.get(source=Ticket.Source.PORTAL)
    assert one.number in told.text
    assert told.state == "new"


def test_the_sender_decides_whose_it_is_and_not_the_name_in_the_text(register: Register) -> None:
    one = ticket_of(a_mail(FIELDS.replace("Carin Ek", "Olle Holm")))
    assert (one.orderer, one.company) == (register.carin, register.ett)


def test_a_stranger_who_names_an_orderer(register: Register) -> None:
    one = ticket_of(a_mail(sender="Carin Ek <carin.ek@example.net>"))
    assert (one.orderer, one.company) == (register.carin, register.ett), "she is the one to be asked"
    assert one.mails.get().sender_trust == "unverified"


def test_of_two_namesakes_it_is_neither(register: Register) -> None:
    an_orderer("Carin Ek", "carin@omsorg-tva.example", "+46701740655", register.tva)
    one = ticket_of(a_mail(sender="x@example.net"))
    assert (one.orderer, one.company, one.orderer_name) == (None, None, "Carin Ek")


def test_an_orderer_of_two_companies_speaks_for_the_one_whose_staff_it_is(register: Register) -> None:
    register.carin.companies.add(register.tva)
    assert ticket_of(a_mail()).company == register.ett
    assert ticket_of(a_mail(FIELDS.replace("Anna Berg, lovanber11", "Maria Sund, lovmalsund"))).company == register.tva
    assert ticket_of(a_mail("Hej", subject="Fråga")).company is None, "nobody can tell: the agent asks"


def test_a_stranger_who_names_a_company_is_not_of_it(register: Register) -> None:
    one = ticket_of(a_mail("Företag: Hemtjänst Ett AB\nHej", sender="x@example.net", subject="Fråga"))
    assert (one.orderer, one.company, one.company_name) == (None, None, "Hemtjänst Ett AB")


def test_an_orderer_who_is_not_active_any_more_is_a_stranger(register: Register) -> None:
    register.carin.active = False
    register.carin.save()
    assert ticket_of(a_mail()).orderer is None


def test_without_a_directory_nothing_is_lost(register: Register, server: TestSlapd, settings: Settings) -> None:
    settings.DIRECTORY_URLS = ["ldaps://127.0.0.1:1"]
    one = ticket_of(a_mail())
    assert (one.employee_username, one.account) == ("lovanber11", "")


def test_automatic_mails_about_nothing_lie_in_one_ticket(register: Register) -> None:
    absent = {"subject": "Automatiskt svar: Utgående lösenord", "Auto_Submitted": "auto-replied"}
    first = ticket_of(a_mail("Jag är på semester", **absent))
    second = ticket_of(a_mail("Jag med", sender="olle@omsorg-tva.example", **absent))
    assert first == second
    assert (first.kind, first.orderer, first.orderer_name) == ("other", None, intake.AUTOMATIC)
    assert first.company is None, "it is on no company's pages, whoever's program wrote first"
    assert not Message.objects.exists(), "no program gets an answer (M2)"
    assert ticket_of(a_mail(Auto_Submitted="auto-generated")).kind == "phone", "a company's own system may order"


@pytest.mark.parametrize(
    "bulk",
    [
        {"List_Unsubscribe": "<https://nytt.example/u/1>"},
        {"Precedence": "bulk"},
        {"List_Id": "nytt <nytt.example.net>"},
    ],
)
def test_a_newsletter_about_mobile_numbers_joins_the_automatic_mails(register: Register, bulk: dict[str, str]) -> None:
    text = "Så byter ni mobilnummer. Ring oss på 070-174 06 90 så hjälper vi er."
    newsletter = {"subject": "Nytt mobilnummer till din personal", "sender": "Telenytt <nytt@example.net>"}
    one = ticket_of(a_mail(text, **newsletter, **bulk))
    assert one == ticket_of(a_mail("Jag är på semester", subject="Borta", Auto_Submitted="auto-replied"))
    assert (one.kind, one.orderer_name, one.new_number) == ("other", intake.AUTOMATIC, "")
    ordered = ticket_of(a_mail(**bulk))
    assert (ordered.kind, ordered.orderer) == ("phone", register.carin), "an orderer may write by a list"
    known = ticket_of(a_mail(sender="Petra <petra@example.net>", **bulk))
    assert known.kind == "phone", "and so may somebody who names an account that there is"


def test_what_the_portal_wrote_to_the_helpdesk_is_work(register: Register) -> None:
    sent = Message.objects.create(
        kind="mail",
        purpose=Message.Topic.DIGEST_TO_HELPDESK,
        to="it-helpdesk@kommunen.example",
        useful_until="2099-01-01T00:00Z",
    )
    raw = a_mail(
        "De här har ingen mottagare",
        subject="Utgående lösenord",
        sender="it-helpdesk@orebro.se",
        message_id=f"<{sent.uid}@orebro.se>",
        Auto_Submitted="auto-generated",
    )
    one = ticket_of(raw)
    assert (one.source, one.kind) == ("portal", "other")


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 2000, b"\xff\xfe" * 50, b"From: x\n" * 5000, b"Content-Type: multipart/mixed\n\nx"]
)
def test_what_is_hardly_a_mail_is_somebodys_all_the_same(register: Register, raw: bytes) -> None:
    one = ticket_of(raw)
    assert (one.kind, one.source, one.orderer) == ("other", "mail", None)
    assert ticket_of(raw) == one


def test_an_address_longer_than_any(register: Register) -> None:
    mail = taken_in(a_mail(sender=f"{'x' * 600}@example.net"))
    assert mail.ticket is not None


def test_carin_is_found_whatever_the_case_of_her_address(register: Register) -> None:
    assert ticket_of(a_mail(sender=CARIN.upper())).orderer == register.carin


def test_an_address_that_only_looks_like_hers_is_not_hers(register: Register) -> None:
    raw = a_mail("Hej", subject="Fråga").replace(
        b"carin@hemtjanst-ett.example>", "carın@hemtjanst-ett.example>".encode()
    )
    assert ticket_of(raw).orderer is None


def test_a_flood_of_replies_does_not_fill_the_timeline(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAILS_ON_A_TIMELINE", 3)
    one = ask_for_number(register)
    for number in range(5):
        ticket_of(a_mail(f"Nr {number}", subject=one.number, sender="x@example.net"))
    assert one.entries.filter(what=What.MAILED).count() == 3
    assert one.mails.count() == 5, "none is lost"


def test_a_strangers_mail_about_another_companys_staff_is_on_nobodys_pages(register: Register) -> None:
    """Whoever writes a name must not put one company's staff before the other's eyes (H5)."""
    maria = FIELDS.replace("Anna Berg, lovanber11", "Maria Sund, lovmalsund")
    for text in (maria, FIELDS.replace("Carin Ek", "Carin Ek, Omsorg Två AB")):
        one = ticket_of(a_mail(text, sender="carin.ek@omsorg-tva.example"))
        assert (one.orderer, one.company) == (register.carin, None)


def test_the_name_of_a_sender_alone_makes_nobody_an_orderer(register: Register) -> None:
    one = ticket_of(a_mail("Hej", subject="Fråga", sender="Carin Ek <carin.ek@example.net>"))
    assert (one.orderer, one.orderer_name) == (None, "Carin Ek")


def test_nobody_takes_the_place_of_the_automatic_mails(register: Register) -> None:
    theirs = ticket_of(a_mail("Hej", subject="Hej", sender=f"{intake.AUTOMATIC} <x@example.net>"))
    ours = ticket_of(a_mail("Borta", subject="Autosvar", Auto_Submitted="auto-replied"))
    assert theirs != ours


def test_a_mail_that_holds_a_report_is_a_mail(register: Register) -> None:
    sent = Message.objects.create(
        kind="mail", purpose=Message.Topic.DIGEST, to="lena@hemtjanst-ett.example", useful_until="2099-01-01T00:00Z"
    )
    raw = f"""\
From: Carin Ek <carin@hemtjanst-ett.example>
Subject: Byt mottagare
Message-ID: <b1@hemtjanst-ett.example>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Byt till kim@hemtjanst-ett.example, Lenas brevlåda är borta.

--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; lena@hemtjanst-ett.example
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <{sent.uid}@orebro.se>

--b--
""".encode()
    assert "kim@hemtjanst-ett.example" in ticket_of(raw).mails.get().text


# Some write a password into a mail: it is in no log, in no column in clear, and in nothing that the portal sends.

CANARY = "Kanariefagel-4713!"


def everything() -> str:
    """All rows of all tables, as the database has them."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_what_a_mail_says_is_in_no_log_and_in_no_row_in_clear(
    register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = f"{FIELDS}\nHennes lösenord är {CANARY}"
    one = ticket_of(a_mail(text, subject=f"Koppla nytt mobil nr {CANARY}", sender=f'"{CANARY}" <x@example.net>'))
    ticket_of(a_mail(CANARY, subject=f"SV: {one.number} {CANARY}"))
    ticket_of(a_mail(CANARY, subject=CANARY))
    assert one.mails.first()
    assert CANARY in one.mails.get(outcome="opened").text, "an agent may read it"
    assert CANARY not in caplog.text
    assert CANARY not in everything()
    assert not any(CANARY in each.text + each.subject + each.html for each in Message.objects.all())
    assert "070-174 06 90" not in everything()


def test_new_keys_open_old_mails(register: Register) -> None:
    one = ticket_of(a_mail())
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM helpdesk_incomingmail")
        sealed = cursor.fetchone()
        retention.renew_keys()
        cursor.execute("SELECT text FROM helpdesk_incomingmail")
        assert cursor.fetchone() != sealed
    assert Ticket.objects.get(pk=one.pk).mails.get().text.startswith("Behörig beställare")
