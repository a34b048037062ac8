"""``python -m tests.example_mail``: docs/example-mail.eml, the mail of the manual's own example.

From a real directory in which the manual's two accounts have 15 and 7 days left, as a real mail server takes it in.
Only what differs each time is made the same: Message-ID, date, and the line between the parts.

The manual's example contradicts itself by a day: 2021-10-16 is in 15 days on 1 October, 2021-10-09 is in 7 days on the
2nd. Here it is the 1st and both have the manual's days left, so that Karl's password runs out on 2021-10-08. The most
urgent comes first, which the manual's table has last; "Mobilnummer" and the words below the table are new.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import django
from django.apps import apps

if not apps.ready:  # run as a program
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    for _name in ("DATABASE_URL", "DATABASE_URL_FILE"):
        os.environ.pop(_name, None)
    django.setup()

from django.test import override_settings
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

from deploy.local.cast import KARL, STEFAN
from notifications import digests
from notifications.outbox import smtp as relay
from tests.conftest import has_number
from tests.notifications.digest_world import hemtjanst_ett, remove_everybody, runs_out
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp

FILE = Path(__file__).resolve().parent.parent / "docs" / "example-mail.eml"

DAY = date(2021, 10, 1)
SIX = datetime(2021, 10, 1, 4, 0, tzinfo=UTC)  # in the morning, in Örebro
STEFAN_LIND = replace(STEFAN, username="lovxxxx")
KARL_LIND = replace(KARL, username="lovyyy")

PORTAL = {
    "PORTAL_URL": "https://losenord.orebro.se",
    "REGISTER_HOST": "pwreg.orebro.se",
    "RESET_HOST": "pwreset.orebro.se",
    "MUNICIPALITY_NAME": "Örebro Kommun",
    "HELPDESK_EMAIL": "it-helpdesk@orebro.se",
    "DEFAULT_FROM_EMAIL": "it-helpdesk@orebro.se",
}


def compose(server: TestSlapd, smtp: PrivateSmtp) -> bytes:
    """The mail, in a database that is empty, with the line ends of this system."""
    to_smtp = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": smtp.port,
    }
    with override_settings(**server.settings(), **PORTAL, **to_smtp):
        remove_everybody(server)
        runs_out(server, STEFAN_LIND, DAY + timedelta(15))
        runs_out(server, KARL_LIND, DAY + timedelta(7))
        has_number(STEFAN_LIND)
        hemtjanst_ett()
        (mail,) = digests.look(DAY).mails
        message = mail.composed()
        message.uid, message.created_at = uuid.UUID(int=0x15_07), SIX
        smtp.clear()
        relay.send(message)
    (kept,) = (smtp.folder / "mails").glob("*.eml")
    _envelope, received = kept.read_bytes().replace(b"\r\n", b"\n").split(b"\n", 1)
    return _same_boundary(received)


def _same_boundary(mail: bytes) -> bytes:
    found = re.search(rb'boundary="([^"]+)"', mail)
    assert found, "the mail has two parts"
    return mail.replace(found[1], b"=_the_line_between_the_parts_=")


def main() -> int:
    """Writes the file. Returns the exit code."""
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as name, PrivateSmtp(Path(name, "smtp")) as smtp:
            server = TestSlapd(Path(name, "slapd"))
            server.start()
            try:
                FILE.write_bytes(compose(server, smtp))
            finally:
                server.stop()
    finally:
        teardown_databases(databases, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
