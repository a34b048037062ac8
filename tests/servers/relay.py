"""The municipality's mail server: takes mail for the helpdesk's address by SMTP, and hands it to Dovecot by LMTP.

``python -m tests.servers.relay LMTP_PORT ADDRESS`` serves on loopback, prints its port, and runs until it is ended. It
answers 250 when the mail is in the mailbox. The envelope's sender goes with the mail, also the empty one of bounces.
"""

from __future__ import annotations

import asyncio
import re
import signal
import smtplib
import subprocess
import sys
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope

from tests.servers.processes import end_module, start_module

DELIVERY_TIMEOUT = 20.0  # seconds
LARGEST = 64 * 1024 * 1024  # bytes


class PrivateRelay:
    """The server, on ``port``. A context manager. Mail for anybody but ``address`` is refused with 550.

    It ends with the thread that started it, at the latest. Raises :class:`RuntimeError` if it does not start.
    """

    def __init__(self, lmtp_port: int, address: str) -> None:
        self.lmtp_port = lmtp_port
        self.address = address
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def send(self, raw: bytes, mail_from: str, to: str = "") -> None:
        """By SMTP, from anywhere on the net, to the helpdesk if nobody else is named. Line ends become SMTP's."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=DELIVERY_TIMEOUT) as smtp:
            smtp.sendmail(mail_from, [to or self.address], re.sub(rb"\r?\n", b"\r\n", raw))

    def __enter__(self) -> Self:
        self._process, self.port = start_module(__name__, self.lmtp_port, self.address)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            end_module(self._process)
            self._process = None


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, lmtp_port: int, address: str) -> None:
        self.lmtp_port = lmtp_port
        self.address = address.lower()

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if address.lower() != self.address:
            return "550 5.7.1 relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        return await asyncio.to_thread(self._deliver, envelope)

    def _deliver(self, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes)
        try:
            with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=DELIVERY_TIMEOUT) as lmtp:
                lmtp.sendmail(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content)
        except (OSError, smtplib.SMTPException):
            return "451 4.3.0 the mailbox is not there"
        return "250 OK"


async def serve(lmtp_port: int, address: str) -> None:
    handler = _Handler(lmtp_port, address)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="mx.kommunen.example", data_size_limit=LARGEST, enable_SMTPUTF8=True),
        "127.0.0.1",
        0,
    )
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  for whoever started it
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
