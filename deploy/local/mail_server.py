"""Stands in for the municipality's mail server: keeps each mail that it is given as a file, and passes none on.

python -m deploy.local.mail_server PORT PASSWORD_FILE FOLDER
"""

import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from deploy.local.server import HOST, LocalServer, bound

USER = "idportal"


class MailServer(LocalServer):
    """``folder``: of the installation, with mail/ and the password in secrets/mail."""

    name = "mail"

    def environment(self) -> dict[str, str]:
        return {"EMAIL_URL": f"smtp://{USER}:{self.password}@{HOST}:{self.port}"}

    def command(self) -> list[str]:
        places = [str(self.folder / "secrets" / "mail"), str(self.folder / "mail")]
        return bound([sys.executable, "-m", __name__, str(self.port), *places])


class Folder:
    """Takes every mail. A file is there whole or not at all; its name begins with when it came, in UTC."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.eml"
        receivers = "".join(f"Delivered-To: {receiver}\r\n" for receiver in envelope.rcpt_tos)
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(receivers.encode() + (envelope.original_content or b""))
        unfinished.rename(self.folder / name)
        return "250 OK"


def serve(port: int, password: str, folder: Path) -> None:
    """Until it is ended. In clear text: it never leaves the machine."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        good = isinstance(given, LoginPassword) and secrets.compare_digest(
            given.login + b":" + given.password, f"{USER}:{password}".encode()
        )
        return AuthResult(success=good, handled=False)

    Controller(
        Folder(folder),
        hostname=HOST,
        port=port,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    ).start()
    signal.pause()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="ascii"), Path(sys.argv[3]))
