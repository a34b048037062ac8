"""Stands in for the municipality's mail server: keeps each mail that it is given as a file, and passes none on.

python -m deploy.local.mail_server PORT USER PASSWORD_FILE FOLDER
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Folder:
    """Takes every mail. A file is there whole or not at all; its name begins with when it came, in UTC."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.eml"
        receivers = "".join(f"Delivered-To: {receiver}\r\n" for receiver in envelope.rcpt_tos)
        content = envelope.content or b""
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(receivers.encode() + (content if isinstance(content, bytes) else content.encode()))
        unfinished.rename(self.folder / name)
        return "250 OK"


async def serve(port: int, user: str, password: str, folder: Path) -> None:
    """Until SIGTERM."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        good = isinstance(given, LoginPassword) and secrets.compare_digest(
            given.login + b":" + given.password, f"{user}:{password}".encode()
        )
        return AuthResult(success=good, handled=False)

    def door() -> SMTP:
        # In clear text: it never leaves the machine.
        return SMTP(Folder(folder), authenticator=authenticate, auth_required=True, auth_require_tls=False)

    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(door, "127.0.0.1", port)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    port, user, password_file, folder = sys.argv[1:]
    asyncio.run(serve(int(port), user, Path(password_file).read_text(encoding="ascii"), Path(folder)))
