"""The words of mails and SMS, a template for each event: ``templates/mail/<event>.txt``, ``templates/sms/<event>.txt``.

Nothing of a plain text is escaped. Names in a context are one line that does nothing (``idportal.text.inert``).
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.template import Context, Engine
from django.utils import translation
from django.views.decorators.debug import sensitive_variables

from idportal.channels import sms as gateways
from idportal.web.hosts import journey_url
from idportal.web.identity import look

SHORTER = "\n---\n"  # between the texts of an SMS


class Written(NamedTuple):
    """A mail without its receiver."""

    subject: str
    text: str
    html: str


@sensitive_variables()
def mail(
    event: str,
    language: str,
    context: Mapping[str, Any],
    *,
    layout: str = "notice",
    links: Mapping[str, str] | None = None,
) -> Written:
    """The mail in both formats: its template fills the blocks of ``mail/base/<layout>.txt`` and then of the ``.html``.

    The first line of the text is the subject. ``context["link"]`` is the address behind the one button, if any.
    ``links`` replaces values of the context in the HTML alone.
    """
    with translation.override(language):
        text = _render(f"mail/{event}.txt", {**context, "layout": f"mail/base/{layout}.txt"})
        html_context = {**context, **(links or {}), "layout": f"mail/base/{layout}.html"}
        html = _render(f"mail/{event}.txt", html_context, html=True)
    subject, _, text = text.strip().partition("\n")
    # One empty line between paragraphs, however many tags stood there, and none around them.
    return Written(subject, re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n", html)


@sensitive_variables()
def sms(event: str, language: str, context: Mapping[str, Any]) -> str:
    """The first of the template's texts that is one GSM-7 segment.

    The texts get shorter. If none fits, the last one; the system checks report that beforehand.
    """
    with translation.override(language):
        texts = _render(f"sms/{event}.txt", context).split(SHORTER)
    filled = [text.strip() for text in texts if text.strip()]
    return next((text for text in filled if gateways.fits(text)), filled[-1])


def part(template: str, context: Mapping[str, Any], *, html: bool = False) -> str:
    """A template of ``mail/base/``, in the active language."""
    return _render(f"mail/base/{template}", context, html=html)


def _render(template: str, context: Mapping[str, Any], *, html: bool = False) -> str:
    found = Engine.get_default().get_template(template)
    return str(found.render(Context({**everywhere(), **context}, autoescape=html)))


# Mails take no style sheet: these are the tokens of portal.css, of both schemes. The municipality's colour joins them.
_LIGHT = {"paper": "#ffffff", "ink": "#13242b", "line": "#c5d2d6", "edge": "#5a6f78", "action_ink": "#ffffff"}
_DARK = {"paper": "#0f191e", "ink": "#eaf1f3", "line": "#3a4d56", "action_ink": "#06222b"}


def everywhere() -> dict[str, Any]:
    """The context of every text. ``light`` and ``dark``: the colours of mails."""
    identity = look.current()
    return {
        "light": {**_LIGHT, "action": identity.action},
        "dark": {**_DARK, "action": identity.action_in_the_dark},
        "language": translation.get_language(),
        "municipality": settings.MUNICIPALITY_NAME,
        "service": identity.service_in_a_sentence,
        "helpdesk": settings.HELPDESK_EMAIL,
        "register": journey_url("REGISTER_HOST", "" if settings.REGISTER_HOST else "/registrera/"),
        "orderers": f"{settings.PORTAL_URL}/bestallare/",
        "reset": journey_url("RESET_HOST", "" if settings.RESET_HOST else "/aterstall/"),
    }
