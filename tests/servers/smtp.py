"""A real SMTP server in its own process, which keeps what it accepts and can misbehave as real ones do.

``python -m tests.servers.smtp FOLDER [PORT]`` serves on loopback, prints its port, and runs until it is ended; without
PORT it takes a free one. Each mail that is answered 250 lies in FOLDER/mails before that answer is given. A file
FOLDER/control.json says how bad it is (:class:`Behaviour`) and may be replaced at any time; FOLDER/events holds one
JSON object a line on what it did.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.servers.processes import end_module, start_module

START_TIMEOUT = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the server meets mails. Shares are per cent of all mails, pseudo-random by ``seed``.

    An outcome is ``"451 DATA"`` (that code in answer to MAIL, RCPT or DATA; or ``"550 RCPT 5.7.1"``, with an enhanced
    status code that is not X.0.0), ``"drop before"`` (the connection ends
    when the mail has come, which is not kept), ``"drop after"`` (the mail is kept, the connection ends instead of the
    answer), ``"hang"`` (it is not kept, no answer comes), ``"hang after"`` (it is kept) or ``""``.
    """

    refuse: float = 0  # share that gets a 4xx, in answer to MAIL, RCPT or DATA
    drop: float = 0  # share whose connection is dropped, half of them before and half after the mail is kept
    seed: int = 1
    script: list[str] = field(default_factory=list)  # outcomes of the next mails, before the shares hold
    addresses: list[str] = field(default_factory=list)  # that are refused with 550
    greeting: str = ""  # what each connection gets instead of a service, as "554 no"
    silent: bool = False  # connections are taken, and nothing is said
    drip: bool = False  # connections get a line of a greeting each second, and never its last; until it is good
    pause: float = 0  # seconds that each mail takes
    login: bool = True  # whether a user name and password are taken


