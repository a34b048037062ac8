"""What a reset costs as it runs in production: ``python -m tests.bench.journey [--commit COMMIT] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import report
from tests.bench.counting import memory_by_family
from tests.bench.installation import Installation
from tests.bench.rounds import Incomplete, Round, count_steps, run_round
from tests.bench.trees import check_out, python_for
from tests.servers.processes import ROOT

CLIENTS = (4, 16)
WARM_UP = 80  # journeys that fill caches, templates and connections


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.journey", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="of one round")
    parser.add_argument("--people", type=int, default=8000, help="who can have a turn, once each")
    parser.add_argument("--walks", type=int, default=5, help="journeys whose steps are counted")
    parser.add_argument("--commit", help="to be measured instead of this tree")
    parser.add_argument("--json", type=Path, help="where to write all figures")
    arguments = parser.parse_args(words)
    rounds: dict[int, list[Round]] = {clients: [] for clients in CLIENTS}
    try:
        with ExitStack() as stack:
            name, tree = "this tree", ROOT
            if arguments.commit:
                tree = Path(stack.enter_context(TemporaryDirectory(prefix="idportal-bench-base-")))
                name = check_out(arguments.commit, tree)
            installation = stack.enter_context(Installation(arguments.people, tree, python_for(tree)))
            run_round(installation, clients=max(CLIENTS), seconds=60, most=WARM_UP)
            for _ in range(arguments.rounds):
                for clients, done in rounds.items():
                    done.append(run_round(installation, clients=clients, seconds=arguments.seconds))
            memory = memory_by_family(installation.families)
            steps = count_steps(installation, arguments.walks, pause=0.5)
    except Incomplete as what:
        sys.stderr.write(f"{what}\n")
        return 1
    journeys = sum(one.journeys for done in rounds.values() for one in done)
    sys.stdout.write(
        f"{name}, Python {platform.python_version()}: {journeys} journeys in {arguments.rounds} rounds, each with its "
        f"events and notices, no error.\n\n{report.load_table(rounds)}\n\n{report.pages_table(rounds)}\n\n"
        f"{report.steps_table(steps)}\n\n{report.memory_table(memory, installation.portal)}\n"
    )
    if arguments.json:
        figures = {
            "rounds": [one.as_json() for done in rounds.values() for one in done],
            "steps": steps.as_json(),
            "memory": memory,
            "python": platform.python_version(),
        }
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
