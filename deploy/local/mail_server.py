"""Stands in for the municipality's mail server: aiosmtpd, which saves every mail to a Maildir and passes none on."""

import sys

from deploy.local.server import HOST, LocalServer, bound


class MailServer(LocalServer):
    """``folder``: of the installation. The mails lie in mail/kept. In clear text: they never leave the machine."""

    name = "mail"

    def environment(self) -> dict[str, str]:
        return {"EMAIL_URL": f"smtp://{HOST}:{self.port}"}

    def command(self) -> list[str]:
        keeps = ["-c", "aiosmtpd.handlers.Mailbox", str(self.folder / "mail" / "kept")]
        return bound([sys.executable, "-m", "aiosmtpd", "-n", "-l", f"{HOST}:{self.port}", *keeps])
