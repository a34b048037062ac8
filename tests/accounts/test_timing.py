"""The timing check of test_worker.py is sound: no false alarm by chance, and no real difference missed."""

from __future__ import annotations

import math
import random
from itertools import combinations
from statistics import NormalDist, fmean, pvariance

import pytest

from tests.accounts.timing import ALPHA, Comparison, Samples, mann_whitney, shuffled, told_apart


def pairs_won(one: list[float], other: list[float]) -> float:
    """U by its definition: pairs in which ``one`` is greater, ties by half."""
    return sum((a > b) + (a == b) / 2 for a in one for b in other)


def test_known_value() -> None:
    """The ages of the manual of scipy.stats.mannwhitneyu: U = 17, p = 0.1113 by the normal approximation."""
    auc, p = mann_whitney([19, 22, 16, 29, 24], [20, 11, 17, 12])
    assert auc * 5 * 4 == pytest.approx(17)
    assert p == pytest.approx(0.11134688653314041)


@pytest.mark.parametrize(
    "values",
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 1, 2, 2, 3, 4, 4, 5], [1, 1, 1, 1, 1, 1, 1, 1, 2]],
    ids=["no ties", "ties", "nearly all tied"],
)
def test_mean_and_variance_are_those_of_all_ways_to_split_the_values(values: list[float]) -> None:
    """What the approximation takes for the distribution of U is what it is, counted out."""
    splits = []
    for chosen in combinations(range(len(values)), 4):
        one = [values[place] for place in chosen]
        other = [value for place, value in enumerate(values) if place not in chosen]
        splits.append((one, other, pairs_won(one, other)))
    won = [u for _, _, u in splits]
    for one, other, u in splits:
        auc, p = mann_whitney(one, other)
        z = max(0.0, abs(u - fmean(won)) - 0.5) / math.sqrt(pvariance(won))
        assert auc == pytest.approx(u / 20)
        assert p == pytest.approx(2 * NormalDist().cdf(-z))


def test_values_that_are_all_the_same_tell_nothing() -> None:
    assert mann_whitney([1.0] * 20, [1.0] * 30) == (0.5, 1.0)


def latencies(seed: int, shift: float = 0.0, count: int = 200) -> list[float]:
    """As a server's: skewed, with a long tail; median 8 ms."""
    source = random.Random(seed)
    return [source.lognormvariate(math.log(0.008), 0.25) + shift for _ in range(count)]


def test_chance_makes_a_round_suspect_as_seldom_as_it_is_said_to() -> None:
    """ALPHA of 2000 rounds is 10; the seeds are fixed, so this is the same every time."""
    suspects = sum(
        Comparison("unknown", *mann_whitney(latencies(2 * each), latencies(2 * each + 1))).suspect
        for each in range(2000)
    )
    assert ALPHA * 2000 / 3 <= suspects <= ALPHA * 2000 * 2


@pytest.mark.parametrize("shift", [0.002, -0.002])
def test_a_difference_in_both_rounds_is_found(shift: float) -> None:
    def measure(attempt: int) -> Samples:
        return {"known": latencies(attempt), "unknown": latencies(attempt + 10, shift)}

    [found] = told_apart(measure, "known")
    assert found.kind == "unknown"
    assert (found.auc > 0.5) == (shift > 0)


@pytest.mark.parametrize(
    ("first", "second"), [(0.0, 0.002), (0.002, 0.0), (0.002, -0.002)], ids=["second only", "first only", "opposite"]
)
def test_a_difference_that_does_not_come_again_is_chance(first: float, second: float) -> None:
    def measure(attempt: int) -> Samples:
        return {"known": latencies(attempt), "unknown": latencies(attempt + 10, (first, second)[attempt])}

    assert told_apart(measure, "known") == []


def test_each_kind_stands_for_itself() -> None:
    """Two suspects that are not the same one accuse nobody."""

    def measure(attempt: int) -> Samples:
        late, early = ("unknown", "disabled") if attempt == 0 else ("disabled", "unknown")
        return {"known": latencies(1), late: latencies(2, 0.002), early: latencies(3)}

    assert told_apart(measure, "known") == []


def test_the_order_is_random_and_fair() -> None:
    order = shuffled(("known", "unknown"), 50, seed=1)
    assert sorted(order) == ["known"] * 50 + ["unknown"] * 50
    assert order == shuffled(("known", "unknown"), 50, seed=1)
    assert order not in (sorted(order), shuffled(("known", "unknown"), 50, seed=2))
