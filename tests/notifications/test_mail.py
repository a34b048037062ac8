"""Mail through a real SMTP server: how it looks, and what each failure means. Source: issue 3, "The outbox"."""

from __future__ import annotations

import time
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import BouncedAddress
from deploy.local.server import free_port
from notifications.models import Message
from notifications.outbox import delivery
from notifications.outbox import smtp as relay
from tests.notifications.helpers import CARIN, Purpose, a_mail, again, only, put
from tests.servers.smtp import PrivateSmtp

pytestmark = pytest.mark.django_db(transaction=True)

State = Message.Status


# --- How it looks --------------------------------------------------------------------------------


def test_a_mail_says_that_a_machine_wrote_it_and_to_one_receiver(smtp: PrivateSmtp, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Örebro kommun <losenord@kommunen.example>"
    put(a_mail(text="Räksmörgås " * 200, html="<p>Räksmörgås</p>"))
    [mail] = smtp.mails()
    assert (mail["To"], mail["X-Envelope-To"], mail["Cc"], mail["Bcc"]) == (CARIN, CARIN, None, None)
    assert mail["From"] == "Örebro kommun <losenord@kommunen.example>"
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert mail["Message-ID"] == f"<{only().uid}@kommunen.example>"
    assert parsedate_to_datetime(mail["Date"]) == only().created_at.replace(microsecond=0)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain
    assert plain.get_content().split() == ["Räksmörgås"] * 200
    assert html
    assert html.get_content() == "<p>Räksmörgås</p>"
    [raw] = (file.read_bytes() for file in (smtp.folder / "mails").glob("*.eml"))
    assert raw.isascii(), "any relay takes it as it is"
    assert max(map(len, raw.split(b"\r\n"))) < 998


@pytest.mark.parametrize(
    "subject",
    [
        "Bekräfta att du ska få mejl om lösenord som går ut",
        "Det nya numret på ditt konto har stoppats",
        "Ett nytt mobilnummer har stoppats, ärende 2026-00123",
        "ö" * 200,
        "The confirmation of your new mobile number was stopped by somebody who had its link",
    ],
)
def test_no_header_begins_with_an_empty_line(smtp: PrivateSmtp, settings: Settings, subject: str) -> None:
    """Some servers and filters take the first line of a header for all of it (RFC 5322 3.2.2 and 4.2)."""
    sender = "Lösenordsportalen för utförare inom vård och omsorg i Örebro kommun <losenord@kommunen.example>"
    settings.DEFAULT_FROM_EMAIL = sender
    put(a_mail(subject=subject))
    [raw] = (file.read_bytes() for file in (smtp.folder / "mails").glob("*.eml"))
    mail = message_from_bytes(raw.replace(b"\r\n ", b" "))
    assert [str(make_header(decode_header(mail[name]))) for name in ("Subject", "From")] == [subject, sender]
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [line for line in head if line.rstrip().endswith(b":")] == []
    assert max(map(len, head)) <= 78


def test_without_html_there_is_one_part(smtp: PrivateSmtp) -> None:
    put(a_mail(text="Hej Åsa!"))
    [mail] = smtp.mails()
    assert (mail.get_content_type(), mail.get_content().strip()) == ("text/plain", "Hej Åsa!")


@pytest.mark.parametrize(
    ("sender", "host"),
    [("it@örebro.example", "xn--rebro-iua.example"), ("it-helpdesk", "127.0.0.1")],
)
def test_whatever_the_sender_the_message_id_has_a_host(
    smtp: PrivateSmtp, settings: Settings, sender: str, host: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = sender
    put(a_mail())
    assert smtp.mails()[0]["Message-ID"] == f"<{only().uid}@{host}>"


def test_what_people_answer_reaches_the_helpdesk(smtp: PrivateSmtp, settings: Settings) -> None:
    settings.HELPDESK_EMAIL = "it-helpdesk@kommunen.example"
    settings.DEFAULT_FROM_EMAIL = "Örebro kommun <losenord@kommunen.example>"
    put(a_mail())
    settings.DEFAULT_FROM_EMAIL = "Helpdesk <IT-helpdesk@kommunen.example>"
    put(a_mail())
    assert [mail["Reply-To"] for mail in smtp.mails()] == ["it-helpdesk@kommunen.example", None]


def test_message_id_and_date_are_the_same_at_each_try(smtp: PrivateSmtp) -> None:
    """So that whoever gets a double can see that it is one."""
    smtp.behave(script=["drop after", "drop after", "451 DATA"])
    put(a_mail())
    for state in (State.WAITING, State.WAITING, State.SENT):
        Message.objects.update(next_try_at=timezone.now())
        delivery.deliver(only().pk)
        assert only().state == state
    one, two, three = ((mail["Message-ID"], mail["Date"]) for mail in smtp.mails())
    assert one == two == three
    assert one[0] == f"<{only().uid}@orebro.se>"
    assert {event["id"] for event in smtp.events()} == {one[0]}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\x85", "\0\n", "\n\n"])
def test_no_name_becomes_a_header(smtp: PrivateSmtp, ending: str) -> None:
    """Whatever a directory or a form lets into a subject or a text, the mail has the headers that it has."""
    evil = f"Lind{ending}Bcc: evil@evil.example{ending}{ending}<script>"
    put(a_mail(subject=f"Utgående lösenord {evil}", text=evil, html=f"<p>{ending}</p>"))
    [mail] = smtp.mails()
    assert sorted(mail.keys()) == sorted(
        [
            *("X-Envelope-To", "Content-Type", "MIME-Version", "Subject", "From", "To", "Message-ID", "Date"),
            *("Auto-Submitted", "X-Auto-Response-Suppress"),
        ]
    )
    assert mail["X-Envelope-To"] == CARIN


@pytest.mark.parametrize(
    "to",
    [
        *("", "carin", "carin@", f"{CARIN}, evil@evil.example", f"{CARIN}\nBcc: evil@evil.example"),
        *(
            f"{CARIN} evil@evil.example",
            "Carin <carin@hemtjanst-ett.example>",
            f"{CARIN}\r\nRCPT TO:<evil@evil.example>",
        ),
    ],
)
def test_an_address_that_is_none_is_refused_once_and_for_all(smtp: PrivateSmtp, to: str) -> None:
    put(a_mail(to=to))
    assert (only().state, only().attempts, only().error) == (
        State.REFUSED,
        1,
        "it can't be written as a mail (ValidationError)",
    )
    assert smtp.count() == 0
    assert BouncedAddress.objects.count() == 0


# --- Not now -------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["450 MAIL", "450 RCPT", "451 DATA", "421 MAIL", "421 RCPT", "421 DATA"])
def test_a_4xx_is_tried_again(smtp: PrivateSmtp, outcome: str) -> None:
    smtp.behave(script=[outcome])
    put(a_mail())
    message = only()
    assert (message.state, message.attempts, message.claim) == (State.WAITING, 1, None)
    assert message.error.startswith(outcome[:3])
    message = again()
    assert (message.state, message.attempts, message.error, smtp.count()) == (State.SENT, 2, "", 1)


@pytest.mark.parametrize(("outcome", "kept"), [("drop before", 1), ("drop after", 2)])
def test_a_connection_that_breaks_is_tried_again(smtp: PrivateSmtp, outcome: str, kept: int) -> None:
    """After the mail was taken and before the answer came, nobody can know: the double is the price."""
    smtp.behave(script=[outcome])
    put(a_mail())
    assert only().state == State.WAITING
    assert only().error.startswith("SMTPServerDisconnected")
    assert (again().state, smtp.count()) == (State.SENT, kept)


def test_a_server_that_does_not_answer_is_given_up_and_tried_again(smtp: PrivateSmtp, settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    for how in ({"silent": True}, {"script": ["hang"]}):
        smtp.behave(**how)
        put(a_mail())
        assert only().state == State.WAITING
        smtp.behave()
        assert again().state == State.SENT
        only().delete()
    assert smtp.count() == 2


def test_a_mail_has_a_deadline_and_waits_for_another_try(smtp: PrivateSmtp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says a line each second, so that no wait of its socket ever runs out; nothing else ends a thread."""
    monkeypatch.setattr("idportal.channels.smtp.DEADLINE", 1.5)
    smtp.behave(drip=True)
    begun = time.monotonic()
    put(a_mail())
    assert 1 < time.monotonic() - begun < 3
    message = only()
    assert (message.state, message.claim, message.attempts) == (State.WAITING, None, 1)
    assert message.error.startswith("SMTPServerDisconnected: ")
    assert message.next_try_at > timezone.now()
    smtp.behave()
    assert (again().state, smtp.count()) == (State.SENT, 1)


def test_a_server_that_is_down_is_tried_again(smtp: PrivateSmtp, settings: Settings) -> None:
    settings.EMAIL_PORT = free_port()
    put(a_mail())
    assert (only().state, only().error.split(":")[0]) == (State.WAITING, "ConnectionRefusedError")
    settings.EMAIL_PORT = smtp.port
    assert again().state == State.SENT


@pytest.mark.parametrize("greeting", ["554 5.7.1 no service for you", "421 busy", "rubbish"])
def test_no_service_is_about_the_relay_and_not_about_the_mail(smtp: PrivateSmtp, greeting: str) -> None:
    """Also with a 5xx: somebody mends it, and all the mails go out."""
    smtp.behave(greeting=greeting)
    put(a_mail())
    assert only().state == State.WAITING
    smtp.behave()
    assert again().state == State.SENT


def test_so_is_a_log_in_that_is_refused(smtp: PrivateSmtp, settings: Settings) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "idportal", "Hemligt-Relay-4713"
    smtp.behave(login=False)
    put(a_mail())
    assert (only().state, only().error[:3]) == (State.WAITING, "535")
    smtp.behave()
    assert again().state == State.SENT


def test_so_is_encryption_that_the_server_lacks(smtp: PrivateSmtp, settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    put(a_mail())
    assert (only().state, only().error.split(":")[0]) == (State.WAITING, "SMTPNotSupportedError")
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = False, True
    assert again().state == State.WAITING
    settings.EMAIL_USE_SSL = False
    assert again().state == State.SENT


@pytest.mark.parametrize("outcome", ["530 MAIL", "503 RCPT", "538 MAIL"])
def test_so_is_what_the_relay_wants_of_its_clients(smtp: PrivateSmtp, outcome: str) -> None:
    smtp.behave(script=[outcome])
    put(a_mail())
    assert only().state == State.WAITING
    assert again().state == State.SENT


@pytest.mark.parametrize("outcome", ["550 MAIL", "553 MAIL 5.7.1", "550 RCPT 5.1.8", "550 RCPT 5.1.7"])
def test_a_sender_that_the_server_does_not_take_is_mended_and_no_mail_is_lost(
    smtp: PrivateSmtp, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A relay that is set up wrongly one morning: an error that names the setting, and all of them go out later."""
    smtp.behave(script=[outcome])
    put(a_mail())
    message = only()
    assert (message.state, message.claim) == (State.WAITING, None)
    assert message.error.startswith(f"DEFAULT_FROM_EMAIL is no sender that the server takes: {outcome[:3]} ")
    [told] = [record for record in caplog.records if record.name == "idportal.outbox"]
    assert (told.levelname, "DEFAULT_FROM_EMAIL" in told.getMessage()) == ("ERROR", True)
    assert BouncedAddress.objects.count() == 0
    assert again().state == State.SENT


# --- No ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "bounced"),
    [
        *(("550 RCPT", True), ("554 DATA", True), ("552 DATA", True)),
        *(("550 RCPT 5.1.1", True), ("552 RCPT 5.2.2", True), ("550 RCPT 5.4.1", True)),
        *(("550 RCPT 5.7.1", False), ("554 RCPT 5.7.64", False), ("554 DATA 5.6.0", False), ("552 DATA 5.3.4", False)),
    ],
)
def test_a_5xx_settles_it(smtp: PrivateSmtp, outcome: str, bounced: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A digest's receiver is noted as one whose mail comes back; not if the server speaks of policy or the text."""
    smtp.behave(script=[outcome])
    put(a_mail(to="Carin@Hemtjanst-Ett.example"))
    message = only()
    assert (message.state, message.attempts) == (State.REFUSED, 1)
    assert message.error.startswith(outcome[:3])
    assert message.settled_at
    assert "was refused" in caplog.text
    assert list(BouncedAddress.objects.values_list("address", "count")) == ([(CARIN, 1)] if bounced else [])


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("no such user", relay.Bounced),
        ("5.1.10 null MX", relay.Bounced),
        ("5.7.1 relay access denied", relay.MailRefused),
        ("5.10.1 of which no standard tells", relay.MailRefused),
        ("5.1.8 sender address rejected: domain not found", relay.SenderRefused),
    ],
)
def test_what_a_5xx_is_about_its_enhanced_code_says(words: str, kind: type[relay.MailError]) -> None:
    assert type(relay._answer(550, words.encode())) is kind


def test_a_notice_that_comes_back_is_no_companys_bounce(smtp: PrivateSmtp) -> None:
    smtp.behave(addresses=[CARIN])
    put(a_mail(purpose=Purpose.PASSWORD_RESET))
    assert only().state == State.REFUSED
    assert BouncedAddress.objects.count() == 0


def test_the_servers_words_are_kept_without_addresses_and_numbers(
    smtp: PrivateSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    smtp.behave(addresses=[CARIN])
    put(a_mail())
    words = "550 5.1.1 <<address>>: no such user here, ask <number>"
    assert (only().error, BouncedAddress.objects.get().reason) == (words, words)
    assert CARIN not in caplog.text


@pytest.mark.parametrize("words", ["x" * 5000, "a\0b\r\nc\x1b[31m", "å" * 400])
def test_whatever_the_server_says_fits_the_row(words: str) -> None:
    message = a_mail()
    message.save()
    [claimed] = delivery._claim(message.pk)
    delivery._failed(claimed, relay.Bounced(f"550 {words}"))
    assert (only().state, only().error[:4]) == (State.REFUSED, "550 ")
    assert only().error.isprintable()


# --- Other ways out ------------------------------------------------------------------------------


def test_files_and_the_console_take_mail_too(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """EMAIL_URL=filemail:///folder, as in the demo, and unset."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    put(a_mail())
    [file] = (tmp_path / "mail").glob("*.log")
    assert f"<{only().uid}@" in file.read_text(encoding="utf-8")
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    put(a_mail(subject="Till skärmen"))
    assert "Message-ID" in capsys.readouterr().out
    assert {row.state for row in Message.objects.all()} == {State.SENT}


def test_no_transaction_is_open_while_a_server_takes_its_time(
    smtp: PrivateSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    send = relay.send

    def look(message: Message) -> None:
        seen.append(connection.in_atomic_block)
        send(message)

    monkeypatch.setattr(relay, "send", look)
    put(a_mail())
    assert (seen, only().state) == ([False], State.SENT)
