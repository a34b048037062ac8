"""The stack that is attacked, and its visitors, each with an address and a browser of their own."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import requests
from django_otp.oath import TOTP
from requests.adapters import HTTPAdapter

from deploy.local.cast import Person
from deploy.local.server import free_port
from tests.idportal.conftest import run_code
from tests.servers.processes import end

if TYPE_CHECKING:
    from tests.test_stack import Stack

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_SECRET = re.compile(r"secret=([A-Z2-7]+)")
_SMS_CODE = re.compile(r"#(\d{6})$")
WAIT = 20.0  # seconds for something that a worker does


class Fell(Exception):
    """An attack went further than it may. The text says how far."""


class NotTried(Exception):
    """Something outside of this machine is missing. The text says what."""


def expect(held: object, else_fell: str) -> None:
    """Raises Fell unless the portal held."""
    if not held:
        raise Fell(else_fell)


def wait_for(found: Callable[[], Any], what: str) -> Any:
    """What the function finds, as soon as it finds something. Raises Fell."""
    deadline = time.monotonic() + WAIT
    while not (it := found()):
        expect(time.monotonic() < deadline, f"{what} did not come")
        time.sleep(0.05)
    return it


class _From(HTTPAdapter):
    """Requests from one of loopback's addresses."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))


class Visitor:
    """Somebody with a browser. Each new one has an address that nobody had before."""

    _next = 1

    def __init__(self, url: str) -> None:
        Visitor._next += 1
        self.url = url
        self.address = f"127.1.{Visitor._next // 250}.{Visitor._next % 250 + 1}"
        self.session = requests.Session()
        self.session.mount("http://", _From(self.address))

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=WAIT, allow_redirects=False)

    def post(self, path: str, page: str = "", **fields: str) -> requests.Response:
        """Fills in the form of that page, which is at the same path if none is given."""
        shown = self.get(page or path)
        token = TOKEN.search(shown.text)
        given = {"csrfmiddlewaretoken": token[1] if token else "none"}
        headers = {"Origin": self.url}
        return self.session.post(
            f"{self.url}{path}", data=given | fields, headers=headers, timeout=WAIT, allow_redirects=False
        )

    def leads(self, path: str, to: str, **fields: str) -> bool:
        """Whether the form of that page leads there."""
        return bool(self.post(path, **fields).headers.get("Location", "") == to)


class Staff(Visitor):
    """An agent or administrator with an authenticator app."""

    def __init__(self, url: str, person: Person) -> None:
        super().__init__(url)
        self.person, self._secret = person, ""

    def code(self) -> str:
        return f"{TOTP(base64.b32decode(self._secret)).token():06}"

    def password(self) -> bool:
        fields = {"username": self.person.username, "password": self.person.password}
        return self.leads("/logga-in/", "/logga-in/kod/", **fields)

    def enrol(self, enrolment_code: str) -> None:
        """The first sign-in, from end to end. Raises Fell."""
        expect(self.password(), f"{self.person.username} can't sign in")
        self.post("/logga-in/kod/", enrolment_code=enrolment_code)
        secret = _SECRET.search(self.get("/logga-in/kod/").text)
        expect(secret, f"{self.person.username} has an enrolment code, and the page shows no key")
        assert secret is not None
        self._secret = secret[1]
        answer = self.post("/logga-in/kod/", code=self.code())
        expect(answer.status_code == 302, f"{self.person.username} can't connect an app")
        self.get("/logga-in/koder/")


class Stage:
    """The running stack, with what an attacker of its machine could reach, too."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.url = stack, stack.url
        self.staff: dict[str, Staff] = {}  # who has signed in, by user name

    def visitor(self) -> Visitor:
        return Visitor(self.url)

    def manage(self, *words: str) -> str:
        return self.stack.manage(*words)

    def run(self, code: str, *, input: str = "") -> str:
        """A program with the portal's own settings and database rights, forked (tests.idportal); what it prints."""
        before = f"import io, sys; sys.stdin = io.StringIO({input!r})\nimport django; django.setup()\n"
        ran = run_code(f"{before}{code}", ["-c"], self._environment)
        if ran.returncode:
            raise RuntimeError(ran.stderr)
        return ran.stdout.strip()

    @cached_property
    def _environment(self) -> dict[str, str]:
        shown = subprocess.run([self.stack.folder / "run", "env", "-0"], capture_output=True, text=True, check=True)
        return dict(each.split("=", 1) for each in shown.stdout.split("\0") if each)

    def sms(self, number: str) -> list[str]:
        """The messages to a number, oldest first. One that is being written has a dot."""
        found = (self.stack.folder / "sms").glob(f"[!.]*-{number.lstrip('+')}*.txt")
        return [each.read_text(encoding="utf-8") for each in sorted(found)]

    def next_code(self, number: str, before: int) -> str:
        """The code of the first message with one after so many messages. Raises Fell."""
        text = wait_for(lambda: [one for one in self.sms(number)[before:] if _SMS_CODE.search(one)], "the code")[0]
        return str(_SMS_CODE.search(text)[1])  # type: ignore[index]

    def calm(self) -> None:
        """The pauses of codes are over: as a day later."""
        self.run(
            "from accounts.models import FailedTry, SendQuota, SmsDay\n"
            "for model in (FailedTry, SendQuota, SmsDay): model.objects.all().delete()\n"
            "from django.core.cache import cache; cache.clear()"
        )

    @cached_property
    def unlimited(self) -> str:
        """The address of a second web process without limits by address, for tools that ask thousands of times."""
        port = free_port()
        limits = ["LIMIT_ADDRESS_POSTS=1000000", "LIMIT_ADDRESS_FAILED_LOGINS=1000000", "LIMIT_ADDRESS_NAMES=20000"]
        gunicorn = [str(Path(sys.executable).with_name("gunicorn")), "--config", "deploy/gunicorn.conf.py"]
        command = [str(self.stack.folder / "run"), "env", *limits, *gunicorn, "--bind", f"127.0.0.1:{port}"]
        with (self.stack.folder / "log" / "unlimited.log").open("wb") as log:
            self._web = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url), "the second web process")
        return url

    def close(self) -> None:
        if "unlimited" in self.__dict__:
            end(self._web, WAIT)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz/live", timeout=2).ok
    except requests.ConnectionError:
        return False


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stack of its own, for as long as the context lasts."""
    django.setup()  # the module below reads models
    from tests.test_stack import running

    with running(folder / "stack") as stack:
        stage = Stage(stack)
        try:
            yield stage
        finally:
            stage.close()
