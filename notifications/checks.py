"""System checks of the settings that notices and the outbox depend on."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils import timezone, translation

from accounts import phones
from accounts.models import PhoneLink
from idportal.channels import sms
from notifications import notices

SHORTEST_HOLD = 5 * 60  # seconds: an SMS may take some minutes, and so may its reader


@register
def notices_fit_one_sms(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterator[CheckMessage]:
    """A helpdesk address so long that a notice would not fit, even without the user name, is an error."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            texts = [notices.sms_text(purpose, "", timezone.now()) for purpose in notices.BY_SMS]
        if not all(map(sms.fits, texts)):
            yield Error(
                "An SMS that tells of a change does not fit one message: HELPDESK_EMAIL is too long, or holds odd "
                "characters.",
                hint="Use a shorter HELPDESK_EMAIL, of the letters a to z.",
                id="notifications.E001",
            )
            return


@register
def links_can_be_stopped(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterator[CheckMessage]:
    """An SMS to the old number must hold the address at which a link is stopped, and leave time for it (H4)."""
    url = phones.stop_address("x" * phones.TOKEN_LENGTH)
    # The longest text: a deadline on the next day names the day, too.
    made = datetime(2026, 12, 30, 12, tzinfo=UTC)
    words = {"account": "", "orderer": "", "made": made, "until": made + timedelta(days=1), "url": url}
    events = ("phone_linked", "phone_link_told", "phone_link_told_removed", "phone_link_stopped")
    texts = [notices.link_sms_text(event, words) for event in events]
    longest = PhoneLink(made_at=made, usable_from=made + timedelta(days=1))
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            texts.append(notices.stop_sms_text("", longest, url))
    if not all(map(sms.fits, texts)):
        yield Error(
            "An SMS that tells of a new number does not fit one message: PORTAL_URL or RESET_HOST is too long.",
            hint="Use a shorter PORTAL_URL: 60 characters are enough for anyone.",
            id="notifications.E003",
        )
    # Not in a demo on this machine, where nobody wants to wait.
    if settings.PHONE_LINK_HOLD < SHORTEST_HOLD and not settings.LOCAL:
        yield Warning(
            f"PHONE_LINK_HOLD is {settings.PHONE_LINK_HOLD} s: the people who are told of a linked number have "
            "hardly time to stop it.",
            hint=f"At least {SHORTEST_HOLD} s; unset, it is 15 minutes.",
            id="notifications.W004",
        )
