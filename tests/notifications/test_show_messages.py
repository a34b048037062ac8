"""``manage.py show_messages``: every text that the portal sends, in both languages, with nothing left out. Issue 10."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.template import Engine

from idportal.channels import sms
from notifications.management.commands.show_messages import events, shown

TEMPLATES = Path(settings.BASE_DIR, "templates")
LEFT_OVER = re.compile(r"%\(|{{|{%|{[a-z0-9_]*}|MISSING|None|^:$", re.MULTILINE)


def output(*args: str) -> str:
    out = StringIO()
    call_command("show_messages", *args, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("event", events())
def test_every_message_is_whole(event: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a template is left in it, no name is unknown, and no mail is without a subject."""
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "MISSING %s")
    messages = list(shown(event, language))
    assert messages
    for message in messages:
        for text in message:
            assert not LEFT_OVER.search(re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL)), text
        if event.startswith("mail/"):
            assert message.subject
            assert message.subject in message.html
            assert message.text.startswith({"sv": "Hej!\n\n", "en": "Hello!\n\n"}[language])
            assert f'<html lang="{language}">' in message.html
        else:
            assert sms.fits(message.text), message.text


@pytest.mark.parametrize("event", events())
def test_every_message_is_translated(event: str) -> None:
    """No paragraph but a row of sample data, and a code, is the same in both languages."""
    for swedish, english in zip(shown(event, "sv"), shown(event, "en"), strict=True):
        ours, theirs = (set(message.text.split("\n\n")) - {"Örebro kommun"} for message in (swedish, english))
        assert [text for text in ours & theirs if not text.startswith("@") and not text.isdigit()] == []


def test_the_command_shows_every_template_of_mail_and_sms() -> None:
    files = [*TEMPLATES.glob("mail/*"), *TEMPLATES.glob("sms/*")]
    names = [str(file.relative_to(TEMPLATES)).removesuffix(".txt") for file in files if file.is_file()]
    assert len(names) > 30
    told = output()
    assert [name for name in names if f"=== {name}: " not in told] == []


def test_one_event_in_one_language() -> None:
    assert output("sms/code_to_read", "--language", "en").startswith("=== sms/code_to_read_out: ")
    assert "Read security code" in output("sms/code_to_read", "--language", "en")
    with pytest.raises(CommandError, match="mail/password_reset"):
        call_command("show_messages", "nothing")
