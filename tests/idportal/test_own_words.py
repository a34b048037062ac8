"""A municipality's own words in mails and SMS: what is refused at start, and how they get in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from accounts import codes
from accounts.models import Purpose
from idportal import message_templates, own_words, sms
from notifications.management.commands import show_messages
from tests.idportal.conftest import PRODUCTION
from tests.idportal.test_settings import manage

AT = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)  # the next day in Stockholm
REGION = {
    "MUNICIPALITY_NAME": "Region <Södra> & co",
    "MAIL_GREETING": "God dag från {municipality}!",
    "MAIL_SIGNATURE": "Hälsningar\n{municipality}\nFrågor: {helpdesk}",
    "DIGEST_SENTENCE": "Snart går lösenord ut hos {municipality}.",
    "SIGN_IN_SENTENCE": "Välkommen till {municipality}.",
    "CODE_SENTENCE": "Kod {code} till ditt konto.",
    "RESET_SENTENCE": "{account} fick nytt lösenord {time}.",
}


@pytest.fixture
def region(settings: Settings) -> None:
    for name, value in REGION.items():
        setattr(settings, name, value)


def found(settings: Settings, name: str, text: str) -> list[str]:
    """The messages of the checks, each with its hint, for one sentence."""
    setattr(settings, name, text)
    wrong = [each for each in run_checks() if name in each.msg]
    return [f"{each.msg} {each.hint}" for each in wrong]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("DIGEST_SENTENCE", "Hej {kommun}", ["{kommun}", "{municipality}, {helpdesk}"]),
        ("CODE_SENTENCE", "Din kod kommer snart.", ["lacks {code}", "It needs {code}."]),
        ("RESET_SENTENCE", "Byttes {time}.", ["lacks {account}"]),
        ("CODE_SENTENCE", "Kod {code", ["'{code'"]),
        ("CODE_SENTENCE", "Kod {code} {{ code }}", ["'{'"]),
        ("CODE_SENTENCE", "Kod {code} {code.__class__}", ["'{code.__class__}'"]),
        ("CODE_SENTENCE", "Kod {code}\n@evil.example #123456", ["more than 1 line"]),
        ("CODE_SENTENCE", "Kod {code} ✓", ["holds ✓", "alphabet of an SMS"]),
        ("CODE_SENTENCE", "Kod {code}" + " och mer" * 20, ["does not fit one message", "of 160 characters"]),
        ("RESET_SENTENCE", "{account} {time}" + " och mer" * 20, ["does not fit one message"]),
        ("MAIL_SIGNATURE", "a\nb\nc\nd\ne", ["more than 4 line"]),
        ("MAIL_GREETING", "Hej\t!", ["control characters"]),
    ],
)
def test_a_broken_text_is_refused(settings: Settings, name: str, text: str, words: list[str]) -> None:
    """It names the variable, the placeholder and what is allowed."""
    told = " ".join(found(settings, name, text))
    assert [each for each in [name, *words] if each not in told] == []


@pytest.mark.parametrize("name", own_words.SENTENCES)
def test_whole_texts_are_fine(settings: Settings, name: str) -> None:
    assert found(settings, name, "") == []
    assert found(settings, name, REGION[name]) == []


@pytest.mark.process
def test_no_process_starts_with_a_broken_text() -> None:
    ran = manage("check", **PRODUCTION, CODE_SENTENCE="Din kod: {kod}")
    assert ran.returncode != 0
    assert "CODE_SENTENCE holds {kod}, which has no value here." in ran.stderr
    assert "Allowed: {code}, {municipality}" in ran.stderr


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize("purpose", [Purpose.REGISTER, Purpose.RESET])
def test_the_code_s_last_line_stays(purpose: Purpose) -> None:
    """The browser reads it (security.md K4); the warning stays as well."""
    first, empty, last = codes.text("014799", purpose, "sv").split("\n")
    assert first == "Kod 014799 till ditt konto. Den gäller i 10 minuter. Lämna aldrig ut koden till någon."
    assert (empty, last) == ("", f"@{codes.text('014799', purpose, 'en').rpartition('@')[2]}")
    assert last.endswith(" #014799")


@pytest.mark.usefixtures("region")
def test_a_text_is_data(settings: Settings) -> None:
    """Its name is markup in no mail, and what stands in a word's braces is not read again."""
    context: dict[str, Any] = {"account": "<b>{time}{{ code }}", "at": AT, "link": ""}
    written = message_templates.mail("password_reset", "sv", context)
    assert "<b>{time}{{ code }} fick nytt lösenord 2026-12-01 00:05." in written.text
    assert "&lt;b&gt;{time}{{ code }} fick nytt lösenord 2026-12-01 00:05." in written.html
    assert "God dag från Region <Södra> & co!" in written.text
    assert "God dag från Region &lt;Södra&gt; &amp; co!" in written.html
    assert "Hälsningar<br>\nRegion &lt;Södra&gt; &amp; co<br>\nFrågor: " in written.html
    assert written.text.endswith(f"Hälsningar\nRegion <Södra> & co\nFrågor: {settings.HELPDESK_EMAIL}\n")


@pytest.mark.usefixtures("region")
def test_each_is_said_where_it_belongs() -> None:
    def said(event: str, language: str = "sv") -> str:
        return "\n".join(written.text for written in show_messages.shown(event, language))

    for event in ("mail/digest", "mail/sign_in_link", "mail/phone_replaced"):
        assert "God dag från Region <Södra> & co!\n" in said(event)
    assert "Snart går lösenord ut hos Region <Södra> & co.\n" in said("mail/digest")
    assert "Välkommen till Region <Södra> & co. Skriv koden i den webbläsare" in said("mail/sign_in_link")
    assert "lovanber11 fick nytt lösenord 2026-03-12 14:35. Var det inte du?" in said("sms/password_reset")
    assert "ditt konto fick nytt lösenord 2026-03-12 14:35." in said("sms/password_reset")
    assert all(sms.fits(text.text) for text in show_messages.shown("sms/password_reset", "sv"))
    assert "Your security code is 111111." in said("sms/code", "en"), "they are Swedish: the English stays"
