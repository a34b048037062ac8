"""Texts whose frame is kept are those that the template makes, whatever the words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from idportal import message_templates

AT = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)  # the next day in Stockholm
WORDS: dict[str, dict[str, str]] = {
    "sv": {"at_date": "1 december 2026", "at_time": "00:05", "at_stamp": "2026-12-01 00:05"},
    "en": {"at_date": "1 December 2026", "at_time": "00:05", "at_stamp": "2026-12-01 00:05"},
}


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("template", message_templates._KEPT)
def test_a_kept_text_is_the_one_that_the_template_makes(template: str, html: bool, language: str) -> None:
    layout = f"mail/base/notice.{'html' if html else 'txt'}"
    with translation.override(language):
        for name, link in (("lovstlin32", ""), ("<b>&'%s{{ code }}", "https://a.example/?b&c"), ("", ""), ("å", "")):
            words: dict[str, Any] = {"account": name, "code": "123456", "host": "a.example", "link": link}
            words["layout"] = layout
            kept = message_templates._render(template, {**words, "at": AT}, html=html)
            assert kept == message_templates._made(template, {**words, **WORDS[language]}, html=html)
            assert "123456" in kept or "00:05" in kept


@pytest.mark.parametrize("names", [("lovstlin32", ""), ("", "lovstlin32")])
def test_a_text_with_a_name_and_one_without_are_two(names: tuple[str, str]) -> None:
    with translation.override("sv"):
        for name in names:
            kept = message_templates._render("sms/password_reset.txt", {"account": name, "at": AT})
            assert kept == message_templates._made(
                "sms/password_reset.txt", {"account": name, **WORDS["sv"]}, html=False
            )
