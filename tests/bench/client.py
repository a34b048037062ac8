"""The load: people who reset their passwords, as nginx passes their requests on; in a process that isn't measured.

``python -m tests.bench.client PORT HOST`` prints the addresses of its stand-ins, then reads orders, one JSON object a
line, and prints an answer to each: ``load`` runs so many clients for so many seconds, each person once; ``step`` takes
one person one step further; ``seen`` says what came to the stand-ins.
"""

from __future__ import annotations

import json
import re
import select
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.bench import people
from tests.bench.cal import Passes
from tests.bench.standins import Gateway, Relay, headers

PATIENCE = 20.0  # seconds for an answer, or for an SMS
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')


class Wrong(Exception):
    """An answer that a person could not go on from."""


class Visit:
    """One person's connection, cookies and forms."""

    def __init__(self, port: int, host: str, address: str, tls: ssl.SSLContext | None = None) -> None:
        self._where, self._tls = (port, host), tls
        self._connect()
        self._fixed = (
            f"Host: {host}\r\nX-Forwarded-For: {address}\r\nX-Forwarded-Proto: https\r\n"
            "Accept: text/html\r\nAccept-Language: sv\r\nUser-Agent: bench\r\n"
        )
        self._origin = f"Origin: https://{host}\r\n"
        self._cookies: dict[bytes, bytes] = {}
        self._token = ""

    def get(self, path: str) -> None:
        """Raises Wrong unless the page is shown."""
        status, _, body = self._ask(f"GET {path} HTTP/1.1\r\n{self._fixed}", b"")
        if status != 200:
            raise Wrong(f"GET {path} answers {status}")
        if token := _TOKEN.search(body):
            self._token = token[1].decode()

    def post(self, path: str, leads_to: str, **fields: str) -> None:
        """Fills in the form of the page that was shown last. Raises Wrong unless it leads there."""
        form = urlencode({"csrfmiddlewaretoken": self._token, **fields}).encode()
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        request = f"POST {path} HTTP/1.1\r\n{self._fixed}{self._origin}{kind}Content-Length: {len(form)}\r\n"
        status, location, _ = self._ask(request, form)
        if (status, location) != (302, leads_to):
            raise Wrong(f"POST {path} answers {status} {location}")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _connect(self) -> None:
        port, host = self._where
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            self._socket = self._tls.wrap_socket(self._socket, server_hostname=host)
        self._lines = self._socket.makefile("rb")
        self._kept = True

    def _ask(self, request: str, body: bytes) -> tuple[int, str, bytes]:
        """As nginx does: on another connection if the server closed this one, which a process does that has served its
        time. What changes nothing is asked again if that happened meanwhile.
        """
        if not self._kept or self._is_closed():
            self._reconnect()
        try:
            return self._exchange(request, body)
        except ConnectionError:
            if body:
                raise
            self._reconnect()
            return self._exchange(request, body)

    def _reconnect(self) -> None:
        self.close()
        self._connect()

    def _is_closed(self) -> bool:
        return not self._tls and bool(select.select([self._socket], [], [], 0)[0])  # with TLS it is said before

    def _exchange(self, request: str, body: bytes) -> tuple[int, str, bytes]:
        cookies = b"; ".join(b"=".join(item) for item in self._cookies.items())
        self._socket.sendall(request.encode() + (b"Cookie: " + cookies + b"\r\n" if cookies else b"") + b"\r\n" + body)
        if not (first := self._lines.readline()):
            raise ConnectionResetError("the connection ended before an answer")
        length, location = 0, ""
        for name, value in headers(self._lines):
            if name == b"content-length":
                length = int(value)
            elif name == b"location":
                location = value.decode()
            elif name == b"connection":
                self._kept = value.lower() != b"close"
            elif name == b"set-cookie":
                key, _, rest = value.partition(b"=")
                self._cookies[key] = rest.partition(b";")[0]
        return int(first.split()[1]), location, self._lines.read(length)


