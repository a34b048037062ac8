"""Counts distinct things under one key in the cache: at most so many in so many seconds (security.md D3, D4).

Each thing holds a place of its own, which one command takes: of two that come at once for the last one, one gets it,
and a thing that comes again takes no other. Fails closed: without its store this raises (T1).
"""

import math
import time
from typing import Any, NamedTuple

from django.core.cache import cache

from accounts.privacy.encryption import digest

_MARK = 32  # hexadecimal digits: 128 bits


class Place(NamedTuple):
    """``key``: of the place in the cache; "": none is free for another ``wait`` seconds. ``new``: taken just now."""

    key: str
    new: bool = False
    wait: int = 0


def take(key: str, thing: str, most: int, seconds: int) -> Place:
    """The place of ``thing`` under ``key``, taken for so many seconds if it has none. One or two calls of the cache.

    Keyed digests are kept of both.
    """
    under, mark = digest(key, "place")[:_MARK], digest(thing, "place")[:_MARK]
    places = [f"{under}.{number}" for number in range(most)]
    held = cache.get_many(places)
    if own := next((place for place, found in held.items() if _is_of(mark, found)), ""):
        return Place(own)
    now = time.time()
    for place in places:
        if place in held:
            continue
        if cache.add(place, [mark, now], seconds):
            return Place(place, new=True)
        if _is_of(mark, cache.get(place)):  # the same thing, at the same moment
            return Place(place)
    taken = [found[1] for found in held.values() if isinstance(found, list) and found[1:]]
    return Place("", wait=math.ceil(min(taken, default=now) + seconds - now))


def give_back(place: Place) -> None:
    """Frees a place that was taken just now, and leaves one that was taken before."""
    if place.new:
        cache.delete(place.key)


def _is_of(mark: str, found: Any) -> bool:
    return isinstance(found, list) and found[:1] == [mark]
