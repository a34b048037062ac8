"""Puts a mail into the helpdesk's mailbox, as the municipality's mail server would; and shows what comes.

The telephone and the mailbox show the SMS and mails that the portal wrote to files. The demo's mails come from Django's
file-based backend, the stack's from its mail server, which keeps a Maildir.
"""

import contextlib
import hashlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import DateHeader
from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from pathlib import Path
from typing import NamedTuple

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from imapclient import IMAPClient

from deploy.local.cast import ANNA, CARIN
from idportal.channels.mailbox_address import mailbox_address

TIMEOUT = 10.0  # seconds; a person waits for the page
FAILURES = (imaplib.IMAP4.error, OSError, ValueError)  # the mailbox could not be reached, or took no mail

STRANGER = "karin.ek@example.net"
SENDERS = {CARIN.mail: CARIN.name, STRANGER: "Karin Ek"}

# The manual's first example (manual-sv.md), in its own words.
SUBJECT = "Koppla nytt mobil nr"
TEXT = f"""\
Behörig beställare: {CARIN.name}
Namn och användarnamn på personalen: {ANNA.name}, {ANNA.username}
Nytt mobil nr som ska kopplas: 070-174 06 90
"""

NEWEST = 50  # files read at most, so that a demo that has run for long still shows its page at once
LARGEST = 256 * 1024  # bytes read of one file at most

# <time>-<number>.txt, as idportal.channels.sms names it: 20261124T204500.123456Z-46701740605.txt
_SMS_NAME = re.compile(r"(?P<time>\d{8}T\d{6}(?:\.\d+)?Z)-\+?(?P<number>\d+)\.txt")
# What Django's file-based backend writes after each message.
_END_OF_MAIL = re.compile(rb"^-{79}\n", re.MULTILINE)


class MailForm(forms.Form):
    """A mail; ``vouched``: the municipality's own mail server vouches for the sender."""

    sender = forms.ChoiceField(
        label=_("Från"),
        choices=[(CARIN.mail, _("Carin Ek, beställare")), (STRANGER, _("Karin Ek, en främling"))],
        help_text=_("Beställaren har carin@hemtjanst-ett.example, främlingen karin.ek@example.net."),
        error_messages={"invalid_choice": _("Välj en av de två avsändarna.")},
    )
    vouched = forms.BooleanField(label=_("Kommunens mejlserver intygar avsändaren"), required=False, initial=True)
    subject = forms.CharField(
        label=_("Ämne"),
        max_length=200,
        initial=SUBJECT,
        error_messages={
            "required": _("Skriv ett ämne."),
            "max_length": _("Skriv ett kortare ämne."),
            "null_characters_not_allowed": _("Skriv ämnet med bokstäver och siffror."),
        },
    )
    text = forms.CharField(
        label=_("Meddelande"),
        max_length=10_000,
        initial=TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": _("Skriv ett meddelande."),
            "max_length": _("Skriv ett kortare meddelande."),
            "null_characters_not_allowed": _("Skriv meddelandet med bokstäver och siffror."),
        },
    )

    def clean_subject(self) -> str:
        """On one line, as in a header."""
        return " ".join(str(self.cleaned_data["subject"]).split())


def compose(sender: str, subject: str, text: str, *, vouched: bool) -> bytes:
    """The mail as it lies in the mailbox: with what the server adds at the top when it comes from outside.

    ``sender`` is one of SENDERS. ``vouched``: that server has found that the domain stands behind it (RFC 8601, DMARC).
    """
    message = EmailMessage(policy=policy.SMTP)
    message["Return-Path"] = f"<{sender}>"
    if vouched:
        result = f"dmarc=pass header.from={sender.rpartition('@')[2]}"
        message["Authentication-Results"] = f"{settings.HELPDESK_AUTHSERV_ID}; {result}"
    message["Date"] = timezone.localtime()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["From"] = formataddr((SENDERS[sender], sender))
    message["To"] = settings.HELPDESK_EMAIL
    message["Subject"] = subject
    message.set_content(text)
    return message.as_bytes()


def deliver(raw: bytes) -> None:
    """Puts the mail into the helpdesk's mailbox. Raises one of FAILURES."""
    where = mailbox_address(settings.HELPDESK_MAILBOX)
    context = ssl.create_default_context(cafile=settings.HELPDESK_MAILBOX_CA_FILE or None)
    with IMAPClient(where.host, where.port, ssl_context=context, timeout=TIMEOUT) as client:
        client.login(where.user, where.password)
        client.append(where.folder, raw)


class Sms(NamedTuple):
    """A message on the telephone. ``sent`` is aware; ``number`` is E.164, or "" if the file name has none."""

    sent: datetime
    number: str
    text: str


class Mail(NamedTuple):
    """A mail in the mailbox. ``sent`` is aware; ``text`` is the plain part, ``html`` the other one, or ""."""

    sent: datetime
    name: str  # in addresses; made of what the mail holds
    to: str
    subject: str
    text: str
    html: str


def messages(folder: Path) -> list[Sms]:
    """The newest SMS first; none if the folder isn't there yet."""
    return sorted((_sms(*file) for file in _newest(folder, "*.txt")), reverse=True)


def mails(folder: Path) -> list[Mail]:
    """The newest mail first; none if the folder isn't there yet."""
    found = [
        _mail(raw, written)
        for _, written, content in (*_newest(folder, "*.log"), *_newest(folder, "kept/new/*"))
        for raw in _END_OF_MAIL.split(content)
        if raw.strip()
    ]
    return sorted(found, reverse=True)[:NEWEST]


def _newest(folder: Path, pattern: str) -> Iterator[tuple[Path, datetime, bytes]]:
    """Path, time of writing and content of the files last written. What starts with a dot is half written."""
    times = {path: path.stat().st_mtime for path in folder.glob(pattern) if not path.name.startswith(".")}
    for path in sorted(times, key=times.__getitem__, reverse=True)[:NEWEST]:
        with path.open("rb") as file:
            yield path, datetime.fromtimestamp(times[path], UTC), file.read(LARGEST)


def _sms(path: Path, written: datetime, content: bytes) -> Sms:
    name, sent = _SMS_NAME.fullmatch(path.name), written
    if name:
        with contextlib.suppress(ValueError):  # digits that are no date
            sent = datetime.fromisoformat(name["time"])
    return Sms(sent, f"+{name['number']}" if name else "", content.decode(errors="replace"))


def _mail(raw: bytes, written: datetime) -> Mail:
    message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    date = message["Date"]
    sent = date.datetime if isinstance(date, DateHeader) and date.datetime else written
    body, html = message.get_body(("plain", "html")), message.get_body(("html",))
    return Mail(
        sent=sent if sent.tzinfo else sent.replace(tzinfo=UTC),  # "-0000" means UTC, of unknown place (RFC 5322 3.3)
        name=hashlib.sha256(raw).hexdigest()[:16],
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=body.get_content().strip() if body else "",
        html=html.get_content() if html else "",
    )
