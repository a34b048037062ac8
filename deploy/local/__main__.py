"""``python -m deploy.local``: starts everything, says where it is, ends everything on Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import redis
import requests

from deploy.local import cast, postgres
from deploy.local.parts import ROOT, Stack
from deploy.local.process import CannotStart, ignore_signals, interruptible, only_one, require_free, say
from deploy.local.supervisor import Supervisor

FOLDER = Path("var/stack")
START_TIMEOUT = 60.0  # seconds, for each server
SAMPLES = Path(__file__).resolve().parent

RUNS_ALREADY = "Stacken körs redan (process {pid}). Avsluta den först.\nThe stack is already running. End it first."

BANNER = """
  Portalen är igång, som i drift   {url}/    The portal is running, as in production

  Registrera mobil    {url}/registrera/   {karl.username}  {karl.password}
  Återställ lösenord  {url}/aterstall/    {karl.username}  (registrera först / register first)
  Administration      {url}/admin/        {eva.username}  {eva.password}
  Företag / companies: {companies}. Beställare / orderer: {carin.name}, {carin.mail}

  SMS    {folder}/sms     en fil per meddelande / a file for each message
  Mejl   {folder}/mail    …likaså / likewise (.eml)
  Loggar {folder}/log     en fil per process / a file for each process
  Data   {folder}         PostgreSQL: {data}

  {control} status
  {folder}/manage doctor

  Avsluta med Ctrl-C / End with Ctrl-C
"""


def main() -> int:
    """Prepare, start, wait for Ctrl-C or SIGTERM, end everything. Returns the exit code."""
    arguments = parse(sys.argv[1:])
    folder = arguments.folder.resolve()
    os.umask(0o077)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with interruptible(), only_one(folder.with_suffix(".lock"), RUNS_ALREADY):
            require_free(arguments.port, "stack")
            stack = Stack(folder, arguments.port)
            prepare(stack, fresh=arguments.fresh)
            supervisor = Supervisor(folder, stack.programs())
            try:
                start(stack, supervisor)
                code = supervisor.wait()
                raise CannotStart(f"supervisord slutade oväntat. / supervisord ended unexpectedly ({code}).")
            finally:
                ignore_signals()
                with contextlib.suppress(OSError):  # the terminal is closed
                    say("\nAvslutar… / Ending…")
                supervisor.stop()
    except KeyboardInterrupt:
        say("Stacken är avslutad. / The stack has ended.")
    except (CannotStart, RuntimeError) as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8000, help="of 127.0.0.1 (default: 8000)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"what it keeps (default: {FOLDER})")
    parser.add_argument("--fresh", action="store_true", help="forget everything that an earlier start left")
    arguments = parser.parse_args(words)
    if not 0 < arguments.port < 1 << 16:
        parser.error("--port takes a number from 1 to 65535")
    return arguments


def prepare(stack: Stack, *, fresh: bool) -> None:
    """Make the folder; begin anew if asked to. Raises CannotStart if the folder is something else's."""
    stamp = stack.folder / "stack"
    if stack.folder.exists() and any(stack.folder.iterdir()) and not stamp.exists():
        raise CannotStart(
            f"{stack.folder} hör inte till stacken. Välj en annan mapp. / This is not the stack's folder."
        )
    if fresh:
        stack.forget()
    stack.folder.mkdir(mode=0o700, exist_ok=True)
    stamp.touch()
    say("Förbereder… / Preparing…")
    stack.prepare()
    if (stack.folder / "postgres").is_symlink():
        say(
            f"PostgreSQL kör inte som root och når inte {stack.folder}: dess data ligger i {stack.postgres_folder()}.\n"
            "PostgreSQL does not run as root and can't reach that folder: its data are in the other one."
        )


def start(stack: Stack, supervisor: Supervisor) -> None:
    """Servers, then the database's tables and the sample companies, then the portal."""
    say("Startar PostgreSQL, Redis, OpenLDAP och e-postserver… / Starting servers…")
    supervisor.start()
    password = stack.secret("postgres")
    store = redis.Redis(host="127.0.0.1", port=stack.ports["redis"], password=stack.secret("redis"))
    wait(supervisor, "postgres", lambda: postgres.create_database(stack.ports["postgres"], password))
    wait(supervisor, "redis", lambda: answers(store))
    wait(supervisor, "slapd", stack.directory.answers)
    say("Databas och sidor… / Database and pages…")
    manage(stack, "migrate", "--verbosity=0")
    manage(stack, "collectstatic", "--noinput", "--verbosity=0")
    loaded = stack.folder / "loaded"
    if not loaded.exists():  # once: what was changed since stays so
        manage(stack, "import_companies", str(SAMPLES / "companies.csv"))
        manage(stack, "import_orderers", str(SAMPLES / "orderers.csv"))
        loaded.touch()
    say("Startar workers, beat och webb… / Starting workers, beat and web…")
    supervisor.begin("worker", "outbox", "beat", "web")
    wait(supervisor, "web", lambda: is_ready(stack.url))
    say(
        BANNER.format(
            url=stack.url,
            karl=cast.KARL,
            eva=cast.EVA,
            carin=cast.CARIN,
            companies=", ".join(company.name for company in cast.COMPANIES),
            folder=shown(stack.folder),
            data=shown(stack.postgres_folder()),
            control=" ".join(str(shown(Path(word))) for word in supervisor.control()),
        )
    )


def wait(supervisor: Supervisor, name: str, good: Callable[[], bool]) -> None:
    """Until it is good. Raises CannotStart with the program's last words if it does not come to that."""
    deadline = time.monotonic() + START_TIMEOUT
    while not good():
        if not supervisor.runs() or time.monotonic() > deadline:
            raise CannotStart(f"{name} startade inte. / did not start.\n{supervisor.last_words(name)}")
        time.sleep(0.1)


def answers(store: redis.Redis) -> bool:
    try:
        return bool(store.ping())
    except redis.RedisError:
        return False


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz/ready", timeout=10).status_code == requests.codes.ok
    except requests.RequestException:
        return False


def manage(stack: Stack, *words: str) -> None:
    """Runs manage.py with the stack's settings. Raises CannotStart with its words if it fails."""
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, str(ROOT / "manage.py"), *words]
    ran = subprocess.run(  # noqa: S603 - our own arguments
        command,
        check=False,
        capture_output=True,
        text=True,
        env=stack.environment(),
        cwd=ROOT,
        start_new_session=True,
    )
    if ran.returncode:
        raise CannotStart(f"manage.py {words[0]}:\n{ran.stdout}{ran.stderr}".strip())


def shown(path: Path) -> Path:
    """As short as it can be written here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
