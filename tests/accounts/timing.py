"""Can two kinds of answers be told apart by how long they take? The test by ranks of Mann and Whitney, and its use.

Source: Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the
other", Annals of Mathematical Statistics 18 (1947); with the usual correction of the variance for ties.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import NormalDist

ALPHA = 0.005
"""A comparison is suspect in one round if chance alone would make it look so in at most this share of rounds."""

Samples = Mapping[str, Sequence[float]]
"""Seconds, by the kind of name that was typed."""


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """How often a value of ``one`` exceeds one of ``other`` (0.5: as often as not), and the two-sided p of that.

    p by the normal approximation, corrected for ties and continuity; good from some 20 values each.
    """
    n, m = len(one), len(other)
    marked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    passed, rank_sum, ties = 0, 0.0, 0
    for _value, group in groupby(marked, key=lambda pair: pair[0]):
        mine = [is_mine for _, is_mine in group]
        rank_sum += sum(mine) * (passed + (len(mine) + 1) / 2)
        ties += len(mine) ** 3 - len(mine)
        passed += len(mine)
    u = rank_sum - n * (n + 1) / 2
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    if variance == 0:
        return 0.5, 1.0
    z = max(0.0, abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return u / (n * m), 2 * NormalDist().cdf(-z)


@dataclass(frozen=True)
class Comparison:
    """One kind of name against the ordinary one. ``auc``: how often it took longer."""

    kind: str
    auc: float
    p: float

    @property
    def suspect(self) -> bool:
        return self.p <= ALPHA

    def agrees(self, other: Comparison) -> bool:
        """Whether the other, of the same kind, is suspect too, and in the same direction."""
        return other.suspect and (other.auc > 0.5) == (self.auc > 0.5)


def compare(samples: Samples, ordinary: str) -> dict[str, Comparison]:
    """Every kind but the ordinary one, against it."""
    return {
        kind: Comparison(kind, *mann_whitney(values, samples[ordinary]))
        for kind, values in samples.items()
        if kind != ordinary
    }


def told_apart(measure: Callable[[int], Samples], ordinary: str) -> list[Comparison]:
    """What differs from the ordinary in one round of samples, and again, in the same direction, in a fresh one.

    ``measure`` gets the number of the round, from which it seeds the order: random, so that whatever else the
    machine does meanwhile meets all kinds alike.

    False alarms: by chance a comparison is suspect in a round with probability ALPHA, and again in the same
    direction with ALPHA / 2. With k comparisons an innocent portal is accused with a probability of at most
    k * ALPHA² / 2: for k = 3, 0.0000375. A real difference is found if both rounds show it. With 200 values of each
    kind, one that makes the slower take longer in 65 of 100 pairs shows in 99 of 100 rounds.
    """
    suspects = [comparison for comparison in compare(measure(0), ordinary).values() if comparison.suspect]
    if not suspects:
        return []
    again = compare(measure(1), ordinary)
    return [comparison for comparison in suspects if comparison.agrees(again[comparison.kind])]


def shuffled(kinds: Iterable[str], count: int, seed: int) -> list[str]:
    """Each kind so many times, in a random order that the seed decides."""
    order = [kind for kind in kinds for _ in range(count)]
    random.Random(seed).shuffle(order)
    return order
