"""How many names one address may try, and which count a known browser uses: security.md D3, D1, T1."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.models import Challenge, Event
from accounts.throttling import places
from deploy.local.cast import EVA, KARL, MARIA, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, OTHER_PASSWORD, WRONG_LOGIN, text_of, trail
from tests.accounts.staff import Officer
from tests.accounts.test_throttling import DOWN, REDIS, WAIT
from tests.conftest import Inbox, Walker, has_number
from tests.servers.redis import PrivateRedis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

ELSEWHERE = "192.0.2.7"


@pytest.fixture
def in_redis(settings: Settings, redis_server: PrivateRedis) -> PrivateRedis:
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": REDIS, "LOCATION": redis_server.url}}
    return redis_server


def browser(sms: Inbox, address: str = "127.0.0.1") -> Walker:
    return Walker(Client(REMOTE_ADDR=address), sms)


def log_in(sms: Inbox, name: str, address: str = "127.0.0.1") -> object:
    return browser(sms, address).log_in(dataclasses.replace(STEFAN, username=name), f"Fel-{name}")


def test_d3_twenty_names_may_be_sent_codes_and_no_more(sms: Inbox, in_redis: PrivateRedis) -> None:
    """From one address, whatever the browser; the twenty go on, in any way of writing, and so do other addresses."""
    names = [f"lovfinnsej{number}" for number in range(19)]
    for name in (*names, STEFAN.username):
        assert browser(sms).ask(name)["Location"] == "/aterstall/kod/"
    asked = Challenge.objects.count()
    for name in (MARIA.username, "lovfinnsej99"):
        answer = browser(sms).ask(name)
        assert answer.status_code == 429
        assert WAIT.search(text_of(answer))
        assert 540 <= int(answer["Retry-After"]) <= 600
    assert Challenge.objects.count() == asked
    for name in (*names, STEFAN.username, STEFAN.username.upper(), f" {STEFAN.username} "):
        assert browser(sms).ask(name).status_code == 302
    assert browser(sms, ELSEWHERE).ask(MARIA.username).status_code == 302
    assert browser(sms).log_in(STEFAN)["Location"] == "/registrera/mobil/", "to log in is another count"


def test_d3_the_same_name_again_counts_nothing(sms: Inbox, settings: Settings) -> None:
    """A company whose people ask again and again for an SMS that is late."""
    settings.LIMIT_ADDRESS_NAMES = 2
    for _ in range(10):
        assert browser(sms).ask(STEFAN.username).status_code == 302
    assert browser(sms).ask(MARIA.username).status_code == 302
    assert browser(sms).ask(KARL.username).status_code == 429


def test_d3_twenty_names_may_be_tried_at_a_log_in_and_no_more(
    sms: Inbox, settings: Settings, in_redis: PrivateRedis
) -> None:
    """Over the register's log-in and that of staff, with right passwords and wrong ones."""
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 100
    for number in range(18):
        assert WRONG_LOGIN in text_of(log_in(sms, f"lovfinnsej{number}"))  # type: ignore[arg-type]
    assert Officer(EVA, Client()).type_password("fel").status_code == 200
    assert browser(sms).log_in(STEFAN)["Location"] == "/registrera/mobil/"
    before = trail()
    for stopped in (
        browser(sms).log_in(MARIA),
        Officer(STEFAN, Client()).post("/logga-in/", username="nej", password="x"),
    ):
        assert stopped.status_code == 429
    assert trail() == before, "the directory was not asked"
    assert browser(sms).log_in(STEFAN)["Location"] == "/registrera/mobil/"
    assert browser(sms, ELSEWHERE).log_in(MARIA)["Location"] == "/registrera/mobil/"


