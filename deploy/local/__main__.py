"""``python -m deploy.local demo|stack``: starts everything, says where it is, and stops it all on Ctrl-C or SIGTERM."""

import argparse
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

from deploy.local import cast, files, sites
from deploy.local.cast import EVA, KARL, PER
from deploy.local.installation import ROOT, Demo, Installation, Stack
from deploy.local.server import HOST, CannotStart, own_environment, say
from deploy.local.supervisor import Supervisor

KINDS: dict[str, type[Installation]] = {kind.name: kind for kind in (Demo, Stack)}


def main() -> int:
    """Prepare, start, wait for Ctrl-C or SIGTERM, end everything. Returns the exit code."""
    arguments = parse(sys.argv[1:])
    folder = (arguments.folder or Path("var", arguments.kind)).resolve()
    os.umask(0o077)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    installation = KINDS[arguments.kind](folder, arguments.port, arguments.site)
    title = installation.title.capitalize()
    try:
        # SIGTERM and a closed terminal end the program as Ctrl-C does, even where the shell ignores Ctrl-C.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup asked for it
                signal.signal(number, signal.default_int_handler)
        with folder.with_suffix(".lock").open("a+") as lock:
            lock_alone(lock, title, installation.name)
            require_free(arguments.port, installation.name)
            run(installation, fresh=arguments.fresh)
    except KeyboardInterrupt:
        say(f"{title} är avslutad. / The {installation.name} has ended.")
    except CannotStart as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, default=8000, help="of 127.0.0.1 (default: 8000)")
    parser.add_argument("--site", default=sites.FIRST, help="whose portal: " + ", ".join(sites.names()))
    parser.add_argument("--folder", type=Path, help="what it keeps (default: var/demo or var/stack)")
    parser.add_argument("--fresh", action="store_true", help="forget everything that an earlier start left")
    arguments = parser.parse_args(words)
    if not 0 < arguments.port < 1 << 16:
        parser.error("--port takes a number from 1 to 65535")
    if arguments.site not in sites.names():
        there = ", ".join(sites.names())
        parser.error(f"SITE={arguments.site} finns inte. Välj en av / There is no such site. Choose one of: {there}")
    return arguments


def lock_alone(lock: IO[str], title: str, name: str) -> None:
    """Raises CannotStart if another process has the lock: two would share a folder and a database."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise CannotStart(
            f"{title} körs redan (process {lock.read().strip()}). Avsluta den först.\n"
            f"The {name} is already running. End it first."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def require_free(port: int, target: str) -> None:
    """Raises CannotStart if the port is taken, or not allowed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself will
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} kan inte användas ({error.strerror}). Välj en annan: make {target} PORT=8001\n"
                f"Port {port} can't be used. Choose another: make {target} PORT=8001"
            ) from None


def run(installation: Installation, *, fresh: bool) -> None:
    """Until supervisor or the caller is ended. Raises CannotStart."""
    installation.require_own_folder()
    supervisor = Supervisor(installation)
    supervisor.end_stray()
    if outdated := installation.is_outdated():
        say("En ny dag eller version: demon börjar om. / A new day or version: the demo starts afresh.")
    if outdated or fresh:
        installation.forget()
    say("Förbereder… / Preparing…")
    installation.prepare()
    try:
        say("Startar servrar… / Starting servers…")
        supervisor.start()
        say("Databas och sidor… / Database and pages…")
        load(installation)
        supervisor.start_others()
        say(banner(installation, supervisor))
        supervisor.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C would leave servers behind
        with contextlib.suppress(OSError):  # the terminal is closed
            say("\nAvslutar… / Ending…")
        supervisor.stop()
        installation.mailbox.tidy()


def load(installation: Installation) -> None:
    """Bring the database up to date, with the cast in it. Raises CannotStart with the words of what fails."""
    ran = subprocess.run(  # noqa: S603 - our own arguments
        installation.as_owner(sys.executable, "-m", "deploy.local.load"),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=own_environment(),
        cwd=ROOT,
        start_new_session=True,
    )
    if ran.returncode:
        raise CannotStart(ran.stdout.strip())


def banner(installation: Installation, supervisor: Supervisor) -> str:
    return files.filled(
        "banner.txt",
        url=installation.url,
        folder=shown(installation.folder),
        control=" ".join(str(shown(Path(word))) for word in supervisor.control),
        carin=cast.CARIN.mail,
        stefan=cast.STEFAN.username,
        **{person.given_name.lower(): f"{person.username}  {person.password}" for person in (KARL, PER, EVA)},
    )


def shown(path: Path) -> Path:
    """As short as it can be written here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
