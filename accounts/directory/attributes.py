"""What a dialect calls things, and which texts can be the name of a person."""

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
    """The dialect's names: which entries are people, and by what they are known."""

    people: str
    username: str
    identifier: str
    company: str
    attributes: tuple[str, ...]
    principal: str = ""  # where a person may have a user name with a domain, if the dialect has such names


def without_domain(name: str) -> str:
    """``DOMAIN\\name``, as Windows shows it, without the domain: the portal knows one directory."""
    domain, _, rest = name.partition("\\")
    return rest if domain and rest else name


def dns_domain(dn: str) -> str:
    """The DNS domain in which a DN lies (RFC 2247), in small letters: ad.example of OU=Staff,DC=ad,DC=example."""
    return ".".join(rdn.removeprefix("dc=") for rdn in _rdns(dn) if rdn.startswith("dc="))


def can_be_name(text: str, longest: int = LONGEST_NAME) -> bool:
    """Whether a directory need be asked at all. Control characters and half surrogate pairs are in no name."""
    return 0 < len(text) <= longest and not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def same(one: str, other: str) -> bool:
    """Whether two names are the same to a directory."""
    return folded(one) == folded(other)


def parent(dn: str) -> str:
    """The DN of the entry above, as it stands in this one's; "" if there is none."""
    if "\\" not in dn:
        return dn.partition(",")[2]
    first = _FIRST_RDN.match(dn)
    return dn[first.end() :] if first else ""


@lru_cache(maxsize=4096)
def units_of(unit: str) -> tuple[str, ...]:
    """A unit's DN and those of all units above, innermost first, each as :func:`normal_unit` writes it."""
    rdns = _rdns(unit)
    return tuple("\n".join(rdns[at:]) for at in range(len(rdns)))


def normal_unit(dn: str) -> str:
    """A DN as it is compared: one RDN a line, without case and escapes. What is no DN comes back as one line."""
    return "\n".join(_rdns(dn))


def plain_dn(dn: str) -> str:
    """A DN as RFC 4514 writes it: not every directory reads the spaces that tools put into one. It must be a DN."""
    written: str = ldap.dn.dn2str(ldap.dn.str2dn(dn))
    return written


def _rdns(dn: str) -> list[str]:
    try:
        rdns = ldap.dn.str2dn(dn)
    except ldap.DECODING_ERROR:
        return [folded(dn)]
    return ["+".join(sorted(f"{name.lower()}={_value(value)}" for name, value, _ in rdn)) for rdn in rdns]


def _value(text: str) -> str:
    # An escaped + is part of the value, a bare one joins two.
    return folded(text).replace("\\", "\\\\").replace("+", "\\+")


def folded(text: str) -> str:
    """As directories compare names: without case, in compatibility form, with single spaces (RFC 4518 2)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
