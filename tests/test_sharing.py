"""--first-cases, as .ci/run has it on the second Python: each test function runs, and once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.servers.processes import ROOT

pytestmark = pytest.mark.process

FILE = "tests/accounts/directory/test_units.py"


def collected(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", FILE, *arguments]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [line for line in ran.stdout.splitlines() if line.startswith(FILE)]


def function(case: str) -> tuple[str, bool]:
    return case.partition("[")[0], "active_directory" in case


def test_of_each_function_the_first_case_runs_and_on_both_directories() -> None:
    every, first = collected(), collected("--first-cases")
    assert len(first) < len(every)
    assert [function(case) for case in first] == list(dict.fromkeys(map(function, every)))
    assert first == [next(case for case in every if function(case) == function(one)) for one in first]
