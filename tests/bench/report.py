"""Tables in Markdown, as docs/performance.md holds them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from tests.bench.counting import COUNTS
from tests.bench.rounds import ANSWERED, SMS, STEPS, Round, Steps


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that so many per cent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The first column to the left, numbers to the right."""
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def load_table(rounds: Mapping[int, list[Round]]) -> str:
    """Journeys a second and CPU by process, by number of clients: medians of the rounds."""
    head = ["a journey", *(f"{clients} clients, {unit}" for clients in rounds for unit in ("CAL", "ms"))]
    families = list(next(iter(rounds.values()))[0].cpu)
    rows: list[list[str]] = []
    for family in families:
        cells = [(median(r.cals(family) for r in each), median(r.ms(family) for r in each)) for each in rounds.values()]
        rows.append([family, *(f"{value:.1f}" for cell in cells for value in cell)])
    total = [f"**{f(each):.1f}**" for each in rounds.values() for f in (_cal, _ms)]
    rows.append(["**all**", *total])
    rates = [(f"{median(r.a_second for r in each):.1f}", "") for each in rounds.values()]
    rows.append(["journeys a second", *(cell for pair in rates for cell in pair)])
    passes = [("", f"{median(r.cal * 1000 for r in each):.2f}") for each in rounds.values()]
    rows.append(["one CAL", *(cell for pair in passes for cell in pair)])
    return table(head, rows)


def pages_table(rounds: Mapping[int, list[Round]]) -> str:
    """Milliseconds until the answer, of all rounds together."""
    head = ["ms", *(f"{clients} clients, {share}" for clients in rounds for share in ("p50", "p95"))]
    rows = []
    names = {SMS: "SMS at the provider, after POST /aterstall/", ANSWERED: "…after the answer to it"}
    for step in (*STEPS, *names):
        taken = [[ms for one in each for ms in one.took[step]] for each in rounds.values()]
        rows.append(
            [names.get(step, step), *(f"{percentile(some, share):.0f}" for some in taken for share in (50, 95))]
        )
    return table(head, rows)


def steps_table(steps: Steps) -> str:
    rows = [[step, *(str(one[name] or "") for name in COUNTS)] for step, one in steps.counts.items()]
    total = steps.total
    return table(
        ["step, workers included", *COUNTS], [*rows, ["**whole journey**", *(f"**{total[n]}**" for n in COUNTS)]]
    )


def memory_table(memory: Mapping[str, float], portal: Iterable[str]) -> str:
    """``portal``: the names of the portal's own processes."""
    rows = [[name, f"{mb:.0f}"] for name, mb in memory.items()]
    total = sum(memory[name] for name in portal)
    return table(["MB (PSS)", ""], [*rows, ["**the portal's own**", f"**{total:.0f}**"]])


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _cal(rounds: list[Round]) -> float:
    return median(one.cal_a_journey for one in rounds)


def _ms(rounds: list[Round]) -> float:
    return median(sum(one.cpu.values()) * 1000 / one.journeys for one in rounds)
