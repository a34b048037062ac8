"""A mail to the helpdesk, as the municipality's mail server would put it into the helpdesk's mailbox."""

from __future__ import annotations

import imaplib
import ssl
from email import policy
from email.message import EmailMessage
from email.utils import formataddr, make_msgid

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from imapclient import IMAPClient

from deploy.local.cast import ANNA, CARIN
from idportal.mailbox import mailbox_address

TIMEOUT = 10.0  # seconds; a person waits for the page

STRANGER = "karin.ek@example.net"
SENDERS = {CARIN.mail: CARIN.name, STRANGER: "Karin Ek"}

# The manual's first example (manual-sv.md), in its own words.
SUBJECT = "Koppla nytt mobil nr"
TEXT = f"""\
Behörig beställare: {CARIN.name}
Namn och användarnamn på personalen: {ANNA.name}, {ANNA.username}
Nytt mobil nr som ska kopplas: 070-174 06 90
"""


class NotDelivered(Exception):
    """The mailbox could not be reached, or took no mail."""


class MailForm(forms.Form):
    """A mail; ``vouched``: the municipality's own mail server vouches for the sender."""

    sender = forms.ChoiceField(
        label=_("Från"),
        choices=[
            (CARIN.mail, _("Carin Ek, beställare")),
            (STRANGER, _("Karin Ek, en främling")),
        ],
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
    """Puts the mail into the helpdesk's mailbox. Raises NotDelivered."""
    try:
        where = mailbox_address(settings.HELPDESK_MAILBOX)
        context = ssl.create_default_context(cafile=settings.HELPDESK_MAILBOX_CA_FILE or None)
        with IMAPClient(where.host, where.port, ssl_context=context, timeout=TIMEOUT) as client:
            client.login(where.user, where.password)
            client.append(where.folder, raw)
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        raise NotDelivered from error
