"""How directories compare names and DNs; filters for values and typed names, escaped (RFC 4515 3, P4)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

import ldap.dn
from ldap.filter import escape_filter_chars

Comparable = TypeVar("Comparable", int, bytes)

# The first RDN and its comma; an escaped comma ends nothing (RFC 4514 2.4).
_FIRST_RDN = re.compile(r"(?:[^,\\]|\\.)*,", re.DOTALL)

LONGEST_NAME = 256

# Values in one filter: a directory may refuse a longer filter.
AT_A_TIME = 100

LONGEST_VALUE = 500  # characters, as in the register of companies

SHORTEST_SEARCH = 2  # characters: one letter begins too many names


def without_domain(name: str) -> str:
    """Removes the domain of ``DOMAIN\\name``, as Windows shows it: the portal knows one directory."""
    domain, _, rest = name.partition("\\")
    return rest if domain and rest else name


def dns_domain(dn: str) -> str:
    """The DNS domain of a DN (RFC 2247) in lower case: ad.example for OU=Staff,DC=ad,DC=example."""
    return ".".join(rdn.removeprefix("dc=") for rdn in _rdns(dn) if rdn.startswith("dc="))


def can_be_name(text: str, longest: int = LONGEST_NAME) -> bool:
    """Whether the text can be a name. No name has control characters or half surrogate pairs."""
    return 0 < len(text) <= longest and not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def parent(dn: str) -> str:
    """The DN of the entry above, cut from this one; "" if there is none."""
    if "\\" not in dn:
        return dn.partition(",")[2]
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


def plain_dn(dn: str) -> str:
    """A DN in the form of RFC 4514, without spaces, which not every directory reads. The text must be a DN."""
    written: str = ldap.dn.dn2str(ldap.dn.str2dn(dn))
    return written


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
        some = wanted[start : start + AT_A_TIME]
        written = (_loosely(value) if spaces_count else escape_filter_chars(value) for value in some)
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
        if user and folded(domain) == dns_domain(base):
            wanted.append((username, user))
    return "(|" + "".join(f"({attribute}={escape_filter_chars(value)})" for attribute, value in wanted) + ")"


def begins_with(username: str, text: str) -> str | None:
    """A filter for accounts: each word of the text begins a word of the name, the user name or the mail address.

    ``None`` for a text that is too short or can't be a name: it finds no account.
    """
    if len(text.strip()) < SHORTEST_SEARCH or not can_be_name(text):
        return None
    return "".join(_word(username, escape_filter_chars(word)) for word in dict.fromkeys(text.split()))


def within(value: Comparable, edges: Sequence[Comparable]) -> bool:
    """Whether a value lies in a span. ``edges``: the first and last of each span, in turn."""
    return bisect_right(edges, value) % 2 == 1


def _word(username: str, word: str) -> str:
    # Words in the middle too: "Anna-Karin von Ek" is found by each of the four.
    written = (
        *(f"({attribute}={word}*)" for attribute in (username, "mail")),
        *(f"({name}={before}{word}*)" for name in ("givenName", "sn") for before in ("", "* ", "*-")),
    )
    return f"(|{''.join(written)})"


def _loosely(value: str) -> str:
    return "*".join(map(escape_filter_chars, value.split())) + "*"
