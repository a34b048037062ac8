"""The short form of ``make faults``: what it prints says which of the faults the portal did not outlast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.server import bound
from tests.servers.processes import ROOT

pytestmark = pytest.mark.slow

TIMEOUT = 600.0  # seconds, where everything else runs beside it
SHORT = (
    "first directory server killed",
    "first SMS gateway hung",
    "a worker and a web process killed every 10 s",
    "Redis failed over by Sentinel",
    "PostgreSQL failed over to its standby",
)


def test_u1_people_come_through_or_are_told_and_nothing_is_lost(tmp_path: Path) -> None:
    table = tmp_path / "table.md"
    command = bound([sys.executable, "-m", "tests.faults", "--short", "--table", str(table)])
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    rows = [line.split(" | ") for line in table.read_text(encoding="utf-8").splitlines()[2:]]
    assert tuple(row[0].removeprefix("| ") for row in rows) == SHORT
    assert {row[2] for row in rows} == {"held"}
