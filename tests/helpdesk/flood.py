"""Many mails at once: issue 5, must show 3. ``python -m tests.helpdesk.flood [COUNT]`` takes in COUNT (2,000).

`make crash` runs it on PostgreSQL with a real Dovecot and slapd, and prints the time and the memory that it took. The
suite does the same with fewer, in test_mail_fetch.py.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

COUNT = 2000
MOST_MEMORY = 50  # MB


class Flood(NamedTuple):
    """Of so many mails and an ordinary one behind them: how long it took, and by how many MB the process grew."""

    seconds: float
    grown: float
    tickets: int
    left: int
    answers: int


def flood(mailbox: object, count: int) -> Flood:
    """Fills the mailbox (a TestDovecot, to which the settings point) and empties it as the command does."""
    from django.core.management import call_command

    from helpdesk.models import Ticket
    from notifications.models import Message
    from tests.helpdesk.mailing import PASSED, a_mail
    from tests.servers.dovecot import TestDovecot

    assert isinstance(mailbox, TestDovecot)
    with mailbox.client() as client:
        for number in range(count):
            client.append("INBOX", a_mail(f"Nr {number}", subject="Hej", sender=f"x{number}@example.net"))
    mailbox.append(a_mail(Authentication_Results=PASSED))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    call_command("fetch_helpdesk_mail")
    return Flood(
        seconds=time.monotonic() - began,
        grown=(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        tickets=Ticket.objects.filter(kind="other").count() + Ticket.objects.filter(kind="phone").count(),
        left=len(mailbox.folder("INBOX")),
        answers=Message.objects.filter(purpose=Message.Topic.MAIL_ANSWERED).count(),
    )


def main(count: int) -> int:
    import django

    django.setup()
    from django.test import override_settings
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from accounts import limits
    from deploy.local.cast import ANNA
    from tests.helpdesk.mailing import SERVER
    from tests.servers.crowd import slapd_with
    from tests.servers.dovecot import TestDovecot

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder, slapd_with((ANNA,)) as directory:
            mailbox = TestDovecot(Path(folder))
            mailbox.start()
            try:
                with override_settings(**directory.settings(), **mailbox.settings(), HELPDESK_AUTHSERV_ID=SERVER):
                    found = flood(mailbox, count)
            finally:
                mailbox.stop()
    finally:
        teardown_databases(databases, verbosity=0)
    sys.stdout.write(
        f"{count:,} mails at once: {found.tickets - 1:,} tickets and that of the mail behind them, {found.left} left,"
        f" {found.answers} strangers answered; {found.seconds:.0f} s, {found.grown:.0f} MB more memory.\n"
    )
    # Those that open tickets of their own, the ticket of the others, and the verified mail behind them (M5).
    good = (found.tickets, found.left) == (limits.UNVERIFIED_MAILS_AN_HOUR + 2, 0) and found.grown < MOST_MEMORY
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
