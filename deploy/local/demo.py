"""``python -m deploy.local``: the portal with sample people, a directory, a mailbox and SQLite, on one machine.

Everything that it keeps lies in ``var/demo/`` and lasts until midnight: the sample passwords run out so many
days from the day on which they are loaded, and the table on /demo/ promises how many.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import shutil
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.local import cast
from deploy.local.dovecot import PrivateDovecot
from deploy.local.process import (
    HOST,
    CannotStart,
    free_port,
    ignore_signals,
    interruptible,
    only_one,
    require_free,
    say,
)
from deploy.local.slapd import PrivateSlapd

FOLDER = Path("var/demo")
PORTS = range(1, 65536)
DIRECTORY_PORT, MAILBOX_PORT = 10636, 10993  # preferred; any other free ones serve as well
MAIL_SERVER = "mx.demo.example"  # whose word on the sender of a mail is believed

# What a shell may have set for another installation, and the demo must not inherit.
# fmt: off
FOREIGN = (
    "ALLOWED_", "CELERY_", "DATABASE_", "DEBUG_", "DEFAULT_", "DEMO_",
    "DIRECTORY_", "EMAIL_", "ENCRYPTION_", "HELPDESK_", "LIMIT_", "PASSWORD_",
    "PORTAL_", "REDIS_", "REGISTER_", "RESET_", "SECRET_", "SMS_",
    "TRUSTED_",
)
# fmt: on

PEOPLE = {"karl": cast.KARL, "stefan": cast.STEFAN, "carin": cast.CARIN, "per": cast.PER, "eva": cast.EVA}

RUNS_ALREADY = "Demon körs redan (process {pid}). Avsluta den först.\nThe demo is already running. End it first."

BANNER = """
  Portalen är igång   {url}/          The portal is running
  Börja här           {url}/demo/     Start here: accounts to try, telephone, mailbox

  Registrera mobil    {url}/registrera/    {karl.username}  {karl.password}
  Återställ lösenord  {url}/aterstall/     {stefan.username}  (koden kommer på / the code arrives at /demo/)
  Beställare          {url}/bestallare/    {carin.mail}  (länken kommer på / the link arrives at /demo/)
  Helpdesk            {url}/helpdesk/      {per.username}  {per.password}
  Administration      {url}/admin/         {eva.username}  {eva.password}

  SMS och mejl som filer / SMS and mails as files: {folder}/sms, {folder}/mail
  Avsluta med Ctrl-C / End with Ctrl-C
"""


def main() -> int:
    """Prepare, serve until Ctrl-C or SIGTERM, tidy up. Returns the exit code."""
    arguments = parse(sys.argv[1:])
    folder, port = arguments.folder.resolve(), arguments.port
    os.umask(0o077)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with interruptible(), only_one(folder.with_suffix(".lock"), RUNS_ALREADY):
            require_free(port, "demo")
            directory = PrivateSlapd(folder / "slapd", free_port(DIRECTORY_PORT))
            mailbox = PrivateDovecot(folder / "dovecot", free_port(MAILBOX_PORT))
            prepare(folder, directory, mailbox, fresh=arguments.fresh)
            try:
                start(directory, mailbox)
                set_environment(folder, port, directory, mailbox)
                serve(folder, port)
            finally:
                ignore_signals()
                mailbox.stop()
                directory.stop()
    except KeyboardInterrupt:
        say("\nDemon är avslutad. / The demo has ended.")
    except CannotStart as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8000, help="of 127.0.0.1 (default: 8000)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"what it keeps (default: {FOLDER})")
    parser.add_argument("--fresh", action="store_true", help="forget everything that an earlier start left")
    arguments = parser.parse_args(words)
    if arguments.port not in PORTS:
        parser.error(f"--port takes a number from {PORTS.start} to {PORTS.stop - 1}")
    return arguments


def prepare(folder: Path, directory: PrivateSlapd, mailbox: PrivateDovecot, *, fresh: bool) -> None:
    """Make the folder and what belongs in it; begin anew if asked to, or on a new day."""
    stamp = folder / "day"
    today = datetime.now(ZoneInfo("Europe/Stockholm")).date().isoformat()
    loaded = stamp.read_text(encoding="ascii") if stamp.exists() else ""
    if not loaded and folder.exists() and any(folder.iterdir()):
        raise CannotStart(
            f"{folder} hör inte till demon. Välj en annan mapp. / This is not the demo's. Choose another folder."
        )
    if loaded and loaded != today and not fresh:
        say("En ny dag: demon börjar om, så att antalet dagar stämmer. / A new day: the demo starts afresh.")
    if loaded and (fresh or loaded != today):
        directory.end_stray()  # a killed demo leaves its slapd, known by a file in the folder
        mailbox.end_stray()
        mailbox.stop()
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp.write_text(today, encoding="ascii")
    for name in ("sms", "mail"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    key = folder / "secret-key"
    if not key.exists():
        key.write_text(secrets.token_urlsafe(50), encoding="ascii")


def start(directory: PrivateSlapd, mailbox: PrivateDovecot) -> None:
    try:
        directory.start()
    except RuntimeError as error:
        raise CannotStart(f"Katalogen startade inte. / The directory did not start.\n{error}") from error
    try:
        mailbox.start()
    except RuntimeError as error:
        raise CannotStart(f"Helpdesks brevlåda startade inte. / The mailbox did not start.\n{error}") from error


def set_environment(folder: Path, port: int, directory: PrivateSlapd, mailbox: PrivateDovecot) -> None:
    """Point the portal's settings at the demo, whatever the shell has set."""
    for name in list(os.environ):
        if f"{name}_".startswith(FOREIGN):
            del os.environ[name]
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "idportal.settings",
            "DEBUG": "1",
            "DEMO_FOLDER": str(folder),
            "SECRET_KEY_FILE": str(folder / "secret-key"),
            "PORTAL_URL": f"http://{HOST}:{port}",
            "ALLOWED_HOSTS": f"{HOST} localhost",
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "SMS_GATEWAYS": (folder / "sms").as_uri(),
            "EMAIL_URL": f"filemail://{folder / 'mail'}",
            # Seconds: nobody who tries it waits for a quarter of an hour.
            "PHONE_LINK_HOLD": os.environ.get("PHONE_LINK_HOLD", "120"),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
            "HELPDESK_AUTHSERV_ID": MAIL_SERVER,
            **mailbox.environment(),
            **directory.environment(),
        }
    )


def serve(folder: Path, port: int) -> None:
    """Bring the database up to date and answer requests until interrupted."""
    import django
    from django.core.management import call_command
    from django.core.servers import basehttp
    from django.core.wsgi import get_wsgi_application

    django.setup(set_prefix=False)
    call_command("check", stdout=io.StringIO())
    call_command("migrate", verbosity=0)
    call_command("seed_demo")
    call_command("send_expiry_digests", stdout=io.StringIO())  # this morning's mail, in the mailbox
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    banner = BANNER.format(url=f"http://{HOST}:{port}", folder=shown, **PEOPLE)
    basehttp.run(
        HOST,
        port,
        get_wsgi_application(),
        threading=True,
        on_bind=lambda _: say(banner),
    )


if __name__ == "__main__":
    sys.exit(main())
