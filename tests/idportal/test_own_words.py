"""A municipality's own greeting and signature in mails: what is refused at start, and how they get in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from idportal.channels import message_templates, own_words
from notifications.management.commands import show_messages

AT = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)  # the next day in Stockholm
REGION = {
    "MUNICIPALITY_NAME": "Region <Södra> & co",
    "MAIL_GREETING": "God dag från {municipality}!",
    "MAIL_SIGNATURE": "Hälsningar\n{municipality}\nFrågor: {helpdesk}",
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
        ("MAIL_GREETING", "Hej {kommun}", ["{kommun}", "{municipality}, {helpdesk}"]),
        ("MAIL_GREETING", "Hej {municipality", ["'{municipality'"]),
        ("MAIL_GREETING", "Hej {{ municipality }}", ["'{'"]),
        ("MAIL_GREETING", "Hej {municipality.__class__}", ["'{municipality.__class__}'"]),
        ("MAIL_GREETING", "Hej!\nHej!", ["more than 1 line"]),
        ("MAIL_SIGNATURE", "a\nb\nc\nd\ne", ["more than 4 line"]),
        ("MAIL_GREETING", "Hej\t!", ["control characters"]),
    ],
)
def test_a_broken_text_is_refused(settings: Settings, name: str, text: str, words: list[str]) -> None:
    """It names the variable, the placeholder and what is allowed."""
    told = " ".join(found(settings, name, text))
    assert [each for each in [name, *words] if each not in told] == []


@pytest.mark.parametrize("name", own_words.LINES)
def test_whole_texts_are_fine(settings: Settings, name: str) -> None:
    assert found(settings, name, "") == []
    assert found(settings, name, REGION[name]) == []


@pytest.mark.usefixtures("region")
def test_a_text_is_data(settings: Settings) -> None:
    """Its name is markup in no mail, and what stands in a word's braces is not read again."""
    context: dict[str, Any] = {"account": "<b>{municipality}{{ code }}", "at": AT, "link": ""}
    written = message_templates.mail("password_reset", "sv", context)
    assert "<b>{municipality}{{ code }}" in written.text
    assert "&lt;b&gt;{municipality}{{ code }}" in written.html
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
    assert "God dag" not in said("mail/digest", "en"), "they are Swedish: the English stays"
