"""Few passwords on many accounts: the alarm, the lowered allowance, the refused password. security.md D4."""

from __future__ import annotations

import dataclasses

import pytest
import redis
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts import limits
from accounts.models import Event, FailedTry
from accounts.throttling import spraying
from deploy.local.cast import EVA, KARL, MARIA, STEFAN, Person
from notifications.models import Message
from tests.accounts.helpers import NEW_NUMBER_TYPED, WRONG_LOGIN, entry, last, normalised, text_of, trail
from tests.accounts.staff import Officer
from tests.accounts.test_throttling import DOWN, REDIS
from tests.conftest import Inbox, Walker
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

TOLD = "Ovanligt många inloggningar misslyckas"


@pytest.fixture(autouse=True)
def in_redis(settings: Settings, redis_server: PrivateRedis) -> PrivateRedis:
    """The counts are all in it: emptied for each test."""
    redis_server.flush()
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": REDIS, "LOCATION": redis_server.url}}
    return redis_server


def called(name: str) -> Person:
    return dataclasses.replace(STEFAN, username=name)


def spray(sms: Inbox, password: str, count: int) -> None:
    """On so many accounts, each from an address of its own."""
    for number in range(count):
        walker = Walker(Client(REMOTE_ADDR=f"192.0.2.{number}"), sms)
        assert WRONG_LOGIN in text_of(walker.log_in(called(f"lovfinnsej{number}"), password))


def fail(sms: Inbox, count: int, address: str = "192.0.2.1") -> None:
    """A password of its own for each try."""
    for number in range(count):
        walker = Walker(Client(REMOTE_ADDR=address), sms)
        assert WRONG_LOGIN in text_of(walker.log_in(called(f"lovnej{number}"), f"Fel-{address}-{number}"))


