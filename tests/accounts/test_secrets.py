"""A canary password, code and session id are nowhere but where they belong: security.md K2, L2."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from celery.signals import task_prerun
from django.conf import settings as django_settings
from django.db import connection
from django.http import HttpResponse
from pytest_django import Settings

from accounts import directory
from accounts.directory.ldap_client.answers import DirectoryRefused
from accounts.directory.ldap_client.connection import Connection
from accounts.models import Challenge
from deploy.local.cast import ANNA, KARL, STEFAN
from idportal.runtime.logs import JsonFormatter
from notifications.models import Message
from tests.accounts.helpers import NEW_NUMBER_TYPED, time_passes
from tests.conftest import Walker, has_number
from tests.servers.slapd import TestSlapd
from tests.servers.smsgateway import Mood, SmsGateway

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "Kanariefagel-4711"
WRONG_PASSWORD = "Fel-Kanariefagel-4712"
REFUSED_PASSWORD = "kanariefagel"
TYPED_AS_NAME = "Namn-Kanariefagel-4713"
PASSWORDS = (PASSWORD, WRONG_PASSWORD, REFUSED_PASSWORD, TYPED_AS_NAME)


class Watch:
    """Collects whatever leaves the request: log lines as they are written, task arguments, answers."""

    def __init__(self, walker: Walker, settings: Settings) -> None:
        self.walker = walker
        self.stream = io.StringIO()
        self.arguments: list[Any] = []
        self.answers: list[HttpResponse] = []
        self.sessions: set[str] = set()
        self._names = (settings.SESSION_COOKIE_NAME, settings.JOURNEY_COOKIE_NAME)
        post, get = walker._post, walker.get
        walker._post = lambda path, **fields: self._note(post(path, **fields))  # type: ignore[method-assign]
        walker.get = lambda path: self._note(get(path))  # type: ignore[method-assign]

    def _note(self, answer: HttpResponse) -> HttpResponse:
        self.answers.append(answer)
        cookies = self.walker.client.cookies
        self.sessions |= {cookies[name].value for name in self._names if name in cookies and cookies[name].value}
        return answer

    def started(self, **told: Any) -> None:
        self.arguments.append((told["args"], told["kwargs"]))

    @property
    def log(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def watch(walker: Walker, settings: Settings, openldap_settings: TestSlapd) -> Iterator[Watch]:
    """All loggers at DEBUG, written by the formatter and the filter of production."""
    watch = Watch(walker, settings)
    handler = logging.StreamHandler(watch.stream)
    handler.setFormatter(JsonFormatter())
    named: dict[str, object] = django_settings.LOGGING["loggers"]  # type: ignore[assignment]
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in named)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        if logger.name != "apprise":  # silenced in production too, whatever LOG_LEVEL says
            logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    task_prerun.connect(watch.started)
    walker.client.raise_request_exception = False
    yield watch
    task_prerun.disconnect(watch.started)
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def both_journeys(walker: Walker) -> None:
    """Right and wrong at every step."""
    walker.log_in(KARL, WRONG_PASSWORD)
    walker._post("/registrera/", username=TYPED_AS_NAME, password=WRONG_PASSWORD)
    walker.log_in(KARL)
    walker.get("/registrera/mobil/")
    walker.give_number(NEW_NUMBER_TYPED)
    walker.get("/registrera/kod/")
    walker.enter_register_code()
    walker.get("/registrera/klart/")
    walker.ask(TYPED_AS_NAME)
    walker.ask(KARL.username)
    walker.get("/aterstall/kod/")
    walker.enter_code()
    walker.get("/aterstall/losenord/")
    walker.choose(REFUSED_PASSWORD)
    walker.choose(PASSWORD, WRONG_PASSWORD)
    walker.choose(KARL.password)
    walker.choose(PASSWORD)
    walker.get("/aterstall/klart/")
    walker.log_in(KARL, PASSWORD)


def refuse(*_: object, **__: object) -> None:
    raise DirectoryRefused(80, "other: internal error")


def crash(*_: object, **__: object) -> None:
    raise RuntimeError("what nobody foresaw")


def codes_of(watch: Watch) -> list[str]:
    return re.findall(r"#(\d{6})$", "\n".join(text for _, text in watch.walker.sms.messages()), re.MULTILINE)


def rows() -> str:
    """Every value of every table, but for times: their fractions of a second have six digits too."""
    found = []
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(value for value in found if not re.match(r"\[?\d{4}-\d\d-\d\d[ T]|\[?\d{9,}\.\d", value))


def assert_kept(watch: Watch, *passwords: str) -> None:
    codes = codes_of(watch)
    held = rows()
    bodies = [answer.content.decode() for answer in watch.answers]
    places = [answer.headers.get("Location", "") for answer in watch.answers]
    for secret in (*PASSWORDS, *passwords):
        assert secret not in watch.log
        assert secret not in held
        assert secret not in str(watch.arguments)
        assert secret not in str(places)
        assert not any(secret in text for _, text in watch.walker.sms.messages())
        if secret != TYPED_AS_NAME:  # shown again in its own field, to whoever typed it
            assert not any(secret in body for body in bodies)
    for code in codes:
        assert not re.search(rf"(?<!\d){code}(?!\d)", re.sub(r"\.\d{3,}", "", watch.log))
        assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", held)
        assert code not in str(places)
    assert watch.sessions
    for session in watch.sessions:
        assert session not in watch.log
        assert session not in str(places)
        assert not any(session in body for body in bodies)


def test_k2_both_journeys(watch: Watch) -> None:
    """K2, L2: at LOG_LEVEL=DEBUG."""
    both_journeys(watch.walker)
    assert watch.answers[-1].headers["Location"] == "/registrera/mobil/", "the journeys went through"
    assert len(codes_of(watch)) == 2
    assert "send_code" in watch.log, "the log was watched"
    assert_kept(watch, KARL.password)


def test_k2_a_task_gets_ids_and_nothing_else(watch: Watch) -> None:
    """K2: neither code, nor number, nor name waits in a queue."""
    both_journeys(watch.walker)
    assert watch.arguments
    known = {pk for model in (Challenge, Message) for pk in model._default_manager.values_list("pk", flat=True)}
    for args, kwargs in watch.arguments:
        assert kwargs == {}
        assert args
        assert set(args) <= known


def test_each_sms_holds_its_own_code_once_in_words_and_once_for_telephones(watch: Watch) -> None:
    """K2, K4."""
    both_journeys(watch.walker)
    with_code = [text for _, text in watch.walker.sms.messages() if "#" in text]  # the others are notices
    for text, code in zip(with_code, codes_of(watch), strict=True):
        assert re.findall(r"\d{6}", text) == [code, code]


@pytest.mark.parametrize("where", ["modify_password", "bind", "search"])
@pytest.mark.parametrize("how", [refuse, crash])
def test_a_directory_that_answers_with_errors(watch: Watch, where: str, how: Callable[..., None]) -> None:
    """K2, L2: no exception, traceback or error page tells what was sent."""
    has_number(STEFAN)
    watch.walker.ask(STEFAN.username)
    watch.walker.enter_code()
    real = getattr(Connection, where)

    def fail(connection: Connection, dn: str, *args: Any, **kwargs: Any) -> Any:
        own = where == "bind" and dn == django_settings.DIRECTORY_BIND_DN
        return real(connection, dn, *args, **kwargs) if own else how()

    with mock.patch.object(Connection, where, fail):
        watch.walker.choose(PASSWORD)
        watch.walker.log_in(STEFAN, WRONG_PASSWORD)
        watch.walker.log_in(ANNA)
    directory.reset()
    done = any(answer.headers.get("Location") == "/aterstall/klart/" for answer in watch.answers)
    assert done == (where == "bind"), "OpenLDAP sets a password without a bind of the person's"
    assert_kept(watch, ANNA.password)


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.RESET])
def test_a_gateway_that_answers_with_errors(
    watch: Watch, sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway, mood: Mood
) -> None:
    """K2, L2: neither the code, nor the number, nor the gateway's credentials."""
    has_number(STEFAN)
    made: list[str] = []
    generate = Challenge.make_code

    def note(challenge: Challenge) -> str:
        made.append(generate(challenge))
        return made[-1]

    with mock.patch.object(Challenge, "make_code", note):
        sms_gateway.mood = spare_sms_gateway.mood = mood
        watch.walker.ask(STEFAN.username)
        time_passes(seconds=61)
        spare_sms_gateway.mood = Mood.ACCEPT
        watch.walker.ask_again()
    assert len(made) == 2
    assert len(spare_sms_gateway.received) == 1
    log = re.sub(r"\.\d{3,}", "", watch.log)
    for secret in (*made, "gateway-secret", STEFAN.phone, STEFAN.phone.removeprefix("+"), "1740605"):
        assert secret not in log
    assert "SMS gateway 1 (json) failed" in log
    assert not any(code in rows() for code in made)


def test_what_is_typed_can_not_forge_a_line_of_the_log(watch: Watch) -> None:
    """L2: one JSON object a line."""
    forged = 'x\n{"level": "INFO", "message": "forged"}\r\nforged'
    watch.walker.ask(forged)
    watch.walker.get("/finns-inte/%0aforged%0d%0a{}")
    watch.walker.enter_code("\nforged")
    assert not any(
        line.startswith(("forged", '{"level": "INFO", "message": "forged"}')) for line in watch.log.splitlines()
    )
    assert all(line.startswith('{"time": ') for line in watch.log.splitlines())


def test_numbers_and_addresses_are_masked(watch: Watch) -> None:
    """L2: also where somebody logs them without a thought."""
    logging.getLogger("idportal.test").info("sent to %s for %s", STEFAN.phone, STEFAN.mail)
    assert STEFAN.phone not in watch.log
    assert STEFAN.mail not in watch.log
    assert "sent to <number> for <address>" in watch.log