class Journey:
    """One person's reset, a step at a time. ``took``: milliseconds by step; the waits for the SMS are the last ones."""

    def __init__(self, port: int, host: str, index: int, gateway: Gateway) -> None:
        self._index = index
        self._visit = Visit(port, host, people.address(index))
        self._gateway = gateway
        self._arrival = gateway.expect(people.number(index))
        self.took: dict[str, float] = {}
        self.asked = 0.0
        get, post = self._visit.get, self._visit.post
        password = people.new_password(index)
        self.steps: dict[str, Callable[[], None]] = {
            "GET /": lambda: get("/"),
            "GET /aterstall/": lambda: get("/aterstall/"),
            "POST /aterstall/": lambda: post("/aterstall/", "/aterstall/kod/", username=people.username(index)),
            "GET /aterstall/kod/": lambda: get("/aterstall/kod/"),
            "POST /aterstall/kod/": lambda: post("/aterstall/kod/", "/aterstall/losenord/", code=self.wait_for_code()),
            "GET /aterstall/losenord/": lambda: get("/aterstall/losenord/"),
            "POST /aterstall/losenord/": lambda: post(
                "/aterstall/losenord/", "/aterstall/klart/", new_password1=password, new_password2=password
            ),
            "GET /aterstall/klart/": lambda: get("/aterstall/klart/"),
        }

    def do(self, step: str) -> None:
        """Raises Wrong or OSError."""
        if step == "POST /aterstall/kod/":
            self.wait_for_code()
        began = time.monotonic()
        self.steps[step]()
        self.took[step] = (time.monotonic() - began) * 1000
        if step == "POST /aterstall/":
            self.asked = began

    def finish(self) -> None:
        self._visit.close()

    def wait_for_code(self) -> str:
        if not self._arrival.came.wait(PATIENCE):
            raise Wrong("no SMS came")
        self.took["SMS"] = (self._arrival.at - self.asked) * 1000
        self.took["SMS after the answer"] = max(0, self.took["SMS"] - self.took["POST /aterstall/"])
        return self._arrival.code


class Client:
    """Carries out orders."""

    def __init__(self, port: int, host: str) -> None:
        self.gateway, self.relay = Gateway(), Relay()
        self._where = (port, host)
        self._at_hand: Journey | None = None

    def load(self, clients: int, seconds: float, first: int, most: int) -> dict[str, Any]:
        """Journeys of the people from ``first`` on, until the time is up or there were so many."""
        end = time.monotonic() + seconds
        left = iter(range(first, first + most))
        lock = threading.Lock()
        took: list[dict[str, float]] = []
        wrong: list[str] = []
        used = 0

        def work() -> None:
            nonlocal used
            while time.monotonic() < end:
                with lock:
                    index = next(left, None)
                    used += index is not None
                if index is None:
                    return
                try:
                    took.append(self._walk(index))
                except (Wrong, OSError, ValueError, IndexError) as error:
                    wrong.append(f"{people.username(index)}: {type(error).__name__} {error}")

        return {**at_once(clients, work), "took": took, "wrong": wrong, "used": used}

    def step(self, index: int, step: str) -> dict[str, Any]:
        if self._at_hand is None:
            self._at_hand = Journey(*self._where, index, self.gateway)
        journey = self._at_hand
        journey.do(step)
        if step == "POST /aterstall/":
            journey.wait_for_code()
        if step == list(journey.steps)[-1]:
            journey.finish()
            self._at_hand = None
        return {"took": journey.took}

    def seen(self) -> dict[str, Any]:
        return {"codes": self.gateway.codes, "notices": self.gateway.notices, "mails": self.relay.mails}

    def _walk(self, index: int) -> dict[str, float]:
        journey = Journey(*self._where, index, self.gateway)
        try:
            for step in journey.steps:
                journey.do(step)
        finally:
            journey.finish()
        return journey.took


def at_once(clients: int, work: Callable[[], None]) -> dict[str, Any]:
    """Lets so many do it, and says how long that took, and what a CAL was meanwhile."""
    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    with Passes() as passes:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return {"seconds": time.monotonic() - began, "cal": passes.median}


def main(port: int, host: str) -> None:
    sys.setswitchinterval(0.0005)  # a thread that reads an answer must not make the one that notes an SMS wait
    client = Client(port, host)
    orders: dict[str, Callable[..., dict[str, Any]]] = {
        order.__name__: order for order in (client.load, client.step, client.seen)
    }
    answer: dict[str, Any] = {"sms": client.gateway.url, "mail": client.relay.url}
    while True:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if not (line := sys.stdin.readline()):
            return
        order = json.loads(line)
        answer = orders[order.pop("do")](**order)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
