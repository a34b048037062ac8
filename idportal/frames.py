"""Texts that are the same for everybody but for a few words: rendered once in a process, and then filled in."""

import secrets
from collections.abc import Callable, Iterable

from django.core.cache import caches
from django.core.cache.utils import make_template_fragment_key

_MARK = secrets.token_hex(16)  # stands around the name of a word that is filled in


def parts(
    template: str, same: Iterable[object], words: Iterable[str], render: Callable[[dict[str, str]], str]
) -> list[str]:
    """The text in parts: every second one is the name of a word, which stands as it is, whatever its value.

    ``same``: all that the text depends on besides, compared as text. ``render`` makes it of the words by their names.
    """
    # The names as one: where one of them ends and ``same`` begins must not be lost.
    kept, key = caches["pages"], make_template_fragment_key(template, [*same, names := sorted(words)])
    found: list[str] | None = kept.get(key)
    if found is None:
        found = render({name: f"{_MARK}{name}{_MARK}" for name in names}).split(_MARK)
        kept.set(key, found, None)
    return found
