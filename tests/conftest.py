"""Fixtures for every test: fresh limits, a folder for SMS, and the two journeys as a person walks them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from celery import current_app
from django.core.cache import cache, caches
from django.http import HttpResponse
from django.test import Client, TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings

from accounts import directory
from accounts.models import Phone
from accounts.privacy.encryption import digest
from accounts.sessions import journeys
from accounts.users import for_account
from deploy.local.cast import Person
from tests.emptying import become_the_owner, become_the_portal, delete_all_rows, keep_connections

pytest_plugins = ["tests.sharing", "tests.servers.fixtures", "tests.servers.services"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database, made by its owner; from then on the suite is the role of web and workers (L3)."""
    with django_db_blocker.unblock():
        become_the_portal()
    yield
    with django_db_blocker.unblock():
        become_the_owner()  # pytest-django removes the database


@pytest.fixture(autouse=True, scope="session")
def _quickly_emptied() -> Iterator[None]:
    with (
        mock.patch.object(TransactionTestCase, "_fixture_teardown", delete_all_rows),
        mock.patch.object(TransactionTestCase, "_should_reload_connections", keep_connections),
    ):
        yield


@pytest.fixture(autouse=True)
def _fresh_pages() -> Iterator[None]:
    """No test sees a part of a page that was made with another's settings or limits."""
    caches["pages"].clear()
    yield
    caches["pages"].clear()


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """No test inherits another's counts by address, and each begins with a window of time of its own.

    The windows of django-ratelimit lie fixed on the clock: a test that runs over the edge of one would count anew.
    """
    start = int(time.time())

    def end_of_window(value: str, period: int) -> int:
        now = int(time.time())
        return now + period - (now - start) % period

    cache.clear()
    with mock.patch("django_ratelimit.core._get_window", end_of_window):
        yield
    cache.clear()


@pytest.fixture(autouse=True)
def _own_queue() -> Iterator[None]:
    """A test's Celery app must not become this process's, which later tasks would go to: ``set_as_current=False``."""
    yield
    assert current_app.main == "idportal"


@pytest.fixture(autouse=True)
def _time_of_cookies() -> Iterator[None]:
    """``time_passes`` moves it."""
    yield
    journeys.time = time.time


class Inbox:
    """The telephone: the SMS that were sent, oldest first, as (number in E.164, text)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def messages(self) -> list[tuple[str, str]]:
        files = sorted(self.folder.glob("[!.]*.txt"))  # a message that is being written has a dot
        return [(f"+{file.stem.split('-')[-1]}", file.read_text(encoding="utf-8")) for file in files]

    def code(self) -> str:
        """The code of the newest message."""
        found = re.search(r"#(\d{6})$", self.messages()[-1][1])
        assert found, "the newest SMS holds no code"
        return found[1]

    def __len__(self) -> int:
        return len(self.messages())


@pytest.fixture
def sms(tmp_path: Path, settings: Settings) -> Inbox:
    """SMS are files in a folder of this test's own."""
    folder = tmp_path / "sms"
    folder.mkdir()
    settings.SMS_GATEWAYS = [folder.as_uri()]
    return Inbox(folder)


class Walker:
    """A person with a browser of their own. Each step posts what the page's form would."""

    def __init__(self, client: Client, sms: Inbox) -> None:
        self.client = client
        self.sms = sms

    def log_in(self, person: Person, password: str | None = None) -> HttpResponse:
        password = person.password if password is None else password
        return self._post("/registrera/", username=person.username, password=password)

    def give_number(self, phone: str) -> HttpResponse:
        return self._post("/registrera/mobil/", phone=phone)

    def enter_register_code(self, code: str | None = None) -> HttpResponse:
        return self._post("/registrera/kod/", code=code or self.sms.code())

    def register(self, person: Person, phone: str) -> HttpResponse:
        self.log_in(person)
        self.give_number(phone)
        return self.enter_register_code()

    def ask(self, name: str) -> HttpResponse:
        return self._post("/aterstall/", username=name)

    def ask_again(self) -> HttpResponse:
        return self._post("/aterstall/kod/igen/")

    def enter_code(self, code: str | None = None) -> HttpResponse:
        return self._post("/aterstall/kod/", code=code or self.sms.code())

    def choose(self, password: str, again: str | None = None) -> HttpResponse:
        again = password if again is None else again
        return self._post("/aterstall/losenord/", new_password1=password, new_password2=again)

    def reset(self, person: Person, password: str) -> HttpResponse:
        self.ask(person.username)
        self.enter_code()
        return self.choose(password)

    def get(self, path: str) -> HttpResponse:
        return self.client.get(path)  # type: ignore[return-value]

    def _post(self, path: str, **fields: str) -> HttpResponse:
        return self.client.post(path, fields)  # type: ignore[return-value]


@pytest.fixture
def walker(client: Client, sms: Inbox) -> Walker:
    return Walker(client, sms)


@pytest.fixture
def another_walker(sms: Inbox) -> Walker:
    """Somebody else's browser."""
    return Walker(Client(), sms)


def has_number(person: Person, number: str = "") -> Phone:
    """The person's number is on file already, as the story says or as given (E.164)."""
    account = directory.connect().find(person.username)
    assert account, f"{person.username} is not in the directory"
    number = number or person.phone
    fields = {"number": number, "number_digest": digest(number, "number")}
    phone, _made = Phone.objects.update_or_create(user=for_account(account), defaults=fields)
    return phone
