"""What the mail says, and how: manual-sv.md "Påminnelse…" and "Support"; issue 3."""

from __future__ import annotations

import re
from datetime import timedelta
from email import policy
from email.parser import BytesParser

import pytest
from django.core import mail as django_mail
from django.utils import translation
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from deploy.local.cast import ANNA, CARIN, KARL, STEFAN
from notifications import digests
from notifications.models import Message
from tests.conftest import has_number
from tests.notifications.digest_world import (
    COLUMNS,
    DAY,
    Page,
    blocks,
    hemtjanst_ett,
    lines,
    runs_out,
    sent,
    somebody,
)
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db]

# As the manual has it, with its own addresses.
OPENING = """\
Hej!

Lösenordet till nedanstående medarbetare håller på att gå ut.

Var vänlig se till att byta lösenordet innan det går ut.

För att kunna byta lösenord måste medarbetaren registrera sitt mobiltelefonnummer på https://pwreg.orebro.se

När medarbetaren har registrerat sitt mobiltelefonnummer (behövs bara första gången), så går det att byta lösenordet \
på https://pwreset.orebro.se

"""
CLOSING = """\

Detta mail skickades automatiskt från systemet.

Med vänliga hälsningar
Örebro Kommun
"""


@pytest.fixture(autouse=True)
def as_in_the_manual(settings: Settings) -> None:
    settings.PORTAL_URL = "https://losenord.orebro.se"
    settings.REGISTER_HOST, settings.RESET_HOST = "pwreg.orebro.se", "pwreset.orebro.se"
    settings.MUNICIPALITY_NAME, settings.HELPDESK_EMAIL = "Örebro Kommun", "it-helpdesk@orebro.se"


@pytest.fixture
def stefan_and_karl(empty_server: TestSlapd) -> None:
    """15 and 7 days left; Stefan has a number, Karl has none."""
    hemtjanst_ett()
    runs_out(empty_server, STEFAN, DAY + timedelta(15))
    runs_out(empty_server, KARL, DAY + timedelta(7))
    has_number(STEFAN)


def the_mail() -> Message:
    digests.run(DAY)
    (found,) = sent()
    return found


@pytest.mark.usefixtures("stefan_and_karl")
def test_subject_and_text_are_the_manuals_word_for_word() -> None:
    found = the_mail()
    assert (found.to, found.subject, found.kind) == (CARIN.mail, "Utgående lösenord", Message.Channel.MAIL)
    assert found.purpose == Message.Topic.DIGEST
    assert found.company
    assert found.company.name == STEFAN.company
    assert found.text.startswith(OPENING)
    assert found.text.endswith(CLOSING)
    assert Page(found.html).text.startswith(" ".join(OPENING.split()))
    assert Page(found.html).text.endswith(" ".join(CLOSING.split()))


@pytest.mark.usefixtures("stefan_and_karl")
def test_the_table_has_the_manuals_columns_and_then_the_number() -> None:
    found = the_mail()
    assert Page(found.html).rows == [
        COLUMNS,
        ["Karl", "Lind", "lovkalin01", "2026-09-21", "7", "inte registrerat"],
        ["Stefan", "Lind", "lovstlin32", "2026-09-29", "15", "registrerat"],
    ]


@pytest.mark.usefixtures("stefan_and_karl")
def test_the_text_part_has_a_block_for_each_person() -> None:
    """A table would be broken up on a phone."""
    assert (
        """
Förnamn: Karl
Efternamn: Lind
Konto: lovkalin01
Förfalldatum: 2026-09-21
Dagar kvar: 7
Mobilnummer: inte registrerat

Förnamn: Stefan
"""
        in the_mail().text
    )


