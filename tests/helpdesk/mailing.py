"""Mails as people and programs send them to the helpdesk, for the tests of intake."""

import uuid
from email.message import EmailMessage
from email.utils import format_datetime

from django.utils import timezone

from helpdesk.intake.receive import receive
from helpdesk.models import IncomingMail, Ticket

CARIN = "Carin Ek <carin@hemtjanst-ett.example>"
SERVER = "mx.kommunen.example"  # the border server, as the tests call it
PASSED = f"{SERVER}; dmarc=pass (p=none) header.from=hemtjanst-ett.example"
FIELDS = """\
Behörig beställare: Carin Ek
Namn och användarnamn på personalen: Anna Berg, lovanber11
Nytt mobil nr som ska kopplas: 070-174 06 90
"""


def a_mail(
    text: str = FIELDS,
    *,
    subject: str = "Koppla nytt mobil nr",
    sender: str = CARIN,
    message_id: str = "",
    **headers: str,
) -> bytes:
    """``headers``: with _ for -; Authentication_Results="…"."""
    mail = EmailMessage()
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail["From"] = sender
    mail["To"] = "it-helpdesk@kommunen.example"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(timezone.localtime())
    mail["Message-ID"] = message_id or f"<{uuid.uuid4()}@hemtjanst-ett.example>"
    mail.set_content(text)
    return mail.as_bytes()


def ticket_of(raw: bytes) -> Ticket:
    """What a mail became, as the database has it."""
    mail = receive(raw)
    assert mail.ticket_id is not None, "it is no request"
    return Ticket.objects.get(pk=mail.ticket_id)


def taken_in(raw: bytes) -> IncomingMail:
    return IncomingMail.objects.get(pk=receive(raw).pk)
