"""A private Dovecot in a folder: the helpdesk's mailbox of demo, stack and tests.

Configuration, certificate, mails and the account's password all lie in the folder; deleting it deletes everything.
There is one mailbox, for every sender and receiver.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from deploy.local import certificate, files
from deploy.local.process import program
from deploy.local.server import LocalServer

ACCOUNT = "helpdesk"
NOBODY, NOGROUP = "nobody", "nogroup"
TEMPORARY = "idportal-dovecot-"

# Bytes of a folder's path. With Dovecot's longest socket name ("/token-login/imap-urlauth", a dot, a number) it stays
# below the system's limit of 108 (unix(7)).
SHORT = 70


class Dovecot(LocalServer):
    """Dovecot on ``imaps://127.0.0.1:port``; with STARTTLS on ``plain_port``, and LMTP on ``lmtp_port``, if given.

    ``extra`` goes into the configuration. End its whole process group: a process with a client outlives the master.
    """

    name = "Dovecot"

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        plain_port: int | None = None,
        lmtp_port: int | None = None,
        extra: str = "",
    ) -> None:
        super().__init__(folder, port)
        self.plain_port = plain_port
        self.lmtp_port = lmtp_port
        self.extra = extra

    @property
    def url(self) -> str:
        """For HELPDESK_MAILBOX. After :meth:`prepare`."""
        return f"imaps://{ACCOUNT}:{quote(self.secret(), safe='')}@127.0.0.1:{self.port}/INBOX"

    def environment(self) -> dict[str, str]:
        """The settings that point the portal here. After :meth:`prepare`."""
        return {"HELPDESK_MAILBOX": self.url, "HELPDESK_MAILBOX_CA_FILE": str(self.ca_file)}

    def secret(self) -> str:
        """The account's password."""
        return files.secret(self.folder / "password")

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._make_run_folder()
        if not self.ca_file.exists():
            certificate.make(self.folder / "tls")
        files.write(self.folder / "users", f"{ACCOUNT}:{{PLAIN}}{self.secret()}\n")
        files.write(self.folder / "dovecot.conf", self._config())

    def command(self) -> list[str]:
        dovecot = program("dovecot", "dovecot-imapd")
        return [*_as_plain_user(), dovecot, "-F", "-c", str(self.folder / "dovecot.conf")]

    def answers(self) -> bool:
        """Whether the server greets over TLS, with its own certificate."""
        try:
            with self._handshake() as connection:
                return connection.recv(64).startswith(b"* OK")
        except OSError:
            return False

    @property
    def _run(self) -> Path:
        """The folder of its sockets; elsewhere, behind a link, if the path would be too long."""
        run = self.folder / "run"
        return run.readlink() if run.is_symlink() else run

    def _make_run_folder(self) -> None:
        self.tidy()
        run = self.folder / "run"
        if len(os.fsencode(run)) > SHORT:
            # Not in TMPDIR, which may be as deep. In a folder of its own, since Dovecot makes ``run`` readable for all.
            run.symlink_to(Path(tempfile.mkdtemp(prefix=TEMPORARY, dir="/tmp")) / "run")
        self._run.mkdir()
        self._run.chmod(0o755)

    def tidy(self) -> None:
        """Removes the sockets of a server that has ended; its mails stay."""
        run = self.folder / "run"
        shutil.rmtree(self._run, ignore_errors=True)
        if run.is_symlink():
            if self._run.parent.name.startswith(TEMPORARY):
                self._run.parent.rmdir()
            run.unlink()

    def _config(self) -> str:
        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        if os.geteuid() == 0:
            user, group = NOBODY, NOGROUP
        return files.filled(
            "dovecot.conf",
            folder=self.folder,
            run=self._run,
            user=user,
            group=group,
            port=self.port,
            plain_port=self.plain_port or 0,
            lmtp_port=self.lmtp_port or 0,
            lmtp="yes" if self.lmtp_port else "no",
            extra=self.extra,
        )


def _as_plain_user() -> list[str]:
    """Dovecot serves no mail as root. For root it runs as the user nobody, with the right to read the folder.

    ``--pdeathsig`` comes after the change of users, which would clear it (prctl(2)).
    """
    words = [program("setpriv", "util-linux")]
    if os.geteuid() == 0:
        reach = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
        words += ["--reuid", NOBODY, "--regid", NOGROUP, "--clear-groups", *reach]
    # Without the signal a demo or a test run that is killed would leave the server behind.
    return [*words, "--pdeathsig", "TERM"]
