"""Mobile numbers (E.164, security.md G3) and organisation numbers (556677-8899), however people write them."""

import re
import unicodedata

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum.se import orgnr

from accounts.limits import LONGEST_NUMBER

HOME = "SE"
_PLAIN = re.compile(r"[+0-9() .\-/]+")

LONGEST_ORGANISATION_NUMBER = 30  # characters, in any way of writing
_ORGANISATION_NUMBER = re.compile(r"(?:16|19|20)?[0-9]{10}")
# The Tax Agency (SKV 709) puts 16 before an organisation's number; a person's begins with the century.


class NumberRefused(ValidationError):
    """No code can be sent to this text. The message says what is accepted."""

    def __str__(self) -> str:
        return str(self.message)


def parse(text: str) -> str:
    """The mobile number in E.164. Raises NumberRefused for anything but a mobile of SMS_ALLOWED_REGIONS."""
    unreadable = NumberRefused(_("Kontrollera numret. Det ska se ut så här: 070-174 06 05."))
    text = text.strip()
    if len(text) > 2 * LONGEST_NUMBER:  # before normalising, which is slow on malicious input
        raise unreadable
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(in_ascii(character) for character in plain if unicodedata.category(character) != "Cf").strip()
    if not plain or len(plain) > LONGEST_NUMBER or not _PLAIN.fullmatch(plain):
        raise unreadable
    try:
        number = phonenumbers.parse(plain, HOME)
    except phonenumbers.NumberParseException as error:
        raise unreadable from error
    if not phonenumbers.is_valid_number(number):
        raise unreadable
    if phonenumbers.region_code_for_number(number) not in settings.SMS_ALLOWED_REGIONS:
        names = {"SE": _("svenska"), "NO": _("norska"), "DK": _("danska"), "FI": _("finska")}
        countries = f" {_('och')} ".join(names.get(region, region) for region in settings.SMS_ALLOWED_REGIONS)
        raise NumberRefused(_("Vi kan bara skicka koder till %s mobilnummer.") % countries, code="abroad")
    if phonenumbers.number_type(number) not in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    ):
        raise NumberRefused(
            _("Det är inget mobilnummer. Koden kommer i ett sms. Skriv ett mobilnummer, till exempel 070-174 06 05.")
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


def in_ascii(character: str) -> str:
    """A digit, space, dash or bracket of any script as that of ASCII; any other character as it is."""
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp", "Cc"):
        return " "
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if category in ("Ps", "Pe"):
        return "(" if category == "Ps" else ")"
    return str(unicodedata.digit(character)) if category == "Nd" else character


def parse_organisation_number(text: str) -> str:
    """The number as 556677-8899. Raises ValidationError.

    Accepts 10 digits, 12 with a leading 16, and a sole trader's personal number of 10 or 12 digits; any dashes and
    spaces; the last digit must be the right check digit (Luhn).
    """
    unreadable = ValidationError(_("Skriv organisationsnumret med tio siffror, till exempel 556677-8899."))
    text = text.strip()
    if len(text) > 2 * LONGEST_ORGANISATION_NUMBER:  # normalising a long text may take long
        raise unreadable
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(character for character in plain if unicodedata.category(character) not in ("Zs", "Pd", "Cf", "Cc"))
    plain = plain.replace("\N{MINUS SIGN}", "").replace("+", "")  # 121212+1212: born more than 100 years ago
    ten = plain[-10:]
    if (
        not plain.isascii() or not _ORGANISATION_NUMBER.fullmatch(plain) or not ten.strip("0")
    ):  # of zeros the check digit is right
        raise unreadable
    if not orgnr.is_valid(ten):
        raise ValidationError(_("Organisationsnumret stämmer inte: kontrollsiffran är fel. Kontrollera alla siffror."))
    return f"{ten[:6]}-{ten[6:]}"


def organisation_number_or_blank(text: str) -> str:
    """As :func:`parse_organisation_number`, but "" for a text that is no number."""
    try:
        return parse_organisation_number(text)
    except ValidationError:
        return ""
