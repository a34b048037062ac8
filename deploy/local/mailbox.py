"""The demo's telephone and mailbox: reads back the SMS and the mails that the portal wrote to files.

The demo's mails come from Django's file-based backend (.log), the stack's from its mail server (.eml)."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import DateHeader
from email.message import EmailMessage
from pathlib import Path

NEWEST = 50  # files read at most, so that a demo that has run for long still shows its page at once
LARGEST = 256 * 1024  # bytes read of one file at most

# <time>-<number>.txt, as idportal.sms names it: 20261124T204500.123456Z-46701740605.txt
_SMS_NAME = re.compile(r"(?P<time>\d{8}T\d{6})(?:\.(?P<fraction>\d{1,6})\d*)?Z-\+?(?P<number>\d+)\.txt")
# What Django's file-based backend writes after each message.
_END_OF_MAIL = re.compile(rb"^-{79}\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sms:
    """A message on the telephone. ``sent`` is aware; ``number`` is E.164, or "" if the file name has none."""

    sent: datetime
    number: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the mailbox. ``sent`` is aware; ``text`` is the plain part, ``html`` the other one, or "".

    ``name`` is made of what it holds, and names it in addresses.
    """

    name: str
    sent: datetime
    to: str
    subject: str
    text: str
    html: str


def messages(folder: Path) -> list[Sms]:
    """The newest SMS first; none if the folder isn't there yet."""
    found = [_sms(path, written, content) for path, written, content in _newest(folder, "*.txt")]
    return sorted(found, key=lambda sms: sms.sent, reverse=True)


def mails(folder: Path) -> list[Mail]:
    """The newest mail first; none if the folder isn't there yet."""
    found = [
        _mail(raw, written)
        for _, written, content in (*_newest(folder, "*.log"), *_newest(folder, "*.eml"))
        for raw in _END_OF_MAIL.split(content)
        if raw.strip()
    ]
    return sorted(found, key=lambda mail: mail.sent, reverse=True)[:NEWEST]


def _newest(folder: Path, pattern: str) -> Iterator[tuple[Path, datetime, bytes]]:
    """Path, time of writing and content of the files last written. What starts with a dot is half written."""
    times = {path: path.stat().st_mtime for path in folder.glob(pattern) if not path.name.startswith(".")}
    for path in sorted(times, key=times.__getitem__, reverse=True)[:NEWEST]:
        with path.open("rb") as file:
            yield path, datetime.fromtimestamp(times[path], UTC), file.read(LARGEST)


def _sms(path: Path, written: datetime, content: bytes) -> Sms:
    text = content.decode("utf-8", errors="replace")
    name = _SMS_NAME.fullmatch(path.name)
    if name is None:
        return Sms(written, "", text)
    try:
        sent = datetime.strptime(f"{name['time']}.{name['fraction'] or 0}", "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:  # digits that are no date
        sent = written
    return Sms(sent, f"+{name['number']}", text)


def _mail(raw: bytes, written: datetime) -> Mail:
    message = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    date = message["Date"]
    sent = date.datetime if isinstance(date, DateHeader) and date.datetime else written
    body, html = message.get_body(("plain", "html")), message.get_body(("html",))
    return Mail(
        name=hashlib.sha256(raw).hexdigest()[:16],
        sent=sent if sent.tzinfo else sent.replace(tzinfo=UTC),  # "-0000" means UTC, of unknown place (RFC 5322 3.3)
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=body.get_content().strip() if body else "",
        html=html.get_content() if html else "",
    )
