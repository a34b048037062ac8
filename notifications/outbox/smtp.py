"""Sends a mail of the outbox through Django's mail API, and says what a failure means."""

import re
import smtplib
from email.charset import QP, Charset
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.encoding import punycode

from notifications.models import Message

# A relay may take no line that is longer than 998 bytes, or no byte above 127: quoted-printable suits all.
_ENCODING = Charset("utf-8")
_ENCODING.body_encoding = QP

# 5xx answers to MAIL, RCPT or DATA that are about the relay's own wishes and not about the message: commands out of
# order (RFC 5321 4.2.3), log-in or encryption wanted (RFC 4954 6, RFC 3207 4). An operator fixes the settings.
_ABOUT_THE_RELAY = (503, 530, 534, 535, 538)

# What an enhanced status code is about (RFC 3463 3): of the addresses (5.1) two are of the sender; 5.2 is the mailbox,
# 5.4 the way to it, and 5.0 is as good as none. All others, as 5.7 for policy, say nothing of whether the receiver is
# there.
_ENHANCED = re.compile(r"\s*5\.\d{1,3}\.\d{1,3}(?!\d)")
_ABOUT_THE_SENDER = re.compile(r"\s*5\.1\.[78](?!\d)")
_ABOUT_THE_MAILBOX = re.compile(r"\s*5\.[0124]\.")


class MailError(Exception):
    """A message was not handed over, with the server's words. ``retry``: the same message may go through later.

    Of no other kind: the relay was not reached, broke off, or asked for patience. It may have taken the message.
    """

    retry = True


class SenderRefused(MailError):
    """The relay refuses the portal's own sender, until an operator fixes the settings, or the relay's."""


class MailRefused(MailError):
    """The answer is no, and would be again."""

    retry = False


class Bounced(MailRefused):
    """The receiver's mailbox is not there, or takes nothing; or the server did not say what its answer is about."""


def send(message: Message) -> None:
    """Hands the message over to the server of EMAIL_URL. Raises MailError.

    Message-ID and date are the same at each try, so that a receiver sees that a double is one.
    """
    email = _compose(message)
    connection, opened = get_connection(), False
    try:
        connection.open()  # connects, encrypts and logs in
        opened = True
        connection.send_messages([email])
    except (OSError, ValueError) as error:  # smtplib's own errors are of the first kind
        raise _meaning(error, opened=opened) from None
    finally:
        _close(connection)


def _compose(message: Message) -> EmailMultiAlternatives:
    """Raises MailRefused if it can't be a mail: its address is none, or a header would become two."""
    headers = {
        "Message-ID": f"<{message.uid}@{_host()}>",
        "Date": format_datetime(timezone.localtime(message.created_at)),
        "Auto-Submitted": "auto-generated",  # RFC 3834
        "X-Auto-Response-Suppress": "All",  # Exchange
    }
    if message.purpose == Message.Topic.TICKET_QUESTION:
        # An answer has it, too, where a server on the way gave the question another Message-ID.
        headers["References"] = f"<{message.uid}.question@{_host()}>"
    email = _Email(message.subject, message.text, to=[message.to], headers=headers)
    email.encoding = _ENCODING
    if parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower() != settings.HELPDESK_EMAIL.lower():
        email.reply_to = [settings.HELPDESK_EMAIL]  # where answers are read
    if message.html:
        email.attach_alternative(message.html, "text/html")
    try:
        validate_email(message.to)
        email.message()
    except (ValidationError, ValueError) as error:
        raise MailRefused(f"it can't be written as a mail ({type(error).__name__})") from None
    return email


class _Email(EmailMultiAlternatives):
    """Django's, in whose long headers the first encoded word leaves room for the header's name on its line.

    Django leaves no room, and then Python folds before that word: the header begins with an empty line.
    """

    _made: Any = None

    def message(self, **how: Any) -> Any:
        """Made once, for ``_compose`` and for the server."""
        if self._made is None:
            self._made = self._make(**how)
        return self._made

    def _make(self, **how: Any) -> Any:
        made = super().message(**how)
        name, _address = parseaddr(self.from_email)
        if not (subject := str(self.subject)).isascii():
            made.replace_header("Subject", _encoded(subject, "Subject"))
        if not name.isascii():
            made.replace_header("From", formataddr((_encoded(name, "From"), parseaddr(str(made["From"]))[1])))
        return made


def _encoded(text: str, header: str) -> str:
    """As encoded words (RFC 2047), which the generator folds between."""
    return " ".join(Header(text, "utf-8", header_name=header).encode().split())


def _host() -> str:
    """The domain of the sender, which makes a Message-ID ours."""
    _name, at, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    return punycode(domain) if at and domain else urlsplit(settings.PORTAL_URL).hostname or "localhost"


def _meaning(error: OSError | ValueError, *, opened: bool) -> MailError:
    """What a failure means. A refusal before the connection was ``opened`` is about the relay, and passes."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _answer(*next(iter(error.recipients.values())))
        case smtplib.SMTPResponseException():
            of_sender = isinstance(error, smtplib.SMTPSenderRefused)
            answer = _answer(error.smtp_code, error.smtp_error, of_sender=of_sender)
            return answer if opened else MailError(str(answer))
        case smtplib.SMTPNotSupportedError() | ValueError() if opened:  # characters that this server can't take
            return MailRefused(f"the address can't be written to this server ({type(error).__name__})")
    return MailError(f"{type(error).__name__}: {error}")


def _answer(code: int, words: bytes | str, *, of_sender: bool = False) -> MailError:
    """The meaning of a reply; ``of_sender``: to MAIL FROM, with which the portal named its own sender."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    told = f"{code} {text}"
    if not 500 <= code <= 599 or code in _ABOUT_THE_RELAY:  # noqa: PLR2004  RFC 5321 4.2.1
        return MailError(told)
    if of_sender or _ABOUT_THE_SENDER.match(text):
        return SenderRefused(f"DEFAULT_FROM_EMAIL is no sender that the server takes: {told}")
    return Bounced(told) if _ABOUT_THE_MAILBOX.match(text) or not _ENHANCED.match(text) else MailRefused(told)


def _close(connection: BaseEmailBackend) -> None:
    """Says goodbye without waiting for the answer: at the end of the task's time the message would be sent again."""
    wire = getattr(connection, "connection", None)
    try:
        if isinstance(wire, smtplib.SMTP):
            wire.putcmd("quit")
            wire.close()
            connection.connection = None  # type: ignore[attr-defined]  # as Django's own close leaves it
        connection.close()
    except OSError:
        return
