"""Two hundred strangers in ten minutes, against one account, on real servers: security.md D1, must show 3."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accounts.models import AuditEvent, Event
from deploy.local.cast import STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD, OTHER_NUMBER_TYPED, binds, entry, time_passes
from tests.accounts.with_worker import ENDS, HOST, installation, wait_until
from tests.conftest import Inbox
from tests.idportal.conftest import Answer, Browser, Portal, environment, manage
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd
from tests.servers.worker import Worker

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

STRANGERS = 200
MINUTES = 10


class Visitor(Browser):
    """At an address of their own, behind the proxy."""

    def __init__(self, portal: Portal, address: str) -> None:
        super().__init__(portal, HOST, https=True)
        self.address = address

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        before, self.portal = self.portal, _Through(self.portal, self.address)  # type: ignore[assignment]
        try:
            return super()._ask(method, path, body)
        finally:
            self.portal = before

    def send(self, path: str, **fields: str) -> Answer:
        """Opens the page, and posts its form."""
        self.get(path)
        return self.post(path, **fields)


class _Through:
    """The proxy: it says where a request came from."""

    def __init__(self, portal: Portal, address: str) -> None:
        self.portal, self.address = portal, address

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        return self.portal.ask(method, path, body, X_Forwarded_For=self.address, **headers)


@pytest.fixture
def values(tmp_path: Path, openldap_settings: TestSlapd, redis_server: PrivateRedis) -> dict[str, str]:
    """The limits by address are those of a new installation."""
    made = installation(tmp_path, openldap_settings, redis_server)
    for name in [name for name in made if name.startswith(("LIMIT_", "SMS_DAILY"))]:
        del made[name]
    ran = manage("collectstatic", "--noinput", "--verbosity=0", **made)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return made


@pytest.fixture
def portal(values: dict[str, str], tmp_path: Path) -> Iterator[Portal]:
    worker = Worker(tmp_path, environment(values), "--concurrency", "4")
    worker.start()
    try:
        with Portal(tmp_path, values) as portal:
            yield portal
    finally:
        worker.stop()


def settled() -> None:
    """Every code that was asked for has been sent, or withheld."""
    asked = AuditEvent.objects.filter(event=Event.CODE_REQUESTED).count
    wait_until(lambda: AuditEvent.objects.filter(event__in=ENDS).count() >= asked())


def code_of(phone: Inbox, count: int) -> str:
    """That of the newest message, once there are so many with a code."""
    codes: list[str] = []

    def arrived() -> bool:
        codes[:] = [found[1] for _to, text in phone.messages() if (found := re.search(r"#(\d{6})$", text))]
        return len(codes) >= count

    wait_until(arrived)
    return codes[-1]


def codes_sent(phone: Inbox) -> int:
    return sum("#" in text for _to, text in phone.messages())


def asks_and_mistypes(stranger: Visitor) -> None:
    stranger.send("/aterstall/", username=STEFAN.username)
    settled()
    for guess in range(6):
        stranger.post("/aterstall/kod/", code=f"{random.randrange(10**6):06}")
        if guess == 3:
            stranger.post("/aterstall/kod/igen/")


def asks_again_and_again(stranger: Visitor) -> None:
    stranger.get("/aterstall/")
    for _ in range(3):
        stranger.post("/aterstall/", username=STEFAN.username)
        stranger.post("/aterstall/kod/igen/")


def tries_passwords(stranger: Visitor) -> None:
    stranger.get("/registrera/")
    for guess in range(3):
        stranger.post("/registrera/", username=STEFAN.username, password=f"Sommar202{guess}!")


def tries_passwords_of_staff(stranger: Visitor) -> None:
    stranger.get("/logga-in/")
    for guess in range(3):
        stranger.post("/logga-in/", username=STEFAN.mail, password=f"Vinter202{guess}!")


ATTEMPTS: tuple[Callable[[Visitor], None], ...] = (
    *(asks_and_mistypes, asks_again_and_again, tries_passwords, tries_passwords_of_staff),
)


def attack(portal: Portal, numbers: range) -> None:
    for number in numbers:
        stranger = Visitor(portal, f"198.51.100.{number}" if number % 3 else f"2001:db8:{number:x}::7")
        ATTEMPTS[number % len(ATTEMPTS)](stranger)
        if (number + 1) % (STRANGERS // MINUTES) == 0:
            settled()
            time_passes(minutes=1)


def registers(owner: Visitor, phone: Inbox, password: str, number: str) -> None:
    answer = owner.send("/registrera/", username=STEFAN.username, password=password)
    assert answer.headers.get("location") == "/registrera/mobil/"
    settled()
    before = codes_sent(phone)
    owner.send("/registrera/mobil/", phone=number)
    answer = owner.send("/registrera/kod/", code=code_of(phone, before + 1))
    assert answer.headers.get("location") == "/registrera/klart/"
    owner.send("/logga-ut/")


def resets(owner: Visitor, phone: Inbox, password: str) -> None:
    settled()
    before = codes_sent(phone)
    assert owner.send("/aterstall/", username=STEFAN.username).headers.get("location") == "/aterstall/kod/"
    answer = owner.send("/aterstall/kod/", code=code_of(phone, before + 1))
    assert answer.headers.get("location") == "/aterstall/losenord/"
    answer = owner.send("/aterstall/losenord/", new_password1=password, new_password2=password)
    assert answer.headers.get("location") == "/aterstall/klart/"


def test_d1_two_hundred_strangers_keep_nobody_out(
    portal: Portal, values: dict[str, str], openldap_settings: TestSlapd
) -> None:
    """In ten minutes, each from an address of their own. Then her telephone and her browser register and reset."""
    phone = Inbox(Path(values["SMS_GATEWAYS"].removeprefix("file://")))
    owner = Visitor(portal, "192.0.2.77")
    registers(owner, phone, STEFAN.password, NEW_NUMBER_TYPED)
    time_passes(days=2)
    sent = codes_sent(phone)

    attack(portal, range(STRANGERS // 2))
    resets(owner, phone, NEW_PASSWORD)
    attack(portal, range(STRANGERS // 2, STRANGERS))
    registers(owner, phone, NEW_PASSWORD, OTHER_NUMBER_TYPED)
    time_passes(minutes=16)  # a number that replaces another waits (G6)
    resets(owner, phone, "Tredje-Sjo-4713")

    assert codes_sent(phone) - sent <= 3 + 5 + 5, "hers, and five of strangers to each of her numbers"
    results = set(AuditEvent.objects.filter(subject_name=STEFAN.username).values_list("result", flat=True))
    assert {"too many wrong codes in a day", "stopped before lock-out"} <= results, "they came to their ends"
    assert "pwdAccountLockedTime" not in entry(openldap_settings, STEFAN.username), "T3"
    stranger = Visitor(portal, "203.0.113.9")
    stranger.send("/aterstall/", username=STEFAN.username)
    settled()
    assert codes_sent(phone) - sent <= 3 + 5 + 5
    assert binds(openldap_settings, STEFAN.username, "Tredje-Sjo-4713")