def test_d3_strangers_names_keep_out_no_known_browser(sms: Inbox, settings: Settings) -> None:
    """D1: behind the same address, her own browser has counts of its own, for posts and failed log-ins too."""
    settings.LIMIT_ADDRESS_NAMES, settings.LIMIT_ADDRESS_FAILED_LOGINS, settings.LIMIT_ADDRESS_POSTS = 2, 2, 20
    stefan = browser(sms)
    assert stefan.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    stefan.client.post("/logga-ut/")
    for number in range(3):
        browser(sms).ask(f"lovfinnsej{number}")
        log_in(sms, f"lovfinnsej{number}")
    while browser(sms).ask(MARIA.username).status_code == 302:
        pass
    for _ in range(20):
        browser(sms).ask("lovfinnsej0")
    assert browser(sms).ask("lovfinnsej0").status_code == 429, "the address's posts are used up as well"
    assert stefan.log_in(STEFAN)["Location"] == "/registrera/mobil/"
    assert stefan.reset(STEFAN, OTHER_PASSWORD)["Location"] == "/aterstall/klart/"
    for number in range(2):
        stefan.ask(f"lovfinnsej{number}")
    assert stefan.ask("lovfinnsej2").status_code == 429, "its own counts end as others' do"


def test_a_forged_cookie_makes_no_browser_known(sms: Inbox, settings: Settings) -> None:
    """D3."""
    settings.LIMIT_ADDRESS_NAMES = 1
    assert browser(sms).ask(STEFAN.username).status_code == 302
    forger = browser(sms)
    forger.client.cookies[settings.BROWSER_COOKIE_NAME] = "0" * 32 + "-20000:1wxyz:forged"
    assert forger.ask(MARIA.username).status_code == 429


def test_of_many_at_once_as_many_get_a_place_as_there_are(in_redis: PrivateRedis) -> None:
    """D3: and of one thing at once, each time gets the same one."""
    things = [f"thing {number % 12}" for number in range(120)]
    with ThreadPoolExecutor(max_workers=24) as pool:
        found = list(pool.map(lambda thing: places.take("key", thing, 5, 60), things))
    held = {(thing, place.key) for thing, place in zip(things, found, strict=True) if place.key}
    assert len(held) == len({thing for thing, _place in held}) == len({place for _thing, place in held}) == 5
    assert sum(place.new for place in found) == 5
    assert len([place for place in found if place.key]) == 50, "none of the five is refused, whenever it comes"


def test_d3_without_their_store_the_forms_are_closed(sms: Inbox, settings: Settings) -> None:
    """T1."""
    has_number(STEFAN)
    settings.CACHES = {**settings.CACHES, **DOWN}
    answers = browser(sms).ask(STEFAN.username), browser(sms).log_in(STEFAN)
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert [answer.status_code for answer in answers] == [503, 503]
    assert trail(Event.CODE_REQUESTED, Event.LOGIN_ATTEMPTED) == []


def test_a_place_that_is_given_back_is_free() -> None:
    first = places.take("key", "a", 1, 60)
    assert (first.new, places.take("key", "a", 1, 60).new) == (True, False)
    refused = places.take("key", "b", 1, 60)
    assert (refused.key, 0 < refused.wait <= 60) == ("", True)
    assert places.take("another", "b", 1, 60).new
    places.give_back(places.take("key", "a", 1, 60))
    assert places.take("key", "b", 1, 60).key == "", "taken before: it stays"
    places.give_back(first)
    assert places.take("key", "b", 1, 60).new


@pytest.mark.parametrize("value", ["x", None, 7, {}], ids=str)
def test_what_another_wrote_there_is_a_place_taken(value: object) -> None:
    """X2: a store that can't be believed lets nobody through who was not through."""
    key = places.take("key", "a", 1, 60).key
    cache.set(key, value, 60)
    assert places.take("key", "a", 1, 60).key == ""


def test_the_store_has_no_name_in_it(sms: Inbox, in_redis: PrivateRedis) -> None:
    """Keyed digests alone: of names, and of addresses."""
    browser(sms, ELSEWHERE).ask(STEFAN.username)
    store = redis.Redis.from_url(in_redis.url)
    held = [*store.keys(), *filter(None, (store.get(key) for key in store.keys()))]  # noqa: SIM118  a client, no dict
    assert len(held) > 2
    assert not [each for each in held if STEFAN.username.encode() in each or ELSEWHERE.encode() in each]
