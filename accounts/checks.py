"""System checks of the environment of accounts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from accounts import codes
from accounts.models import Purpose
from idportal import sms


@register
def codes_fit_one_sms(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A host name so long that a code would cost two messages, or be cut in two, is an error (security.md K4)."""
    longest = (codes.text("000000", purpose, language) for purpose in Purpose for language in ("sv", "en"))
    if all((length := sms.septets(text)) is not None and length <= sms.SEGMENT for text in longest):
        return []
    return [
        Error(
            "The SMS with the code does not fit one message: the host name is too long, or holds odd characters.",
            hint="Use a shorter REGISTER_HOST, RESET_HOST or PORTAL_URL.",
            id="accounts.E001",
        )
    ]
