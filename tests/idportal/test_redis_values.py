"""Who can write to the cache in Redis runs no code (security.md X2). For the queue see ``test_worker.py``."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest
import redis
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tests.servers.redis import PrivateRedis, Trap


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    made = Trap(tmp_path / "it ran")
    pickle.loads(pickle.dumps(Trap(tmp_path / "it works")))
    assert (tmp_path / "it works").exists()
    return made


@pytest.fixture
def in_redis(redis_server: PrivateRedis, settings: Settings) -> redis.Redis:
    options = {"serializer": "idportal.runtime.redis_cache.Json"}
    backend = "django.core.cache.backends.redis.RedisCache"
    server = {"BACKEND": backend, "LOCATION": [redis_server.url], "OPTIONS": options}
    settings.CACHES = {**settings.CACHES, "default": server}
    return redis.Redis.from_url(redis_server.url)


@pytest.mark.django_db
def test_x2_a_pickle_in_the_cache_is_not_read(
    in_redis: redis.Redis, trap: Trap, caplog: pytest.LogCaptureFixture
) -> None:
    post = {"username": "lovfinnsej1"}
    assert Client().post("/aterstall/", post).status_code == 302
    cache.set("text", "a value")
    keys = list(in_redis.scan_iter())
    assert len(keys) > 1, "the limits by address, and ours"
    assert not [key for key in keys if pickle.PROTO in (in_redis.get(key) or b"")]
    for key in keys:
        in_redis.set(key, pickle.dumps(trap))
    with caplog.at_level(logging.ERROR):
        assert cache.get("text") is None
        assert cache.get_many(["text"]) == {"text": None}
        assert Client().post("/aterstall/", post).status_code == 503, "a count that can't be read lets nobody through"
    assert "is not of the portal" in caplog.text
    assert not trap.file.exists()


@pytest.mark.parametrize("value", ["text", "", "å", 0, -1, 4711, 1.5, True, None, ["a", 1], {"a": [None]}])
def test_what_is_put_into_the_cache_comes_back(in_redis: redis.Redis, value: object) -> None:
    cache.set("key", value, 10)
    assert cache.get("key") == value
    assert type(cache.get("key")) is type(value)


def test_counts_are_counted_by_redis(in_redis: redis.Redis) -> None:
    cache.add("count", 1, 10)
    assert (cache.incr("count"), cache.get("count"), in_redis.get(":1:count")) == (2, 2, b"2")
