"""The colours of mails are the portal's, in both schemes: those of portal.css, which no mail can load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from idportal.channels import message_templates
from notifications.management.commands.show_messages import shown

SHEET = Path(settings.BASE_DIR, "idportal/static/idportal/portal.css")
BUTTON = re.compile(r'<a class="button" href="[^"]+" style="[^"]*background:(#\w+);color:(#\w+);')


def tokens(scheme: str) -> dict[str, str]:
    """The first block has the light scheme's, the second one what the dark scheme has in their place."""
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in _roots()[:2])
    return {name: _long(value) for name, value in (light | dark if scheme == "dark" else light).items()}


def _roots() -> list[str]:
    return re.findall(r":root \{(.*?)\}", SHEET.read_text(encoding="utf-8"), re.DOTALL)


def _long(value: str) -> str:
    return "#" + "".join(2 * digit for digit in value[1:]) if len(value) == 4 else value


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_are_those_of_the_pages(scheme: str) -> None:
    of_pages, of_mails = tokens(scheme), message_templates.everywhere()[scheme]
    assert len(of_mails) >= 5
    assert {name: of_pages[name.replace("_", "-")] for name in of_mails} == of_mails


@pytest.mark.parametrize("event", ["mail/digest", "mail/digest_to_helpdesk", "mail/sign_in_link", "mail/phone_linked"])
def test_no_mail_has_another(event: str) -> None:
    known = {value for scheme in ("light", "dark") for value in message_templates.everywhere()[scheme].values()}
    for mail in shown(event, "sv"):
        assert set(re.findall(r"#[0-9a-f]{6}\b", mail.html)) <= known


@pytest.mark.parametrize("event", ["mail/digest", "mail/sign_in_link", "mail/recipient_confirm"])
def test_there_is_one_button(event: str) -> None:
    light = message_templates.everywhere()["light"]
    for mail in shown(event, "sv"):
        assert BUTTON.findall(mail.html) == [(light["action"], light["action_ink"])]
