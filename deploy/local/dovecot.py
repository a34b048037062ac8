"""A private Dovecot in a folder: the helpdesk's mailbox of demo, stack and tests.

Configuration, certificate, mails and the account's password all lie in the folder; deleting it deletes everything.
There is one mailbox, for every sender and receiver.
"""

import grp
import os
import pwd
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from deploy.local import files
from deploy.local.server import HOST, LocalServer, program

ACCOUNT = "helpdesk"
NOBODY, NOGROUP = "nobody", "nogroup"


class Dovecot(LocalServer):
    """Dovecot on ``imaps://127.0.0.1:port``."""

    name = "dovecot"
    group = True  # a process with a client outlives the master

    def environment(self) -> dict[str, str]:
        url = f"imaps://{ACCOUNT}:{quote(self.secret(), safe='')}@{HOST}:{self.port}/INBOX"
        return {"HELPDESK_MAILBOX": url, "HELPDESK_MAILBOX_CA_FILE": str(self.ca_file)}

    def prepare(self) -> None:
        super().prepare()
        self.tidy()
        # Its sockets' paths must be short (108 bytes, unix(7)): elsewhere, behind a link. Not in TMPDIR, which may be
        # as deep; and in a folder of its own, since Dovecot makes ``run`` readable for all.
        run = Path(tempfile.mkdtemp(prefix="idportal-dovecot-", dir="/tmp"), "run")
        run.mkdir()
        run.chmod(0o755)
        (self.folder / "run").symlink_to(run)
        if not self.ca_file.exists():
            files.make_certificate(self.folder / "tls")
        files.write(self.folder / "users", f"{ACCOUNT}:{{PLAIN}}{self.secret()}\n")
        files.write(self.folder / "dovecot.conf", self.config())

    def command(self) -> list[str]:
        """Dovecot serves no mail as root. For root it runs as the user nobody, with the right to read the folder.

        ``--pdeathsig`` comes after the change of users, which would clear it (prctl(2)).
        """
        words = [program("setpriv", "util-linux")]
        if os.geteuid() == 0:
            reach = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
            words += ["--reuid", NOBODY, "--regid", NOGROUP, "--clear-groups", *reach]
        dovecot = program("dovecot", "dovecot-imapd")
        return [*words, "--pdeathsig", "TERM", dovecot, "-F", "-c", str(self.folder / "dovecot.conf")]

    def tidy(self) -> None:
        """Removes the sockets of a server that has ended; its mails stay."""
        run = self.folder / "run"
        if run.is_symlink():
            shutil.rmtree(self.sockets(), ignore_errors=True)
            run.unlink()

    def sockets(self) -> Path:
        """The folder that holds the sockets' own. After :meth:`prepare`."""
        return (self.folder / "run").readlink().parent

    def config(self) -> str:
        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        if os.geteuid() == 0:
            user, group = NOBODY, NOGROUP
        run = self.sockets() / "run"
        return files.filled("dovecot.conf", folder=self.folder, run=run, user=user, group=group, port=self.port)
