"""The portal as a process of its own, with nothing but the environment that a test gives it.

Settings are read once, when a process starts; so what depends on them is asked of another process.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import pytest

from tests.idportal import forks
from tests.idportal.forks import ROOT, environment
from tests.idportal.mail_servers import certificates, elsewhere, short_patience, token_places, tokens

__all__ = ["ROOT", "certificates", "elsewhere", "environment", "short_patience", "token_places", "tokens"]

START_TIMEOUT = 60  # seconds
ANSWER_TIMEOUT = 20

# Everything that a production installation must say, at addresses where nobody answers.
PRODUCTION = {
    "SECRET_KEY": "q7Gf0-1bYv3nXw9zKd5sRt2mPc8aLh4eJu6oTi_QBxNyEgVrWk",
    "PORTAL_URL": "https://losenord.kommunen.example",
    "REGISTER_HOST": "pwreg.kommunen.example",
    "RESET_HOST": "pwreset.kommunen.example",
    "TRUSTED_PROXIES": "127.0.0.1 192.0.2.0/28",
    "DATABASE_URL": "postgresql://idportal:secret@127.0.0.1:9/idportal",
    "REDIS_URL": "redis://127.0.0.1:9/1",
    "CELERY_BROKER_URL": "redis://127.0.0.1:9/0",
    "DIRECTORY_KIND": "active_directory",
    "DIRECTORY_URLS": "ldaps://127.0.0.1:9, ldaps://127.0.0.2:9",
    "DIRECTORY_BIND_DN": "CN=idportal,OU=Service,DC=kommunen,DC=example",
    "DIRECTORY_BIND_PASSWORD": "secret",
    "DIRECTORY_USER_BASE": "OU=LOV,DC=kommunen,DC=example",
    "DIRECTORY_HELPDESK_GROUP": "CN=idportal-helpdesk,OU=Groups,DC=kommunen,DC=example",
    "DIRECTORY_ADMIN_GROUP": "CN=idportal-admins,OU=Groups,DC=kommunen,DC=example",
    "SMS_GATEWAYS": "json://user:password@127.0.0.1:9/{to} form://127.0.0.1:9/?:to={to}&:message=text",
    "EMAIL_URL": "smtp://127.0.0.1:9",
    "MUNICIPALITY_NAME": "Exempel kommun",
    "HELPDESK_EMAIL": "it-helpdesk@kommunen.example",
    "HELPDESK_PHONE": "08-465 004 50",
    "DATA_PROTECTION_OFFICER": "dataskyddsombud@kommunen.example",
    "EXAMPLE_USERNAME": "extanber",
}

MANAGE = """
import runpy
runpy.run_path("manage.py", run_name="__main__")
"""

# Serves on a free port of loopback, all in one thread, so that what is kept between requests is kept. One address
# more, whose view fails, stands in for a mistake of ours.
SERVE = """
import os
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idportal.settings")
from idportal.wsgi import application
from django.urls import path
from idportal import urls

def boom(request):
    raise RuntimeError("something of ours is broken")

urls.urlpatterns.append(path("boom/", boom))

class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass

server = WSGIServer(("127.0.0.1", 0), Handler)
server.set_app(application)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def manage(*arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py in this environment and no other."""
    return run_code(MANAGE, ["manage.py", *arguments], values)


def run_code(code: str, command: list[str], values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the code as a process of its own with these arguments; ``values``: its environment, and no other."""
    with tempfile.TemporaryDirectory() as folder:
        stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
        process = forks.start(code, command, values, stdout, stderr)
        process.join(START_TIMEOUT)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{command} did not end: {stderr.read_text(encoding='utf-8')}")
        words = [file.read_text(encoding="utf-8") for file in (stdout, stderr)]
        return subprocess.CompletedProcess(command, process.exitcode, *words)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Of a header that stands twice, ``headers`` has the last; ``cookies`` has each, verbatim."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    text: str


class Portal:
    """The portal served by a process of its own. A context manager; the process ends with it."""

    def __init__(self, folder: Path, values: dict[str, str]) -> None:
        self.log_file = folder / "log"
        self.values = values
        self.port = 0
        self._process: ForkServerProcess | None = None

    def __enter__(self) -> Self:
        said = self.log_file.with_name("port")
        said.write_text("")
        self._process = forks.start(SERVE, ["-c"], self.values, said, self.log_file)
        while not (port := said.read_text()):
            if not self._process.is_alive():
                raise RuntimeError(f"the portal did not start: {self.log()}")
            time.sleep(0.01)
        self.port = int(port)
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def log(self) -> str:
        """All that it wrote to stderr."""
        return self.log_file.read_text(encoding="utf-8")

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        """One request; in the names of headers, _ stands for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_TIMEOUT)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            cookies = tuple(value for name, value in answer.getheaders() if name.lower() == "set-cookie")
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, cookies, answer.read().decode())
        finally:
            connection.close()


class Browser:
    """Keeps cookies and posts forms as a browser does, through a reverse proxy that ends TLS if ``https``."""

    def __init__(self, portal: Portal, host: str, *, https: bool) -> None:
        self.portal, self.host, self.https = portal, host, https
        self.cookies: dict[str, str] = {}
        self.token = ""

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        """Posts the fields with the token of the page that was shown last."""
        return self._ask("POST", path, urlencode({"csrfmiddlewaretoken": self.token, **fields}))

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {"Host": self.host, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if self.https:
            headers["X_Forwarded_Proto"] = "https"
        if body is not None:
            headers["Content_Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"{'https' if self.https else 'http'}://{self.host}"
        answer = self.portal.ask(method, path, body, **headers)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if token := re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.text):
            self.token = token[1]
        return answer


class Relay:
    """A wire to a server on loopback, at an address that stays. It can be cut, and be mended."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cut = False
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Connections end, and new ones with them: a server that is down."""
        self._cut = True
        while self._ends:
            with contextlib.suppress(OSError):
                self._ends.pop().shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._cut = False

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
                if self._cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database with its tables, and the static files as ``collectstatic`` leaves them."""

    database: Path
    static_root: str

    def copy(self, folder: Path) -> Path:
        """An empty database of one's own."""
        return Path(shutil.copy(self.database, folder / "db.sqlite3"))

    def values(self, folder: Path) -> dict[str, str]:
        """The settings of a portal that keeps to itself what it stores."""
        return {"DATABASE_URL": f"sqlite:///{self.copy(folder)}", "STATIC_ROOT": self.static_root}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("portal")
    made = Prepared(folder / "db.sqlite3", f"{folder}/static")
    values = {**PRODUCTION, "DATABASE_URL": f"sqlite:///{made.database}", "STATIC_ROOT": made.static_root}
    for command in (("migrate", "--verbosity=0"), ("collectstatic", "--noinput", "--verbosity=0")):
        ran = manage(*command, **values)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return made
