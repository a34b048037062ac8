"""``make test``: the suite on PostgreSQL, shared out among workers, and beside it the demo's journeys on SQLite.

``python -m tests.suite [--slow] [arguments for pytest]``. Both run, also if one fails. What is said on SQLite comes
when both are done. ``--slow`` runs what breaks servers, then, one by one, what measures time; and nothing else. The
longer journeys are tried on SQLite there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import IO

from deploy.local.server import bound
from tests.servers.postgres import PrivatePostgres

PROCESSORS = os.cpu_count() or 1
NONE_FOUND = 5  # pytest's exit code if it has found no test: what the arguments choose need not be on both databases


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _end)
    slow = arguments[:1] == ["--slow"]
    with (
        tempfile.TemporaryDirectory(prefix="idportal-postgres-") as folder,
        PrivatePostgres(Path(folder)) as server,
        tempfile.TemporaryFile() as words,
    ):
        arguments, chosen, on_sqlite = arguments[slow:], "not slow", "sqlite and not slow"
        workers = PROCESSORS + 1  # one waits for servers, which want the processors too
        if slow:
            chosen, on_sqlite = "slow and not timing", "sqlite_slow"
            workers = 2 * PROCESSORS  # much of it is waiting for what starts and ends
        runs = [_start(["-m", f"{on_sqlite} and not postgresql", *_marked(arguments, on_sqlite.split()[0])], "", words)]
        _migrate(server.url)
        # Their databases go with the server.
        more = ["-n", str(workers), "--reuse-db", *(_marked(arguments, "slow") if slow else arguments)]
        runs.append(_start(["-m", chosen, *more], server.url))
        codes = {run.wait() for run in runs}
        if slow:
            codes.add(_start(["-m", "timing", *_marked(arguments, "timing")], server.url).wait())
        words.seek(0)
        sys.stdout.buffer.write(words.read())
    if codes == {NONE_FOUND}:
        return NONE_FOUND
    return max(codes - {NONE_FOUND})


def _migrate(database: str) -> None:
    """Makes the tables once, in the server's own database, which each worker copies (tests/settings.py)."""
    environment = {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"]
    subprocess.run(bound(command), check=True, env=environment)


def _marked(arguments: list[str], mark: str) -> list[str]:
    """The arguments; and if they name no file, those with the mark: to read all the others takes each run seconds."""
    if any(Path(argument.partition("::")[0]).exists() for argument in arguments):
        return arguments
    files = [file for file in Path("tests").rglob("test_*.py") if f"mark.{mark}" in file.read_text(encoding="utf-8")]
    return [*arguments, *sorted(map(str, files))]


def _start(arguments: list[str], database: str, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """pytest, on that database; on SQLite in memory if there is none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")}
    if database:
        environment |= {"DATABASE_URL": database, "DATABASE_URL_MIGRATED": database}
    # Without this a suite that is killed would leave its servers behind.
    command = bound([sys.executable, "-m", "pytest", *arguments])
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
