"""The processes that stand in for ``python manage.py``: as fresh as that, and gone when they should be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.idportal import forks
from tests.idportal.conftest import manage
from tests.idportal.forks import OURS, ROOT, environment

pytestmark = pytest.mark.process

WAIT = 20.0  # seconds
LOOK = """
import json, os, sys, threading
from django.apps import apps
from django.conf import settings
loaded = sorted({name.partition(".")[0] for name in sys.modules})
state = [settings.configured, apps.ready, threading.active_count(), sys.argv, os.getcwd(), sys.stdin.read()]
print(json.dumps([loaded, state, dict(os.environ)]))
"""


def run(folder: Path, code: str, **values: str) -> tuple[int, str, str]:
    out, err = folder / "out", folder / "err"
    process = forks.start(code, ["-c", "one"], values, out, err)
    process.join(WAIT)
    assert process.exitcode is not None
    return process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + WAIT
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "it runs on"
        time.sleep(0.02)


def test_nothing_of_ours_is_loaded_and_no_settings_are_read(tmp_path: Path) -> None:
    ended, out, err = run(tmp_path, LOOK, SECRET_KEY="å")
    assert (ended, err) == (0, "")
    loaded, state, variables = json.loads(out)
    assert OURS.isdisjoint(loaded)
    assert {"celery", "django", "ldap"} <= set(loaded)
    assert state == [False, False, 1, ["-c", "one"], str(ROOT), ""]
    assert variables == environment({"SECRET_KEY": "å"})


def test_one_process_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    run(tmp_path, "import os; import idportal.celery; os.environ['LEFT'] = os.environ['GIVEN']", GIVEN="1")
    test_nothing_of_ours_is_loaded_and_no_settings_are_read(tmp_path)


@pytest.mark.parametrize(
    ("code", "ended"),
    [("", 0), ("raise SystemExit(7)", 7), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL)],
)
def test_it_ends_as_python_does(tmp_path: Path, code: str, ended: int) -> None:
    plain = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    found, out, err = run(tmp_path, code)
    assert found == ended == plain.returncode
    assert out == plain.stdout
    assert err.splitlines()[-1:] == plain.stderr.splitlines()[-1:]


def test_output_is_kept_apart() -> None:
    ran = manage("nonsense", SECRET_KEY="x", DATABASE_URL="sqlite://:memory:")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Unknown command: 'nonsense'" in ran.stderr


def test_it_ends_with_the_suite_even_if_that_is_killed(tmp_path: Path) -> None:
    script = "\n".join(
        [
            "from tests.idportal import forks",
            f"process = forks.start('import time; time.sleep(60)', ['-c'], {{}}, '{tmp_path}/out', '{tmp_path}/err')",
            "print(process.pid, flush=True)",
            "process.join()",
        ]
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as suite:
        assert suite.stdout is not None
        pid = int(suite.stdout.readline())
        os.kill(suite.pid, signal.SIGKILL)
        wait_for_end(pid)
