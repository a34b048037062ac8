"""System checks of the settings that accounts depends on."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts import codes
from accounts.directory import DirectoryError, connect_staff
from accounts.models import Purpose
from accounts.passwords import breached
from accounts.privacy import statements
from accounts.staff import passkeys
from idportal.channels import sms

GROUP_UNREADABLE = "accounts.E005"


@register
def codes_fit_one_sms(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A host name so long that a code would cost two messages, or be cut in two, is an error (security.md K4)."""
    matters: tuple[dict[str, str], ...] = (
        {},
        {"kind": "phone", "account": "m" * 20, "digits": "00"},
        {"kind": "recipients", "company": "m" * 100},
    )
    texts = [
        codes.text("000000", purpose, language, matter)
        for purpose in Purpose
        for language in ("sv", "en")
        for matter in (matters if purpose == Purpose.VERIFY else matters[:1])
    ]
    if all(map(sms.fits, texts)):
        return []
    lengths = [sms.septets(text) for text in texts]
    longest = "odd characters" if None in lengths else f"{max(filter(None, lengths))} of {sms.SEGMENT} characters"
    return [
        Error(
            f"The SMS with the code does not fit one message. It has {longest}: the host name is too long or odd.",
            hint="Use a shorter REGISTER_HOST, RESET_HOST or PORTAL_URL.",
            id="accounts.E001",
        )
    ]


@register
def statements_are_whole(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A municipality's own page that can't be shown would be missed by those who need it."""
    return [
        Error(
            f"STATEMENTS_FOLDER: {name} {problem}.",
            hint="docs/configuration.md says what the files may hold. Without a file, the portal's own page is shown.",
            id="accounts.E004",
        )
        for name, problem in statements.problems()
    ]


@register
def passkeys_can_be_made(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Passkeys alone, where no browser makes one, are an error: they would keep all staff out (security.md A3)."""
    if not settings.STAFF_PASSKEYS_ONLY or passkeys.can_be_used():
        return []
    return [
        Error(
            f"STAFF_PASSKEYS_ONLY is on, and browsers make no passkeys for {settings.PORTAL_URL}: nobody gets in.",
            hint="Give PORTAL_URL a host name and https://, or unset STAFF_PASSKEYS_ONLY.",
            id="accounts.E003",
        )
    ]


@register(deploy=True)
def staff_groups_can_be_read(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Asks the directory. If it does not answer, ``doctor`` says so."""
    try:
        unreadable = connect_staff().unreadable_groups()
    except DirectoryError:
        return []
    return [
        Error(
            f"{name}: the group is not there, or the service account can't read its members. Staff do not get in by "
            "it, and every account counts as protected.",
            hint="Correct the DN, or let the service account read `member`. A group without members is none of this.",
            id=GROUP_UNREADABLE,
        )
        for name in unreadable
    ]


@register
def leaked_passwords_can_be_looked_up(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A list of leaked passwords that would find none is an error (security.md P2)."""
    problem = breached.problem() if settings.PASSWORD_BREACHED_FILE else ""
    if not problem:
        return []
    return [
        Error(
            f"PASSWORD_BREACHED_FILE is {settings.PASSWORD_BREACHED_FILE!r}, which {problem}: leaked passwords would "
            "be accepted.",
            hint="Name a file of sorted lines HASH:COUNT or HASH (SHA-1, hexadecimal) that the portal may read.",
            id="accounts.E002",
        )
    ]
