"""Names in mails: whatever the directory holds is harmless there. Issue 3; security.md H7."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as some

from accounts.directory import Account
from idportal.channels.message_templates import Written
from idportal.text import LONGEST, inert
from notifications import digests
from notifications.digests.compose import Composer
from notifications.digests.rows import DigestRow
from notifications.models import Message
from tests.notifications.digest_world import COLUMNS, DAY, Page, blocks, hemtjanst_ett, lines, runs_out, sent, somebody
from tests.servers.slapd import TestSlapd

SOMEBODY = Account("", "", "", "", "", "", True, False, False, datetime(2026, 1, 1, tzinfo=UTC), None)

# What hypothesis would find only after a long time.
NASTY = some.sampled_from(
    [
        *"=+-@＝<>&\"'{}%\\å\t\r\n\v\f\0\x1b\x85\xa0\ufeff\ud800\ue000",
        *("</td>", "<!--", "]]>", "Konto: ", "{0}", "A\N{COMBINING RING ABOVE}"),
        *map(chr, (0x2028, 0x2029, 0x200B, 0x200E, 0x202E, 0x2066, 0x2069)),
    ]
)
# The one sign that nobody sees which is put in on purpose: it keeps mail programs from making links.
PARTED = "\u2060"
TEXTS = some.lists(some.one_of(NASTY, some.characters()), max_size=30).map("".join)


@given(TEXTS)
def test_it_is_one_line_of_visible_signs_and_no_formula(text: str) -> None:
    found = inert(text).replace(PARTED, "")
    assert found.splitlines() in ([found], [])
    assert [character for character in found if unicodedata.category(character).startswith("C")] == []
    assert [character for character in found if character.isspace() and character != " "] == []
    assert "  " not in found
    assert found == found.strip()
    assert not found.startswith(tuple("=+-@＝＋－＠"))


@given(TEXTS)
def test_what_is_inert_stays_as_it_is(text: str) -> None:
    found = inert(text)
    assert inert(found) == found


@given(some.text())
def test_it_is_cut_at_its_longest(text: str) -> None:
    assert len(inert(text).replace(PARTED, "")) <= LONGEST
    assert len(inert("å" * LONGEST + text)) == LONGEST


@pytest.mark.parametrize("name", ["Åsa", "Zoë-Märta", "O'Hara", "Nuñez", "Đặng", "Ольга", "نور", "李", "Bo C:son", ""])
def test_a_persons_name_stays_as_it_is(name: str) -> None:
    assert inert(name) == unicodedata.normalize("NFC", name)


def composed(given_name: str, surname: str, username: str) -> Written:
    """A mail that tells of one person."""
    account = replace(SOMEBODY, given_name=given_name, surname=surname, username=username)
    with translation.override("sv"):
        return Composer().to_recipients([DigestRow(account, date(2026, 1, 1), 0, registered=False)])


@given(given_name=TEXTS, surname=TEXTS, username=TEXTS)
def test_in_the_mail_too_it_is_one_cell_of_one_row(given_name: str, surname: str, username: str) -> None:
    """Read back by a parser of HTML, and by its labels from the text, the mail has one line with these values."""
    found = composed(given_name, surname, username)
    expected = [inert(given_name), inert(surname), inert(username), "2026-01-01", "0", "inte registrerat"]
    page = Page(found.html)
    assert page.rows == [COLUMNS, expected]
    assert blocks(Message(text=found.text)) == [expected]
    assert page.elements == Page(composed("Stefan", "Lind", "lovstlin32").html).elements, "no markup of its own"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("Åsa-Märta", "Åsa-Märta"),
        ("A\N{COMBINING RING ABOVE}sa", "Åsa"),
        ('Bo "Bosse" O\'Hara', 'Bo "Bosse" O\'Hara'),
        ("<b>Bo</b><script>alert(1)</script>", "<b>Bo</b><script>alert(1)</script>"),
        ("Bo & Söner &amp; Co", "Bo & Söner &amp; Co"),
        ("Bo\nDagar kvar: 99\r\n\r\nKonto: admin", "Bo Dagar kvar: 99 Konto: admin"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}niL oB", "niL oB"),
        ("Bo\x00\x1b[2J\x07", "Bo[2J"),
        ('=HYPERLINK("https://example.org")', '\'=HYPERLINK("https:\u2060//example.org")'),
        ("Byt på www.portal.example", "Byt på www\u2060.portal.example"),
        ("helpdesk@portal.example", "helpdesk\u2060@portal.example"),
        ("+46", "'+46"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("{0.__class__} {register} %s %(x)s", "{0.__class__} {register} %s %(x)s"),
        ("{% now 'Y' %}{{ groups }}", "{% now 'Y' %}{{ groups }}"),
    ],
)
def test_a_name_only_stands_there(empty_server: TestSlapd, given_name: str, shown: str) -> None:
    """In both parts: no markup, no second line, no formula, nothing that is filled in."""
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32", given_name), DAY)
    digests.run(DAY)
    (found,) = sent()
    assert blocks(found) == lines(found) == [[shown, "Lind", "lovstlin32", "2026-09-14", "0", "inte registrerat"]]
    assert "<script" not in found.html
    assert not re.search(r"<b>", found.html)
    assert len(re.findall("^Dagar kvar: ", found.text, re.MULTILINE)) == 1