def test_the_most_urgent_come_first_and_then_the_name(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    for username, given_name, surname, left in (
        ("lov1", "Bo", "Ek", 7),
        ("lov2", "Bo", "Berg", 30),
        ("lov3", "Anna", "Ek", 7),
        ("lov4", "Bo", "alm", 7),
        ("lov5", "Bo", "Ek", 0),
        ("lov6", "Bo", "Ek", 1),
    ):
        runs_out(empty_server, somebody(username, given_name, surname), DAY + timedelta(left))
    found = the_mail()
    order = ["lov5", "lov6", "lov4", "lov3", "lov1", "lov2"]
    assert [cells[2] for cells in lines(found)] == [cells[2] for cells in blocks(found)] == order


def test_both_parts_say_the_same_in_the_same_order(empty_server: TestSlapd) -> None:
    """Every word of one but for the labels, which are heads of columns there."""
    hemtjanst_ett()
    for person, left in ((STEFAN, 15), (KARL, 0), (ANNA, -1)):
        runs_out(empty_server, person, DAY + timedelta(left))
    has_number(STEFAN)
    digests.run(DAY - timedelta(1))
    digests.run(DAY + timedelta(1))
    for found in sent():
        page = Page(found.html)
        assert lines(found) == blocks(found)
        text = re.sub("".join(rf"{column}: (.*)\n" for column in COLUMNS), r"\1 \2 \3 \4 \5 \6", found.text)
        text = re.sub(r"^- ", "", text, flags=re.MULTILINE)
        assert text.split() == page.text.replace(" ".join(COLUMNS), "").split()


@pytest.mark.usefixtures("stefan_and_karl")
def test_addresses_are_links() -> None:
    links = Page(the_mail().html).links
    assert set(links) == {
        "https://pwreg.orebro.se",
        "https://pwreset.orebro.se",
        "https://losenord.orebro.se/bestallare/",
    }


def test_without_hosts_of_their_own_the_journeys_are_on_the_portal(empty_server: TestSlapd, settings: Settings) -> None:
    settings.REGISTER_HOST = settings.RESET_HOST = ""
    hemtjanst_ett()
    runs_out(empty_server, KARL, DAY)
    found = the_mail()
    assert "mobiltelefonnummer på https://losenord.orebro.se/registrera/\n" in found.text
    assert "byta lösenordet på https://losenord.orebro.se/aterstall/\n" in found.text


# --- The mail as such ----------------------------------------------------------------------------


@pytest.mark.usefixtures("stefan_and_karl")
def test_it_is_swedish_whatever_language_is_active() -> None:
    with translation.override("en"):
        found = the_mail()
    assert found.subject == "Utgående lösenord"
    assert found.text.startswith(OPENING)
    assert "medarbetaren byter lösenord, även när det har gått ut." in found.text


@pytest.mark.usefixtures("stefan_and_karl")
def test_it_is_delivered_as_an_automatic_mail_with_both_parts(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        digests.run(DAY)
    (raw,) = django_mail.outbox
    received = BytesParser(policy=policy.default).parsebytes(raw.message().as_bytes())
    assert received["Auto-Submitted"] == "auto-generated"
    assert (received["To"], received["Cc"], received["Bcc"]) == (CARIN.mail, None, None)
    assert received["Subject"] == "Utgående lösenord"
    assert [part.get_content_type() for part in received.iter_parts()] == ["text/plain", "text/html"]
    plain = received.get_body(("plain",))
    assert plain is not None
    assert plain.get_content() == sent()[0].text


@pytest.mark.usefixtures("stefan_and_karl")
def test_the_html_needs_nothing_from_elsewhere_and_can_be_read_aloud() -> None:
    page = Page(the_mail().html)
    named = [name for name, _ in page.elements]
    assert not {"img", "link", "script", "iframe", "object", "form", "base", "svg"} & set(named)
    loading = [value for _, values in page.elements for name, value in values.items() if name in ("src", "background")]
    assert loading == []
    assert "url(" not in the_mail().html
    assert "@import" not in the_mail().html
    assert page.elements[0] == ("html", {"lang": "sv"})
    heads = [values for name, values in page.elements if name == "th"]
    assert [head.get("scope") for head in heads] == ["col"] * 6
    assert named.count("table") == 1, "no table but the one that is one"


@pytest.mark.usefixtures("stefan_and_karl")
def test_no_letter_is_smaller_than_16_pixels() -> None:
    sizes = [int(size) for size in re.findall(r"font-size:\s*(\d+)px", the_mail().html)]
    assert sizes
    assert min(sizes) == 16
