"""``make test``: the suite on PostgreSQL, shared out among workers, and beside it on SQLite what asks much of that.

``python -m tests.suite [--slow] [arguments for pytest]``. Both run, also if one fails. What is said on SQLite comes
when both are done. ``--slow`` runs what breaks servers, then, one by one, what measures time; and nothing else.
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
        arguments, runs = arguments[slow:], []
        if not slow:
            runs.append(
                _start(["-m", "sqlite and not postgresql and not slow", *_marked(arguments, "sqlite")], "", words)
            )
        _migrate(server.url)
        # One more than processors, which servers want too; and of what starts and ends servers, much is waiting.
        workers = 2 * PROCESSORS if slow else PROCESSORS + 1
        chosen = ["-m", "slow and not timing", *_marked(arguments, "slow")] if slow else ["-m", "not slow", *arguments]
        # Their databases go with the server.
        runs.append(_start([*chosen, "-n", str(workers), "--reuse-db"], server.url))
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
