"""The names of a dialect, and how directories compare names and DNs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import ldap.dn

# The first RDN and its comma; an escaped comma ends nothing (RFC 4514 2.4).
_FIRST_RDN = re.compile(r"(?:[^,\\]|\\.)*,", re.DOTALL)

LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class Names:
    """The dialect's filter for people, and its attributes."""

    people: str
    username: str
    identifier: str
    company: str
    attributes: tuple[str, ...]
    principal: str = ""  # of user names with a domain, if the dialect has them


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
