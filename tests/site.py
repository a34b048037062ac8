"""deploy/nginx/idportal.conf in front of a real gunicorn with deploy/gunicorn.conf.py, and a minimal browser."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from deploy.local import files
from deploy.local.server import free_port
from tests.idportal.conftest import PRODUCTION, Prepared, environment, prepared  # noqa: F401 - a fixture
from tests.servers.nginx import configuration
from tests.servers.processes import end
from tests.servers.slapd import TestSlapd

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
NAMES = ("losenord.kommunen.example", "pwreg.kommunen.example", "pwreset.kommunen.example")
WAIT = 20.0  # seconds for a server to start or to answer


class Site:
    """deploy/nginx/idportal.conf as it stands, but for ports and folders, before a real gunicorn."""

    def __init__(self, folder: Path, values: dict[str, str]) -> None:
        self.folder = folder
        self.http, self.https, self.web = free_port(), free_port(), free_port()
        self.values = values
        files.make_certificate(folder / "tls", *NAMES)
        self.config = folder / "nginx.conf"
        text = configuration(ROOT, folder, http=self.http, https=self.https, web=self.web)
        self.config.write_text(text, encoding="utf-8")

    def command(self, *more: str) -> list[str]:
        return ["/usr/sbin/nginx", "-e", f"{self.folder}/error.log", "-c", str(self.config), *more]

    @contextmanager
    def served(self) -> Iterator[None]:
        with self._runs(self.command(), self.https):
            yield

    @contextmanager
    def portal(self) -> Iterator[None]:
        command = [str(BIN / "gunicorn"), "--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{self.web}"]
        with self._runs(command, self.web):
            yield

    @contextmanager
    def _runs(self, command: list[str], port: int) -> Iterator[None]:
        with (self.folder / f"{Path(command[0]).name}.log").open("wb") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=environment(self.values),
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + WAIT
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                assert process.poll() is None, Path(log.name).read_text(encoding="utf-8")
                assert time.monotonic() < deadline, "it did not start"
                time.sleep(0.05)
            yield
        finally:
            end(process, WAIT)


class Client:
    """A browser at an address of its own, which trusts the site's authority and no other."""

    def __init__(self, site: Site, address: str, host: str = NAMES[1]) -> None:
        self.site, self.address, self.host = site, address, host
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, sent: bytes | str | None = None, **headers: str) -> http.client.HTTPResponse:
        """The answer, read to its end: its text is in ``text``."""
        wire = socket.create_connection(("127.0.0.1", self.site.https), timeout=WAIT, source_address=(self.address, 0))
        context = ssl.create_default_context(cafile=str(self.site.folder / "tls" / "ca.pem"))
        connection = http.client.HTTPConnection(self.host)
        connection.sock = context.wrap_socket(wire, server_hostname=self.host)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, sent, {"Origin": f"https://{self.host}", "Cookie": cookies, **named})
        answer = connection.getresponse()
        body = answer.read()
        self.size = len(body)  # as it came over the wire
        self.text = (gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body).decode()
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def post(self, path: str, names: dict[str, str] | None = None, **fields: str) -> http.client.HTTPResponse:
        """The form of that page, filled in. ``names``: headers."""
        self.ask("GET", path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.text)
        assert token is not None
        body = urlencode({"csrfmiddlewaretoken": token[1], **fields})
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded", **(names or {}))

    def log_in(self, username: str, password: str, **headers: str) -> http.client.HTTPResponse:
        return self.post("/registrera/", headers, username=username, password=password)


@pytest.fixture
def site(tmp_path: Path, prepared: Prepared, slapd_server: TestSlapd) -> Site:  # noqa: F811
    slapd_server.reset()
    values = {
        **PRODUCTION,
        **prepared.values(tmp_path),
        **slapd_server.slapd.environment(),
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    # Not what this is about: SMS go to a folder, inside the request.
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        del values[name]
    return Site(tmp_path, {**values, "SMS_GATEWAYS": (tmp_path / "sms").as_uri()})
