"""Filters for directory values, for typed names and for times, escaped (RFC 4515 3, ``security.md`` P4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from ldap.filter import escape_filter_chars

from accounts.directory.attributes import Names, can_be_name, dns_domain, folded

Comparable = TypeVar("Comparable", int, bytes)

# Values in one filter: a directory may refuse a longer filter.
AT_A_TIME = 100

LONGEST_VALUE = 500  # characters, as in the register of companies

SHORTEST_SEARCH = 2  # characters: one letter begins too many names


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


def called(names: Names, name: str, base: str) -> str:
    """A filter for the user name, the mail address and, if the dialect has them, the user principal name.

    In Active Directory an account always has a principal name: without one of its own, its user name in the domain of
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
    """A filter for accounts: each word of the text begins a word of the name, the user name or the mail address.

    ``None`` for a text that is too short or can't be a name: it finds no account.
    """
    if len(text.strip()) < SHORTEST_SEARCH or not can_be_name(text):
        return None
    return "".join(_word(names, escape_filter_chars(word)) for word in dict.fromkeys(text.split()))


def between(attribute: str, first: bytes, last: bytes) -> str:
    """A filter for times from ``first`` to ``last``, both included, in generalized time."""
    from_first = f"({attribute}>={first.decode()}Z)" if first else ""
    return f"(&{from_first}({attribute}<={last.decode()}Z))" if last else ""


def within(value: Comparable, edges: Sequence[Comparable]) -> bool:
    """Whether a value lies in a span. ``edges``: the first and last of each span, in turn."""
    return bisect_right(edges, value) % 2 == 1


def _word(names: Names, word: str) -> str:
    # Words in the middle too: "Anna-Karin von Ek" is found by each of the four.
    written = (
        *(f"({attribute}={word}*)" for attribute in (names.username, "mail")),
        *(f"({name}={before}{word}*)" for name in ("givenName", "sn") for before in ("", "* ", "*-")),
    )
    return f"(|{''.join(written)})"


def _loosely(value: str) -> str:
    return "*".join(map(escape_filter_chars, value.split())) + "*"
