"""How directories compare names and DNs; filters for values and typed names, escaped (RFC 4515 3, P4)."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import ldap.dn
from ldap.filter import escape_filter_chars

# The first RDN and its comma; an escaped comma ends nothing (RFC 4514 2.4).
_FIRST_RDN = re.compile(r"(?:[^,\\]|\\.)*,", re.DOTALL)

LONGEST_NAME = 256

# Values in one filter: a directory may refuse a longer filter.
AT_A_TIME = 100

LONGEST_VALUE = 500  # characters, as in the register of companies

SHORTEST_SEARCH = 2  # characters: one letter begins too many names


def can_be_name(text: str, longest: int = LONGEST_NAME) -> bool:
    """Whether the text can be a name. No name has control characters or half surrogate pairs."""
    return 0 < len(text) <= longest and not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def parent(dn: str) -> str:
    """The DN of the entry above, cut from this one; "" if there is none."""
    first = _FIRST_RDN.match(dn)
    return dn[first.end() :] if first else ""


@lru_cache(maxsize=4096)
def units_of(unit: str) -> tuple[str, ...]:
    """The DNs of a unit and of all units above it, innermost first, each in the form of :func:`normal_unit`."""
    rdns = _rdns(unit)
    return tuple("\n".join(rdns[at:]) for at in range(len(rdns)))


def normal_unit(dn: str) -> str:
    """The same text for equal DNs: one RDN a line, without case and escapes. A text that is no DN becomes one line."""
    return "\n".join(_rdns(dn))


def _rdns(dn: str) -> list[str]:
    try:
        rdns = ldap.dn.str2dn(dn)
    except ldap.DECODING_ERROR:
        return [folded(dn)]
    return ["+".join(sorted(f"{name.lower()}={_value(value)}" for name, value, _ in rdn)) for rdn in rdns]


def _value(text: str) -> str:
    # An escaped + belongs to the value, a bare one joins two values.
    return folded(text).replace("\\", "\\\\").replace("+", "\\+")


def folded(text: str) -> str:
    """The same text for names that a directory takes for equal: no case, NFKC, single spaces (RFC 4518 2)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def one_of(attribute: str, values: Iterable[str], *, spaces_count: bool) -> Iterator[str]:
    """Filters that together match the entries with one of the values. Skips what can't be a value.

    ``spaces_count``: the directory tells one space from two, or from one at the end, which look alike to people. The
    filters then match a little more.
    """
    wanted = list(dict.fromkeys(value for value in values if value.strip() and can_be_name(value, LONGEST_VALUE)))
    for start in range(0, len(wanted), AT_A_TIME):
        written = [escape_filter_chars(value) for value in wanted[start : start + AT_A_TIME]]
        if spaces_count:
            written = ["*".join(value.split()) + "*" for value in written]
        yield "(|" + "".join(f"({attribute}={value})" for value in written) + ")"


def called(username: str, principal: str, name: str, base: str) -> str:
    """A filter for the user name, the mail address and the user principal name, by the names of the attributes.

    In Active Directory an account always has a principal name: without one of its own, its user name in the domain of
    ``base`` (MS-ADTS 5.1.1.1.1).
    """
    wanted = [(username, name), ("mail", name)]
    if principal:
        wanted.append((principal, name))
        user, _, domain = name.rpartition("@")
        dns_domain = ".".join(rdn.removeprefix("dc=") for rdn in _rdns(base) if rdn.startswith("dc="))  # RFC 2247
        if user and folded(domain) == dns_domain:
            wanted.append((username, user))
    return "(|" + "".join(f"({attribute}={escape_filter_chars(value)})" for attribute, value in wanted) + ")"


def begins_with(username: str, text: str) -> str | None:
    """A filter: each word of the text begins a word of the name, the user name or the address. None: it finds none."""
    if len(text.strip()) < SHORTEST_SEARCH or not can_be_name(text):
        return None
    return "".join(_word(username, escape_filter_chars(word)) for word in dict.fromkeys(text.split()))


def _word(username: str, word: str) -> str:
    # Words in the middle too: "Anna-Karin von Ek" is found by each of the four.
    written = (
        *(f"({attribute}={word}*)" for attribute in (username, "mail")),
        *(f"({name}={before}{word}*)" for name in ("givenName", "sn") for before in ("", "* ", "*-")),
    )
    return f"(|{''.join(written)})"
