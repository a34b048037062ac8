"""A fetch that is killed at every step, and two at the same time: nothing lost, nothing twice. Issue 5, must show 2."""

import signal
import subprocess
import threading
from pathlib import Path

import pytest
from django.conf import settings as portal
from django.db import connection, connections

from helpdesk.intake import fetch
from helpdesk.models import IncomingMail, Ticket
from notifications.models import Message
from tests import trapped
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import a_mail
from tests.idportal.conftest import PRODUCTION
from tests.servers.dovecot import TestDovecot
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

IMPORTS = (
    "from helpdesk.intake import receive; from helpdesk.tickets import letters; "
    "from idportal.channels.mailbox import Mailbox"
)
PLACES = {
    "before the mailbox is listed": 'before(Mailbox, "waiting")',
    "before a mail is read": 'before(Mailbox, "read")',
    "with the mail in hand": 'after(Mailbox, "read")',
    "while it is taken apart": 'before(receive, "read")',
    "with its row made and not committed": 'after(receive, "_row")',
    "with the request opened and not committed": 'after(receive, "create_ticket")',
    "with the answer queued and not committed": 'after(letters, "acknowledge")',
    "after the commit, before the mail is moved": 'before(Mailbox, "move")',
    "after the mail is moved": 'after(Mailbox, "move")',
}


@pytest.fixture
def values(server: TestSlapd, mailbox: TestDovecot, tmp_path: Path) -> dict[str, str]:
    """The environment of a portal without a queue, on the database of this test; what it sends are files."""
    return {
        **PRODUCTION,
        **server.slapd.environment(),
        "SECRET_KEY": portal.SECRET_KEY,
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "CELERY_BROKER_URL": "",
        "REDIS_URL": "",
        "EMAIL_URL": f"filemail://{tmp_path}/mail",
        "HELPDESK_EMAIL": "it-helpdesk@kommunen.example",
        "HELPDESK_MAILBOX": portal.HELPDESK_MAILBOX,
        "HELPDESK_MAILBOX_CA_FILE": portal.HELPDESK_MAILBOX_CA_FILE,
    }


def start(values: dict[str, str], place: str) -> subprocess.CompletedProcess[str]:
    """One run in a process of its own, to its end or to the trap."""
    return trapped.run(("fetch_helpdesk_mail",), IMPORTS, place, values)


def three_mails(mailbox: TestDovecot) -> None:
    mailbox.append(a_mail())
    mailbox.append(a_mail("E-post: ny@hemtjanst-ett.example", subject="Ändring av e-postmottagare"))
    mailbox.append(a_mail("Hej", subject="Fråga", sender="x@example.net"))


def is_whole(mailbox: TestDovecot) -> None:
    """Each of the three is one request, with one answer, and lies where it belongs."""
    assert sorted(Ticket.objects.values_list("kind", flat=True)) == ["other", "phone", "recipients"]
    assert [mail.outcome for mail in IncomingMail.objects.all()] == ["opened"] * 3
    told = Message.objects.filter(purpose__in=[Message.Topic.TICKET_OPENED, Message.Topic.MAIL_ANSWERED])
    assert told.count() == 3
    assert mailbox.folder("INBOX") == []
    # Two who move one message at the same moment may leave two copies of it: Dovecot copies, then expunges.
    assert len(set(mailbox.folder("Handled"))) == 3
    assert mailbox.folder("Unreadable") == []


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_m3_killed_anywhere_and_started_again(
    register: Register, values: dict[str, str], mailbox: TestDovecot, place: str
) -> None:
    three_mails(mailbox)
    killed = start(values, place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = start(values, "")
    assert again.returncode == 0, again.stderr
    is_whole(mailbox)


def test_killed_at_each_mail_in_turn(register: Register, values: dict[str, str], mailbox: TestDovecot) -> None:
    """Each run gets no further than to the first mail that it meets."""
    three_mails(mailbox)
    for _ in range(3):
        assert start(values, 'after(Mailbox, "move")').returncode == -signal.SIGKILL
    assert start(values, "").returncode == 0
    is_whole(mailbox)


def test_two_at_the_same_time(register: Register, server: TestSlapd, mailbox: TestDovecot) -> None:
    three_mails(mailbox)
    begin = threading.Barrier(4)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            begin.wait(10)
            fetch.run()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    is_whole(mailbox)
