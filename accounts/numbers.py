"""Mobile numbers: read as people write them, kept as E.164, shown as in Sweden (security.md G3)."""

import re
import unicodedata

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.limits import LONGEST_NUMBER

HOME = "SE"
_PLAIN = re.compile(r"[+0-9() .\-/]+")


class NumberRefused(ValidationError):
    """No code can be sent to this text. The message says what is accepted."""

    def __str__(self) -> str:
        return str(self.message)


def parse(text: str) -> str:
    """The mobile number in E.164. Raises NumberRefused for anything but a mobile of SMS_ALLOWED_REGIONS."""
    unreadable = NumberRefused(
        _("Det går inte att läsa som ett mobilnummer. Skriv det med siffror, till exempel 070-174 06 05.")
    )
    text = text.strip()
    if len(text) > 2 * LONGEST_NUMBER:  # before normalising, which is slow on malicious input
        raise unreadable
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(_ascii(character) for character in plain if unicodedata.category(character) != "Cf").strip()
    if not plain or len(plain) > LONGEST_NUMBER or not _PLAIN.fullmatch(plain):
        raise unreadable
    try:
        number = phonenumbers.parse(plain, HOME)
    except phonenumbers.NumberParseException as error:
        raise unreadable from error
    if not phonenumbers.is_valid_number(number):
        raise unreadable
    if phonenumbers.region_code_for_number(number) not in settings.SMS_ALLOWED_REGIONS:
        raise NumberRefused(_("Numret är från ett annat land. Skriv ett mobilnummer från: %s.") % _countries())
    if phonenumbers.number_type(number) not in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    ):
        raise NumberRefused(
            _("Det är inget mobilnummer. Koden kommer som SMS, så skriv ett mobilnummer, till exempel 070-174 06 05.")
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shown(number: str) -> str:
    """An E.164 number in national form, or in international form if it is from abroad. Blank stays blank."""
    if not number:
        return ""
    parsed = phonenumbers.parse(number)
    home = parsed.country_code == phonenumbers.country_code_for_region(HOME)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def _ascii(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp", "Cc"):
        return " "
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if category in ("Ps", "Pe"):
        return "(" if category == "Ps" else ")"
    return str(unicodedata.digit(character)) if category == "Nd" else character


def _countries() -> str:
    names = {"SE": _("Sverige"), "NO": _("Norge"), "DK": _("Danmark"), "FI": _("Finland")}
    return ", ".join(str(names.get(region, region)) for region in settings.SMS_ALLOWED_REGIONS)
