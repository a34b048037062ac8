"""What a mail to the helpdesk costs: reading it, and taking it in, against what can be compared.

`make bench` runs it on PostgreSQL with a real slapd. Reading (all mails of tests/helpdesk/mails) stands beside Python's
own parser, which makes parts of bytes and nothing more; taking in against opening the same request from a form. Hostile
mails stand against an ordinary one. Ends with 1 if one of these takes LIMIT milliseconds or more.
"""

from __future__ import annotations

import email
import email.policy
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402

from deploy.local.cast import ANNA, HEMTJANST_ETT  # noqa: E402
from helpdesk.intake.reading import mime, read  # noqa: E402
from helpdesk.intake.receive import receive  # noqa: E402
from helpdesk.models import Ticket  # noqa: E402
from helpdesk.tickets.creating import TicketDetails, create_ticket  # noqa: E402
from tests.helpdesk.mailing import a_mail  # noqa: E402
from tests.helpdesk.people import a_company, an_orderer  # noqa: E402
from tests.servers.crowd import slapd_with  # noqa: E402

MAILS = Path(__file__).parent.parent / "helpdesk" / "mails"
ROUNDS, WARM_UP = 30, 5
LIMIT = 5000.0  # milliseconds, of one mail that is made to take long


def milliseconds(what: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of so many."""
    times = []
    for round_ in range(min(WARM_UP, rounds) + rounds):
        before = time.perf_counter()
        what()
        if round_ >= min(WARM_UP, rounds):
            times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times)


def tried(raw: bytes) -> None:
    """Reads what may be unreadable."""
    try:
        read(raw)
    except mime.Unreadable:
        return


def hostile() -> dict[str, bytes]:
    """A megabyte each, of what parsers dislike."""
    part = b"--x\nContent-Type: text/plain\n\nhej\n"
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (each, each) for each in range(40))
    size = mime.MOST_BYTES
    return {
        "10,000 parts": b"Content-Type: multipart/mixed; boundary=x\n\n" + part * 10_000,
        "40 levels, then empty lines": deep + b"Content-Type: text/plain\n\n" + b"\n" * size,
        "a subject of 1 MB": b"Subject: " + b"=?a?q?" * (size // 6) + b"\n\nhej",
        "1 MB of tags": b"Content-Type: text/html\n\n" + b"<div>" * (size // 5),
        "labels without end": b"Subject: Koppla nytt mobil nr\n\n" + b"nytt mobil nr som ska " * (size // 22),
        "numbers without end": b"Subject: Koppla nytt mobil nr\n\n" + b"070-174 06 42 " * (size // 14),
    }


def main() -> int:
    mails = [file.read_bytes() for file in sorted(MAILS.glob("*.eml"))]
    out = sys.stdout.write
    plain = milliseconds(lambda: [email.message_from_bytes(raw, policy=email.policy.compat32) for raw in mails])
    ours = milliseconds(lambda: [read(raw) for raw in mails])
    out(f"Reading {len(mails)} mails: {ours / len(mails):.2f} ms each, {ours / plain:.1f} × Python's parser alone.\n\n")
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with slapd_with((ANNA,)) as server, override_settings(**server.settings()):
            company = a_company(HEMTJANST_ETT)
            orderer = an_orderer("Carin Ek", "carin@hemtjanst-ett.example", "+46701740650", company)

            def from_a_form() -> None:
                with transaction.atomic():
                    made = create_ticket(
                        TicketDetails(
                            Ticket.Kind.PHONE,
                            company=company,
                            orderer=orderer,
                            employee_name=ANNA.name,
                            employee_username=ANNA.username,
                            new_number="+46701740690",
                            text=str(time.perf_counter()),
                        ),
                        source=Ticket.Source.CALL,
                    )
                assert made.pk

            form = milliseconds(from_a_form)
            mail = milliseconds(lambda: receive(a_mail()))
    finally:
        teardown_databases(databases, verbosity=0)
    out(f"Taking one in: {mail:.1f} ms, {mail / form:.1f} × opening the same request from a form ({form:.1f} ms).\n\n")
    ordinary = ours / len(mails)
    out("| a mail that is made to take long | ms | × an ordinary one |\n| --- | ---: | ---: |\n")
    worst = 0.0
    for name, raw in hostile().items():
        took = milliseconds(lambda raw=raw: tried(raw), rounds=3)  # type: ignore[misc]
        worst = max(worst, took)
        out(f"| {name} | {took:.0f} | {took / ordinary:.0f} |\n")
    out(f"\n{'None takes' if worst < LIMIT else 'One takes'} {LIMIT:.0f} ms or more.\n")
    return 0 if worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
