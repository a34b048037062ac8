"""The SMS that a code comes in, and the code as it is typed."""

from __future__ import annotations

import unicodedata

from django.views.decorators.debug import sensitive_variables

from accounts.models import Purpose
from idportal import message_templates
from idportal.hosts import journey_host

_HOSTS = {Purpose.REGISTER: "REGISTER_HOST", Purpose.RESET: "RESET_HOST"}


@sensitive_variables("code")
def text(code: str, purpose: Purpose, language: str) -> str:
    """The SMS: one GSM-7 segment, whose last line binds the code to the host where it is entered (K4).

    Source of that line: WICG, Origin-bound one-time codes delivered via SMS.
    """
    event = "code_to_read_out" if purpose == Purpose.VERIFY else "code"
    return message_templates.sms(event, language, {"code": code, "host": journey_host(_HOSTS.get(purpose))})


def plain(code: str) -> str:
    """The digits of a code, however they were typed: in groups, with dashes, full-width."""
    characters = (each for each in unicodedata.normalize("NFKC", code) if not each.isspace())
    # Dashes, and what is not seen: marks of direction come along when a code is copied.
    return "".join(each for each in characters if unicodedata.category(each) not in ("Pd", "Cf"))
