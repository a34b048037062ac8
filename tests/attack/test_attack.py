"""`make attack`, its short form: the stories, and a crawl as each role, on a stack of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.servers.processes import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.process]


def test_every_attack_holds() -> None:
    command = [sys.executable, "-m", "tests.attack", "--short"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 fell." in ran.stdout
