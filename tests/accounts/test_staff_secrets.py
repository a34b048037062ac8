"""Passwords, keys and codes of staff are nowhere but where they belong: security.md K2, L2."""

from __future__ import annotations

import io
import logging
import re
from base64 import b32decode
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from ldap.ldapobject import SimpleLDAPObject
from pytest_django import Settings

from accounts import directory
from accounts.directory.ldap_client.connection import Connection
from accounts.models import RecoveryCodes
from deploy.local.cast import EVA
from idportal.runtime.logs import JsonFormatter
from tests.accounts.staff import Officer, later
from tests.accounts.test_secrets import crash, refuse, rows
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

WRONG_PASSWORD = "Fel-Kanariefagel-4712"
TYPED_AS_NAME = "Namn-Kanariefagel-4713"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All loggers at DEBUG, written by the formatter of production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    # As LOG_LEVEL=DEBUG has it: what is held at INFO in production stays there.
    loggers = [logging.getLogger(), logging.getLogger("django")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def eva(openldap_settings: TestSlapd) -> Officer:
    officer = Officer(EVA)
    officer.client.raise_request_exception = False
    return officer


def everything(officer: Officer) -> list[str]:
    """Right and wrong at every step; returns the codes of the app that were typed."""
    officer.type_password(WRONG_PASSWORD)
    officer.type_password(WRONG_PASSWORD, name=TYPED_AS_NAME)
    officer.enrol("?next=/admin/")
    assert officer.app
    typed = [officer.app.code()]
    officer.leave()
    officer.type_password()
    officer.type_code(officer.app.wrong_code())
    officer.type_code("000000000000")
    later(seconds=5)
    assert officer.type_code(officer.recovery_codes[0])["Location"] == "/admin/"
    officer.leave()
    typed.append(officer.app.code(1))
    assert officer.sign_in(typed[-1])["Location"] == "/admin/"
    officer.get("/admin/")
    officer.leave()
    return typed


def secrets_of(officer: Officer) -> list[str]:
    assert officer.app
    key = b32decode(officer.app.secret).hex()
    paper = [*officer.recovery_codes, *(code.replace(" ", "") for code in officer.recovery_codes)]
    in_groups = " ".join(re.findall("....", officer.app.secret))
    return [EVA.password, WRONG_PASSWORD, TYPED_AS_NAME, officer.app.secret, in_groups, key, *paper]


def assert_kept(officer: Officer, log: str) -> None:
    held = rows()
    places = [answer.headers.get("Location", "") for answer in officer.answers]
    for secret in secrets_of(officer):
        assert secret not in log
        assert secret not in held
        assert not any(secret in place for place in places)


def test_the_whole_way(eva: Officer, log: io.StringIO) -> None:
    """At LOG_LEVEL=DEBUG; in no row in clear; in no address."""
    typed = everything(eva)
    assert "notifications.tasks.deliver" in log.getvalue(), "the loggers were listened to"
    assert_kept(eva, log.getvalue())
    told = re.sub(r"\.\d{3,}", "", log.getvalue())
    for code in typed:
        assert not re.search(rf"(?<!\d){code}(?!\d)", told)


def test_each_page_shows_what_is_its_own(eva: Officer, log: io.StringIO) -> None:
    """The key on the page that connects the app, the recovery codes on theirs, a password on none."""
    everything(eva)
    assert eva.app
    bodies = [answer.content.decode() for answer in eva.answers]
    assert sum(eva.app.secret in body for body in bodies) == 1
    assert sum(eva.recovery_codes[5] in body for body in bodies) == 1
    assert not any(EVA.password in body or WRONG_PASSWORD in body for body in bodies)


@pytest.mark.parametrize("where", [(SimpleLDAPObject, "simple_bind_s"), (Connection, "search")], ids=["bind", "search"])
@pytest.mark.parametrize("how", [refuse, crash])
def test_a_directory_that_answers_with_errors(
    eva: Officer, log: io.StringIO, settings: Settings, where: tuple[type, str], how: Callable[..., None]
) -> None:
    """No exception, traceback or error page tells what was sent."""
    everything(eva)
    of, method = where
    real = getattr(of, method)

    def fail(connection: Any, dn: str, *args: Any, **kwargs: Any) -> Any:
        own = method == "simple_bind_s" and dn == settings.DIRECTORY_BIND_DN
        return real(connection, dn, *args, **kwargs) if own else how()

    with mock.patch.object(of, method, fail):
        assert eva.type_password().status_code in (500, 503)
    directory.reset()
    assert_kept(eva, log.getvalue())


def test_what_is_left_in_the_database_opens_nothing(eva: Officer) -> None:
    """X1: the key is ciphertext, and the codes are keyed hashes, each row's with a key of its own."""
    everything(eva)
    first = RecoveryCodes.objects.get()
    eva.type_password()
    eva.type_code(eva.recovery_codes[1])
    eva.post("/logga-in/koder/")
    again = RecoveryCodes.objects.get()
    assert len(first.digests) == 9
    assert not set(first.digests) & set(again.digests)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in again.digests)
