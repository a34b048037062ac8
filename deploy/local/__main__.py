"""``python -m deploy.local demo|stack``: starts everything, says where it is, ends everything on Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from pathlib import Path

from deploy.local import cast, files
from deploy.local.cast import EVA, KARL, PER
from deploy.local.demo import Demo
from deploy.local.installation import ROOT, Installation
from deploy.local.process import (
    CannotStart,
    ignore_signals,
    interruptible,
    only_one,
    own_environment,
    require_free,
    say,
)
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor

KINDS: dict[str, type[Installation]] = {kind.name: kind for kind in (Demo, Stack)}

RUNS_ALREADY = "{title} körs redan (process {{pid}}). Avsluta den först.\nThe {name} is already running. End it first."


def main() -> int:
    """Prepare, start, wait for Ctrl-C or SIGTERM, end everything. Returns the exit code."""
    arguments = parse(sys.argv[1:])
    folder = (arguments.folder or Path("var", arguments.kind)).resolve()
    os.umask(0o077)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = KINDS[arguments.kind]
    title = kind.title.capitalize()
    try:
        runs_already = RUNS_ALREADY.format(title=title, name=kind.name)
        with interruptible(), only_one(folder.with_suffix(".lock"), runs_already):
            require_free(arguments.port, kind.name)
            run(kind(folder, arguments.port), fresh=arguments.fresh)
    except KeyboardInterrupt:
        say(f"{title} är avslutad. / The {kind.name} has ended.")
    except (CannotStart, RuntimeError) as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, default=8000, help="of 127.0.0.1 (default: 8000)")
    parser.add_argument("--folder", type=Path, help="what it keeps (default: var/demo or var/stack)")
    parser.add_argument("--fresh", action="store_true", help="forget everything that an earlier start left")
    arguments = parser.parse_args(words)
    if not 0 < arguments.port < 1 << 16:
        parser.error("--port takes a number from 1 to 65535")
    return arguments


def run(installation: Installation, *, fresh: bool) -> None:
    """Until supervisor or the caller is ended. Raises CannotStart."""
    installation.require_own_folder()
    supervisor = Supervisor(installation.folder)
    supervisor.end_stray()
    if installation.is_outdated() or fresh:
        installation.forget()
    say("Förbereder… / Preparing…")
    installation.prepare()
    try:
        say("Startar servrar… / Starting servers…")
        supervisor.start(installation.programs())
        say("Databas och sidor… / Database and pages…")
        load(installation)
        supervisor.start_others()
        say(banner(installation, supervisor))
        supervisor.wait()
    finally:
        ignore_signals()
        with contextlib.suppress(OSError):  # the terminal is closed
            say("\nAvslutar… / Ending…")
        supervisor.stop()
        installation.mailbox.tidy()


def load(installation: Installation) -> None:
    """Bring the database up to date, with the cast in it. Raises CannotStart with the words of what fails."""
    ran = subprocess.run(  # noqa: S603 - our own arguments
        installation.portal(sys.executable, "-m", "deploy.local.load"),
        check=False,
        capture_output=True,
        text=True,
        env=own_environment(),
        cwd=ROOT,
        start_new_session=True,
    )
    if ran.returncode:
        raise CannotStart(f"{ran.stdout}{ran.stderr}".strip())


def banner(installation: Installation, supervisor: Supervisor) -> str:
    return files.filled(
        "banner.txt",
        url=installation.url,
        folder=shown(installation.folder),
        control=" ".join(str(shown(Path(word))) for word in supervisor.control()),
        carin=cast.CARIN.mail,
        stefan=cast.STEFAN.username,
        **{person.given_name.lower(): f"{person.username}  {person.password}" for person in (KARL, PER, EVA)},
    )


def shown(path: Path) -> Path:
    """As short as it can be written here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
