"""``python -m tests.faults [--short] [--table FILE] [--only PATTERN]`` prints the results; exits with 1 on a failure.

It takes twelve minutes; with ``--short``, a minute and a half.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults import of_directory, of_messages, of_processes, of_stores
from tests.faults.fault import Fault, Row, bring
from tests.faults.stack import FaultyStack

OWN_MOUNTS = "IDPORTAL_FAULTS_OWN_MOUNTS"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--short", action="store_true", help="five of the faults")
    parser.add_argument("--table", type=Path, help="where to write the table, as Markdown")
    parser.add_argument("--only", default="", help="the faults whose name matches this regular expression")
    arguments = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that nothing is left behind
    among_own_mounts()
    every = (*of_directory.FAULTS, *of_messages.FAULTS, *of_processes.faults(short=arguments.short), *of_stores.FAULTS)
    chosen = [each for each in every if re.search(arguments.only, each.name) and (each.short or not arguments.short)]
    rows = run(chosen)
    if arguments.table:
        arguments.table.write_text(table(rows), encoding="utf-8")
    return 1 if any(row.wrong for row in rows) else 0


def among_own_mounts() -> None:
    """Begins anew where what is mounted is seen by nobody else, and goes with the last process; if that is allowed."""
    if OWN_MOUNTS in os.environ:
        return
    os.environ[OWN_MOUNTS] = "1"
    alone = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--map-current-user", "--keep-caps", "--mount"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode == 0:
        os.execvp(alone[0], [*alone, sys.executable, "-m", "tests.faults", *sys.argv[1:]])


def run(faults: list[Fault]) -> list[Row]:
    rows = []
    began = time.monotonic()
    with FaultyStack() as stack:
        say(f"The stack runs after {time.monotonic() - began:.0f} s.")
        for fault in faults:
            rows.append(row := bring(stack, fault))
            say(f"\n{row.fault}: {row.held}, {row.tried}\n  seen: {row.seen}\n  logged: {row.logged}")
            say(f"  lost: {row.lost}\n  seconds until it worked again: {row.seconds}")
            for words in row.wrong:
                say(f"  ! {words}")
    fell = sum(bool(row.wrong) for row in rows)
    say(f"\n{len(rows)} tried, {len(rows) - fell} held, {fell} fell, in {time.monotonic() - began:.0f} s.")
    return rows


def table(rows: list[Row]) -> str:
    lines = [
        "| fault | tried | | the person saw | the log said | lost | s |",
        "| --- | --- | --- | --- | --- | --- | ---: |",
    ]
    for row in rows:
        cells = (row.fault, row.tried, row.held, row.seen, row.logged, row.lost, row.seconds)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
