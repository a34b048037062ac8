"""What the mail says is to be done: manual-sv.md "Påminnelse…" and "Support". Issue 3."""

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

REGISTERED = (
    "Mobilnummer registrerat: Medarbetaren byter lösenordet på https://pwreset.orebro.se med en säkerhetskod som "
    "kommer i ett SMS. Det går också när lösenordet har gått ut.\n"
)
WITHOUT = (
    "Mobilnummer inte registrerat: Medarbetaren registrerar först sitt mobilnummer på https://pwreg.orebro.se med "
    "sitt nuvarande lösenord. Det måste göras innan lösenordet går ut. Sedan går det att byta lösenordet på "
    "https://pwreset.orebro.se\n"
)
RAN_OUT = (
    "Lösenordet utgånget: Om mobilnumret inte är registrerat, eller om medarbetaren inte längre har den telefonen, "
    "behövs hjälp: behörig beställare mejlar it-helpdesk@orebro.se med dessa uppgifter.\n"
)
FIELDS = """\
- Ämne: Koppla nytt mobil nr
- Behörig beställare
- Namn och användarnamn på Personalen
- Nytt mobil nr som ska kopplas
"""


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
    return text.split("Det här behöver göras\n\n")[1].split("\nDetta mail skickades automatiskt", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("registered", "left", "expected"),
    [
        (True, 7, [REGISTERED]),
        (True, 0, [REGISTERED]),
        (False, 7, [WITHOUT]),
        (False, 0, [WITHOUT]),
        (False, -1, [RAN_OUT + FIELDS]),
        (True, -1, [REGISTERED, RAN_OUT + FIELDS]),
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


def test_the_mail_to_the_helpdesk_is_a_link_that_fills_in_the_manuals_subject(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    digests.run(DAY - timedelta(2))
    runs_out(empty_server, KARL, DAY - timedelta(1))
    assert "mailto:it-helpdesk@orebro.se?subject=Koppla%20nytt%20mobil%20nr" in Page(the_mail().html).links
