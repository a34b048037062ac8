"""Organisation numbers: read as people write them, kept as 556677-8899."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum.se import orgnr

LONGEST = 30  # characters, in any way of writing
_SHAPE = re.compile(r"(?:16|19|20)?[0-9]{10}")
# The Tax Agency (SKV 709) puts 16 before an organisation's number; a person's begins with the century.


def parse(text: str) -> str:
    """The number as 556677-8899. Raises ValidationError.

    Accepts 10 digits, 12 with a leading 16, and a sole trader's personal number of 10 or 12 digits; any dashes and
    spaces; the last digit must be the right check digit (Luhn).
    """
    unreadable = ValidationError(_("Skriv organisationsnumret med tio siffror, till exempel 556677-8899."))
    text = text.strip()
    if len(text) > LONGEST * 2:  # normalising a long text may take long
        raise unreadable
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(character for character in plain if unicodedata.category(character) not in ("Zs", "Pd", "Cf", "Cc"))
    plain = plain.replace("\N{MINUS SIGN}", "").replace("+", "")  # 121212+1212: born more than 100 years ago
    ten = plain[-10:]
    if not plain.isascii() or not _SHAPE.fullmatch(plain) or not ten.strip("0"):  # of zeros the check digit is right
        raise unreadable
    if not orgnr.is_valid(ten):
        raise ValidationError(_("Organisationsnumret stämmer inte: kontrollsiffran är fel. Kontrollera alla siffror."))
    return f"{ten[:6]}-{ten[6:]}"


def parse_or_blank(text: str) -> str:
    """As :func:`parse`, but "" for a text that is no number."""
    try:
        return parse(text)
    except ValidationError:
        return ""
