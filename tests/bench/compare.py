"""The working tree beside a commit, by turns in one run: ``python -m tests.bench.compare COMMIT [--json FILE]``.

Client and counting are this tree's for both. If the commit pins other packages, it gets an environment of its own, kept
in var/bench/. What varies is compared turn by turn, with what ran just before or after it: the median of the ratios is
printed, with the smallest and the largest beside it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import report
from tests.bench.counting import COUNTS, memory_by_family
from tests.bench.installation import Installation
from tests.bench.rounds import SMS, STEPS, Incomplete, Round, Steps, count_steps, run_round
from tests.bench.trees import check_out, python_for

WARM_UP = 48  # journeys, which all threads and workers share
LEAST_TURNS = 3
AFTER_TURNS = 20.0  # seconds for counting by step, and for ending all


@dataclass
class Side:
    """One of the two."""

    name: str
    installation: Installation
    rounds: list[Round] = field(default_factory=list)
    steps: Steps = field(default_factory=lambda: Steps({}, {}))
    memory: dict[str, float] = field(default_factory=dict)

    def figures(self, cal: float) -> dict[str, list[float]]:
        """All that is compared, by name: a figure for each turn, or one for all of them.

        ``cal``: CPU seconds of one, over all turns of both sides. A turn is too short to have one of its own.
        """
        took = {step: [ms for one in self.rounds for ms in one.took[step]] for step in (SMS, *STEPS)}
        return {
            "CAL a journey": [sum(one.cpu.values()) / cal / one.journeys for one in self.rounds],
            **{f"CAL of {name}": [r.cpu[name] / cal / r.journeys for r in self.rounds] for name in self.rounds[0].cpu},
            "journeys a second": [one.a_second for one in self.rounds],
            **{name: [self.steps.total[name]] for name in COUNTS},
            **{f"{step} p95, ms": [report.percentile(each, 95)] for step, each in took.items()},
            "memory of the portal, MB": [sum(self.memory.values())],
        }

    def as_json(self, cal: float) -> dict[str, Any]:
        rounds = [one.as_json() for one in self.rounds]
        return {
            "name": self.name,
            "rounds": rounds,
            "steps": self.steps.as_json(),
            "memory": self.memory,
            **self.figures(cal),
        }


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("commit")
    parser.add_argument("--clients", type=int, default=16, help="at once")
    parser.add_argument("--time", type=float, default=115.0, help="seconds that it may take in all")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one turn")
    parser.add_argument("--people", type=int, default=3000, help="of each side, who can have a turn, once each")
    parser.add_argument("--json", type=Path, help="where to write all figures")
    arguments = parser.parse_args(words)
    end = time.monotonic() + arguments.time
    try:
        with Sides(arguments.commit, arguments.people) as (base, here):
            cal = take_turns(base, here, arguments.clients, arguments.seconds, end - AFTER_TURNS)
    except Incomplete as what:
        sys.stderr.write(f"{what}\n")
        return 1
    sys.stdout.write(
        f"{arguments.clients} clients, {len(here.rounds)} turns each, Python {platform.python_version()}, "
        f"one CAL {cal * 1000:.2f} ms\n\n"
    )
    sys.stdout.write(f"{comparison(base, here, cal)}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps([base.as_json(cal), here.as_json(cal)], indent=1), encoding="utf-8")
    return 0


class Sides:
    """Both installations, started side by side, as a context."""

    def __init__(self, commit: str, count: int) -> None:
        self._commit, self._count = commit, count

    def __enter__(self) -> tuple[Side, Side]:
        with ExitStack() as stack:
            tree = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idportal-bench-base-")))
            name = check_out(self._commit, tree)
            sides = (
                Side(name, Installation(self._count, tree, python_for(tree))),
                Side("here", Installation(self._count)),
            )
            # A server ends with the thread that started it: these threads live as long as this context.
            threads = stack.enter_context(ThreadPoolExecutor(len(sides)))
            starting = [threads.submit(side.installation.__enter__) for side in sides]
            for side, started in zip(sides, starting, strict=True):
                if started.exception() is None:
                    stack.push(side.installation)
            for started in starting:
                started.result()
            self._stack = stack.pop_all()
        return sides

    def __exit__(self, *what: Any) -> None:
        self._stack.close()


def take_turns(base: Side, here: Side, clients: int, seconds: float, until: float) -> float:
    """As many as end before ``until`` (``time.monotonic``), three of each side at least. Returns a CAL in seconds."""
    for side in (base, here):
        run_round(side.installation, clients=clients, seconds=60, most=WARM_UP)
    turn = 0
    while turn < LEAST_TURNS or time.monotonic() + 2 * seconds < until:
        for side in (base, here) if turn % 2 else (here, base):
            side.rounds.append(run_round(side.installation, clients=clients, seconds=seconds))
        turn += 1
    with ThreadPoolExecutor(2) as threads:  # counts are the same, however slow it is
        counting = [threads.submit(count_steps, side.installation, 3, pause=0.3) for side in (base, here)]
    for side, counted in zip((base, here), counting, strict=True):
        side.memory, side.steps = memory_by_family(side.installation.portal), counted.result()
    return statistics.median(one.cal for one in (*base.rounds, *here.rounds))


def comparison(base: Side, here: Side, cal: float) -> str:
    before, now = base.figures(cal), here.figures(cal)
    rows = []
    for name in {**before, **now}:  # a process may be new, or gone
        old, new = before.get(name, [0.0]), now.get(name, [0.0])
        rows.append([name, _short(statistics.median(old)), _short(statistics.median(new)), ratio(old, new)])
    return report.table(["", base.name, "here", "×"], rows)


def ratio(before: list[float], now: list[float]) -> str:
    """The median of the ratios, turn by turn; the smallest and the largest if there are several."""
    ratios = [new / old for old, new in zip(before, now, strict=False) if old]
    if not ratios:
        return ""
    spread = f" ({min(ratios):.2f}–{max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):.2f}{spread}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