def at_home(sms: Inbox, person: Person) -> Walker:
    """The person's own browser, in which a number was registered."""
    walker = Walker(Client(REMOTE_ADDR="192.0.2.1"), sms)
    assert walker.register(person, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    walker.client.post("/logga-ut/")
    return walker


# --- One password on many accounts ---------------------------------------------------------------


def test_d4_a_password_that_was_tried_on_ten_accounts_is_tried_on_no_other(
    server: TestSlapd, sms: Inbox, walker: Walker
) -> None:
    """Not even where it is right; the directory is not asked, and no try is counted against the account."""
    spray(sms, STEFAN.password, 10)
    before = entry(server, STEFAN.username)
    assert WRONG_LOGIN in text_of(walker.log_in(STEFAN))
    assert last(Event.LOGIN_REFUSED).result == "password tried on many accounts"
    assert entry(server, STEFAN.username) == before
    assert not FailedTry.objects.filter(subject=last(Event.LOGIN_REFUSED).subject).exists()
    assert walker.log_in(MARIA)["Location"] == "/registrera/mobil/", "another password"
    assert walker.log_in(STEFAN, "Fel-hemma-1").status_code == 200


def test_d4_ten_accounts_are_not_too_many(sms: Inbox, walker: Walker) -> None:
    """The tenth is tried; and so often as one likes on the same one, as far as this limit goes."""
    spray(sms, STEFAN.password, 9)
    for _ in range(3):
        spray(sms, STEFAN.password, 1)
    assert walker.log_in(STEFAN)["Location"] == "/registrera/mobil/"


def test_d4_over_both_log_ins(sms: Inbox) -> None:
    """Staff's passwords are no less worth."""
    spray(sms, EVA.password, 10)
    officer = Officer(EVA, Client(REMOTE_ADDR="192.0.2.99"))
    assert WRONG_LOGIN in text_of(officer.type_password())
    assert last(Event.LOGIN_REFUSED).result == "password tried on many accounts"


def test_d4_a_sprayed_password_keeps_out_no_known_browser(sms: Inbox) -> None:
    stefan = at_home(sms, STEFAN)
    spray(sms, STEFAN.password, 12)
    assert WRONG_LOGIN in text_of(Walker(Client(), sms).log_in(STEFAN)), "a stranger's"
    assert stefan.log_in(STEFAN)["Location"] == "/registrera/mobil/"
    maria = dataclasses.replace(MARIA, password=STEFAN.password)
    assert WRONG_LOGIN in text_of(stefan.log_in(maria)), "known to him alone"


def test_d4_the_refusal_is_the_page_of_a_wrong_password(sms: Inbox) -> None:
    pages = []
    for password in ("Fel-ett-1", "Fel-ett-1", "Fel-två-2"):
        pages.append(normalised(Walker(Client(), sms).log_in(KARL, password), KARL.username))
        spray(sms, "Fel-ett-1", 10)
    assert pages[0] == pages[1] == pages[2]


def test_d4_what_colleagues_have_alike_is_no_spraying(server: TestSlapd, sms: Inbox) -> None:
    """A right password counts nothing: a company may give its people the same first one."""
    for number in range(14):
        person = dataclasses.replace(KARL, username=f"lovlika{number:02}", mail="", password="Lika-For-Alla-1")
        server.put(person)
        walker = Walker(Client(REMOTE_ADDR=f"192.0.2.{number}"), sms)
        assert walker.log_in(person)["Location"] == "/registrera/mobil/"


def test_d4_the_password_can_not_be_read_from_the_store(sms: Inbox, in_redis: PrivateRedis) -> None:
    """Nor from the database. In Redis 16 bits stand for it, under a key of the settings, for an hour."""
    spray(sms, "Hemligt-Tal-4711", 3)
    store = redis.Redis.from_url(in_redis.url)
    keys = list(store.scan_iter())
    assert not [key for key in keys if "Hemligt" in f"{key!r} {store.get(key)!r}"]
    assert all(0 < store.ttl(key) <= limits.HOUR for key in keys)
    buckets = {spraying.take_place(f"Losen-{number}", "an account").key for number in range(2000)}
    assert 1900 < len(buckets) < 2000, "of so many passwords, some thirty share one of 65,536"


# --- More failures than usual --------------------------------------------------------------------


def test_d4_more_failures_than_usual_raise_the_alarm_once_an_hour(
    sms: Inbox, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FAILED_LOGINS_USUAL = 6
    fail(sms, 6)
    assert trail(Event.LOGINS_FAILING) == []
    for number in range(4):
        fail(sms, 1, f"192.0.2.{100 + number}")
    assert trail(Event.LOGINS_FAILING) == [Event.LOGINS_FAILING]
    assert last(Event.LOGINS_FAILING).result == "7 failures"
    said = "more than 6 log-ins have failed in ten minutes: each address is allowed fewer"
    assert caplog.messages.count(said) == 1
    [letter] = [letter for letter in mail.outbox if letter.subject == TOLD]
    assert letter.to == [settings.HELPDESK_EMAIL]
    assert "mer än 6 inloggningar misslyckats på tio minuter" in " ".join(str(letter.body).split())
    assert 'idportal_events_last_hour{event="logins failing"} 1.0' in Client().get("/metrics").content.decode()


def test_d4_an_emptied_store_tells_nobody_twice_in_an_hour(
    sms: Inbox, settings: Settings, in_redis: PrivateRedis
) -> None:
    settings.FAILED_LOGINS_USUAL = 0
    fail(sms, 1)
    in_redis.flush()
    fail(sms, 1)
    assert Message.objects.filter(purpose="logins failing").count() == 1


def test_d4_while_it_lasts_an_address_is_allowed_a_quarter(sms: Inbox, settings: Settings) -> None:
    settings.FAILED_LOGINS_USUAL = 6
    fail(sms, 7, "192.0.2.1")
    fail(sms, 5, "192.0.2.2")
    stopped = Walker(Client(REMOTE_ADDR="192.0.2.2"), sms).log_in(STEFAN)
    assert stopped.status_code == 429, "five of twenty"
    assert Walker(Client(REMOTE_ADDR="192.0.2.1"), sms).log_in(STEFAN).status_code == 429, "those of before count"
    assert Walker(Client(REMOTE_ADDR="192.0.2.3"), sms).log_in(STEFAN)["Location"] == "/registrera/mobil/"
    assert Walker(Client(REMOTE_ADDR="192.0.2.2"), sms).ask(STEFAN.username).status_code == 302, "to reset goes on"


def test_d4_a_usual_number_of_failures_lowers_nothing(sms: Inbox, settings: Settings) -> None:
    settings.FAILED_LOGINS_USUAL = 19
    fail(sms, 19)
    assert Walker(Client(REMOTE_ADDR="192.0.2.1"), sms).log_in(STEFAN)["Location"] == "/registrera/mobil/"


def test_d4_the_alarm_keeps_out_no_known_browser(sms: Inbox, settings: Settings) -> None:
    """Nor do the failures of its address."""
    settings.FAILED_LOGINS_USUAL = 2
    stefan = at_home(sms, STEFAN)
    fail(sms, 5)
    assert Walker(Client(REMOTE_ADDR="192.0.2.1"), sms).log_in(MARIA).status_code == 429
    assert stefan.log_in(STEFAN)["Location"] == "/registrera/mobil/"
    stefan.client.post("/logga-ut/")
    for number in range(6):
        assert stefan.log_in(called(f"lovnej{number}"), f"Fel-{number}").status_code == 200
    assert stefan.log_in(STEFAN)["Location"] == "/registrera/mobil/", "a whole allowance of its own"


def test_without_its_store_no_password_is_tried(sms: Inbox, settings: Settings) -> None:
    """D4, T1."""
    settings.CACHES = {**settings.CACHES, **DOWN}
    answer = Walker(Client(), sms).log_in(STEFAN)
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert answer.status_code == 503
    assert trail() == []