class PrivateSmtp:
    """The server, on ``url``. Port and mails stay when it is started again. A context manager.

    It ends with the thread that started it, at the latest. Raises :class:`RuntimeError` if it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``EMAIL_URL``."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> Self:
        (self.folder / "mails").mkdir(parents=True, exist_ok=True)
        self._process, self.port = start_module(__name__, self.folder, self.port)
        return self

    def stop(self) -> None:
        if self._process is not None:
            end_module(self._process)
            self._process = None

    def behave(self, **how: Any) -> None:
        """From the next connection on; without arguments it is good again."""
        unfinished = self.folder / ".control.json"
        unfinished.write_text(json.dumps(asdict(Behaviour(**how))), encoding="utf-8")
        unfinished.rename(self.folder / "control.json")

    def clear(self) -> None:
        """Good again, and nothing has happened yet."""
        self.behave()
        (self.folder / "events").unlink(missing_ok=True)
        for file in (self.folder / "mails").glob("*"):
            file.unlink()

    def mails(self) -> list[EmailMessage]:
        """What was taken in, in order."""
        files = sorted((self.folder / "mails").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default) for file in files]

    def count(self) -> int:
        """How many were taken in."""
        return len(list((self.folder / "mails").glob("*.eml")))

    def events(self, kind: str = "") -> list[dict[str, str]]:
        """What it did, in order: ``kind`` (kept, refused, hung, dropped before, dropped after), ``id`` of the mail."""
        file = self.folder / "events"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [event for event in map(json.loads, lines) if kind in ("", event["kind"])]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler:
    """aiosmtpd's hooks. One outcome is drawn for each mail, when its MAIL command comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = sum(1 for _file in (folder / "mails").glob("*.eml"))
        self.behaviour, self._seen = Behaviour(), (0, 0)
        self._script: Iterator[str] = iter(())
        self._random = random.Random(self.behaviour.seed)

    def look(self) -> Behaviour:
        """How to behave from now on."""
        try:
            stat = (self.folder / "control.json").stat()
        except FileNotFoundError:
            return self.behaviour
        if (stat.st_mtime_ns, stat.st_ino) != self._seen:
            self._seen = (stat.st_mtime_ns, stat.st_ino)
            self.behaviour = Behaviour(**json.loads((self.folder / "control.json").read_text(encoding="utf-8")))
            self._script = iter(self.behaviour.script)
            self._random = random.Random(self.behaviour.seed)
        return self.behaviour

    def _draw(self) -> str:
        scripted = next(self._script, None)
        if scripted is not None:
            return scripted
        lot = self._random.random() * 100
        if lot < self.behaviour.refuse:
            return self._random.choice(["450 MAIL", "450 RCPT", "451 DATA"])
        if lot < self.behaviour.refuse + self.behaviour.drop:
            return self._random.choice(["drop before", "drop after"])
        return ""

    def _note(self, kind: str, message_id: str = "") -> None:
        with (self.folder / "events").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, "id": message_id}) + "\n")

    def _refusal(self, session: Any, verb: str, message_id: str = "") -> str:
        code, _, rest = session.outcome.partition(" ")
        at, _, enhanced = rest.partition(" ")
        if at != verb or not code.isdigit():
            return ""
        self._note("refused", message_id)
        return f"{code} {enhanced or f'{code[0]}.0.0'} not {'now' if code[0] == '4' else 'ever'}"

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        session.outcome = self._draw()
        if refusal := self._refusal(session, "MAIL"):
            return refusal
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if refusal := self._refusal(session, "RCPT"):
            return refusal
        if address in self.behaviour.addresses:
            self._note("refused")
            return f"550 5.1.1 <{address}>: no such user here, ask 070-174 06 99"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        content = envelope.original_content
        assert isinstance(content, bytes)
        message_id = str(message_from_bytes(content)["Message-ID"])
        if refusal := self._refusal(session, "DATA", message_id):
            return refusal
        await asyncio.sleep(self.behaviour.pause)
        what, _, when = session.outcome.partition(" ")
        if when == "after" or what not in ("drop", "hang"):
            self._keep(content, envelope)
            self._note("kept", message_id)
        if what == "hang":
            self._note("hung", message_id)
            await asyncio.sleep(3600)
        if what == "drop":
            self._note(f"dropped {when}", message_id)
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"

    def _keep(self, content: bytes, envelope: Envelope) -> None:
        """On the disk, before anybody is told so."""
        self.count += 1
        name = f"{self.count:06}.eml"
        unfinished = self.folder / "mails" / f".{name}"
        with unfinished.open("wb") as file:
            file.write(f"X-Envelope-To: {' '.join(envelope.rcpt_tos)}\r\n".encode() + content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self.folder / "mails" / name)

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=self.behaviour.login, handled=False)


class _Unwilling(asyncio.Protocol):
    """Says its greeting and closes; or says nothing; or does not come to the end of its greeting."""

    def __init__(self, look: Callable[[], Behaviour]) -> None:
        self.look = look

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        behaviour = self.look()
        if behaviour.drip:
            self._drip(transport)
        elif behaviour.greeting:
            transport.write(f"{behaviour.greeting}\r\n".encode())
            transport.close()

    def _drip(self, transport: asyncio.Transport) -> None:
        if not self.look().drip:
            transport.close()
        elif not transport.is_closing():
            transport.write(b"220-x\r\n")
            asyncio.get_running_loop().call_later(1, self._drip, transport)


async def serve(folder: Path, port: int) -> None:
    handler = _Handler(folder)

    def connection() -> asyncio.Protocol:
        behaviour = handler.look()
        if behaviour.greeting or behaviour.silent or behaviour.drip:
            return _Unwilling(handler.look)
        protocol: asyncio.Protocol = SMTP(
            handler, hostname="mx.kommunen.example", authenticator=handler.authenticate, auth_require_tls=False
        )
        return protocol

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connection, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  for whoever started it
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.close()


def wait_for(smtp: PrivateSmtp, count: int, seconds: float) -> None:
    """Until so many mails were taken in."""
    deadline = time.monotonic() + seconds
    while smtp.count() < count:
        if time.monotonic() > deadline:
            raise AssertionError(f"{smtp.count()} of {count} mails came in {seconds:g} seconds")
        time.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
