"""The SMS that a code comes in."""

from __future__ import annotations

from django.views.decorators.debug import sensitive_variables

from accounts.models import Purpose
from idportal import texts
from idportal.hosts import journey_host

_HOSTS = {Purpose.REGISTER: "REGISTER_HOST", Purpose.RESET: "RESET_HOST"}


@sensitive_variables("code")
def text(code: str, purpose: Purpose, language: str) -> str:
    """The SMS: one GSM-7 segment, whose last line binds the code to the host where it is entered (K4).

    Source of that line: WICG, Origin-bound one-time codes delivered via SMS.
    """
    event = "code_to_read_out" if purpose == Purpose.VERIFY else "code"
    return texts.sms(event, language, {"code": code, "host": journey_host(_HOSTS.get(purpose))})
