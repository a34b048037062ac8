"""What the mail advises: manual-sv.md "Påminnelse…" and "Support". Issue 3."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from deploy.local.cast import KARL, STEFAN
from notifications import digests
from notifications.models import Message
from tests.conftest import has_number
from tests.notifications.digest_world import DAY, Page, hemtjanst_ett, runs_out, sent
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db]

ORDERERS = """\
Behörig beställare ser alla medarbetare på beställarens sidor.

Till beställarens sidor
https://losenord.orebro.se/bestallare/

Förnamn: """
REGISTERED = "Mobilnummer registrerat: medarbetaren byter lösenord, även när det har gått ut.\n"
WITHOUT = "Mobilnummer inte registrerat: medarbetaren registrerar det innan lösenordet går ut.\n"
RAN_OUT = (
    "Lösenordet utgånget: saknas mobilnumret, eller är mobilen borta, begär behörig beställare ett nytt på "
    "beställarens sidor.\n"
)


@pytest.fixture(autouse=True)
def as_in_the_manual(settings: Settings) -> None:
    settings.PORTAL_URL = "https://losenord.orebro.se"
    settings.REGISTER_HOST, settings.RESET_HOST = "pwreg.orebro.se", "pwreset.orebro.se"
    settings.MUNICIPALITY_NAME, settings.HELPDESK_EMAIL = "Örebro Kommun", "it-helpdesk@orebro.se"


def the_mail() -> Message:
    digests.run(DAY)
    (found,) = sent()
    return found


def advice(message: Message) -> str:
    """What stands below the table, up to the manual's last lines."""
    text: str = message.text
    return text.split("Så läser ni listan\n\n")[1].split("\nDetta mail skickades automatiskt", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("registered", "left", "expected"),
    [
        (True, 7, [REGISTERED]),
        (True, 0, [REGISTERED]),
        (False, 7, [WITHOUT]),
        (False, 0, [WITHOUT]),
        (False, -1, [RAN_OUT]),
        (True, -1, [REGISTERED, RAN_OUT]),
    ],
)
def test_it_says_what_to_do_in_the_cases_that_occur_and_in_no_other(
    empty_server: TestSlapd, registered: bool, left: int, expected: list[str]
) -> None:
    hemtjanst_ett()
    digests.run(DAY - timedelta(2))
    runs_out(empty_server, STEFAN, DAY + timedelta(left))
    if registered:
        has_number(STEFAN)
    assert advice(the_mail()) == "\n".join(expected)


def test_it_leads_to_the_orderers_pages_and_sends_nobody_to_the_helpdesk(empty_server: TestSlapd) -> None:
    """Above the table, and once."""
    hemtjanst_ett()
    digests.run(DAY - timedelta(2))
    runs_out(empty_server, KARL, DAY - timedelta(1))
    found = the_mail()
    assert ORDERERS in found.text
    assert found.text.count("/bestallare/") == 1
    assert Page(found.html).links.count("https://losenord.orebro.se/bestallare/") == 2, "the button, and its address"
    assert "it-helpdesk@orebro.se" not in found.text + found.html
