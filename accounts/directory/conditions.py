"""Filters for a company's values, for what an agent types and for times, escaped (RFC 4515 3, ``security.md`` P4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ldap.filter import escape_filter_chars

from accounts.directory.attributes import Names, can_be_name, dns_domain, folded

# Values in one filter: a directory may refuse one that is too long.
AT_A_TIME = 100

LONGEST_VALUE = 500  # characters, as many as a company's may have

SHORTEST_SEARCH = 2  # characters: one letter begins the names of too many


def one_of(attribute: str, values: Iterable[str], *, spaces_count: bool) -> Iterator[str]:
    """Filters, of which one matches whoever has one of the values; what can't be a value is left out.

    ``spaces_count``: the directory tells one space from two, or from one at the end, where a person sees no
    difference. The filters match a little more then.
    """
    wanted = list(dict.fromkeys(value for value in values if value.strip() and can_be_name(value, LONGEST_VALUE)))
    for start in range(0, len(wanted), AT_A_TIME):
        some = wanted[start : start + AT_A_TIME]
        written = (_loosely(value) if spaces_count else escape_filter_chars(value) for value in some)
        yield "(|" + "".join(f"({attribute}={value})" for value in written) + ")"


def called(names: Names, name: str, base: str) -> str:
    """A filter for whoever has this user name or mail address; or this user principal name, if the dialect has them.

    An account of Active Directory that is given no such name has one all the same: its user name in the domain of
    ``base`` (MS-ADTS 5.1.1.1.1).
    """
    wanted = [(names.username, name), ("mail", name)]
    if names.principal:
        wanted.append((names.principal, name))
        user, _, domain = name.rpartition("@")
        if user and folded(domain) == dns_domain(base):
            wanted.append((names.username, user))
    return "(|" + "".join(f"({attribute}={escape_filter_chars(value)})" for attribute, value in wanted) + ")"


def begins_with(names: Names, text: str) -> str | None:
    """A filter for those of whom each word begins a word of the given name or surname, the user name or the address.

    ``None`` for what finds nobody: what is too short, or can't be a name.
    """
    if len(text.strip()) < SHORTEST_SEARCH or not can_be_name(text):
        return None
    return "".join(_word(names, escape_filter_chars(word)) for word in dict.fromkeys(text.split()))


def between(attribute: str, first: bytes, last: bytes) -> str:
    """A filter for times from ``first`` to ``last``, both included and as :mod:`generalized_time` writes them."""
    from_first = f"({attribute}>={first.decode()}Z)" if first else ""
    return f"(&{from_first}({attribute}<={last.decode()}Z))" if last else ""


def _word(names: Names, word: str) -> str:
    # Also those in the middle: whoever is called "Anna-Karin von Ek" is found by all four.
    written = (
        *(f"({attribute}={word}*)" for attribute in (names.username, "mail")),
        *(f"({name}={before}{word}*)" for name in ("givenName", "sn") for before in ("", "* ", "*-")),
    )
    return f"(|{''.join(written)})"


def _loosely(value: str) -> str:
    return "*".join(map(escape_filter_chars, value.split())) + "*"
