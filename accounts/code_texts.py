"""The SMS that a code comes in, and the code as it is typed."""

from __future__ import annotations

import unicodedata

from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Purpose
from idportal.hosts import journey_host

_HOSTS = {Purpose.REGISTER: "REGISTER_HOST", Purpose.RESET: "RESET_HOST"}


def text(code: str, purpose: Purpose, language: str) -> str:
    """The SMS: one GSM-7 segment, whose last line binds the code to the host where it is entered (K4).

    Source of that line: WICG, Origin-bound one-time codes delivered via SMS.
    """
    with translation.override(language):
        words = (_to_read_out() if purpose == Purpose.VERIFY else _to_enter()) % code
    return f"{words}\n\n@{journey_host(_HOSTS.get(purpose))} #{code}"


def _to_enter() -> str:
    return gettext("Din säkerhetskod är %s. Den gäller i 10 minuter. Lämna aldrig ut koden till någon.")


def _to_read_out() -> str:
    # To somebody whom a stranger calls, or calls the helpdesk for, this is the one warning (H1). With the longest host
    # names that are likely, of 40 signs, 109 are left of the segment.
    return gettext(
        "Läs upp säkerhetskod %s för helpdesk i samtalet om ditt ärende. Har du inget ärende? Lämna inte ut den."
    )


def plain(code: str) -> str:
    """The digits of a code, however they were typed: in groups, with dashes, full-width."""
    characters = (each for each in unicodedata.normalize("NFKC", code) if not each.isspace())
    # Dashes, and what is not seen: marks of direction come along when a code is copied.
    return "".join(each for each in characters if unicodedata.category(each) not in ("Pd", "Cf"))
