"""A second Redis and a second PostgreSQL, which take over when the first is gone (docs/operations.md)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.core.cache.backends.redis import RedisCache

from tests.idportal.conftest import PRODUCTION, ROOT, environment, manage
from tests.servers.sentinel import WatchedRedis

pytestmark = pytest.mark.process

GONE = "127.0.0.1:9"  # a Sentinel of several
POOL = {"pool_class": "idportal.runtime.redis_cache.SentinelPool", "master": "mymaster"}
OPTIONS = {"serializer": "idportal.runtime.redis_cache.Json", "socket_connect_timeout": 2, "socket_timeout": 2, **POOL}

ENQUEUE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "idportal.settings"
from idportal.runtime.celery import app
app.send_task("notifications.tasks.sweep", queue="outbox")
"""


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[WatchedRedis]:
    with WatchedRedis(tmp_path) as servers:
        yield servers


def enqueue(servers: WatchedRedis) -> subprocess.CompletedProcess[str]:
    values = {**PRODUCTION, "CELERY_BROKER_URL": servers.url(0, beside=GONE)}
    command = [sys.executable, "-c", ENQUEUE]
    return subprocess.run(
        command, cwd=ROOT, env=environment(values), check=False, capture_output=True, text=True, timeout=60
    )


def queued(servers: WatchedRedis) -> int:
    with redis.Redis.from_url(servers.master.url) as client:
        return int(client.llen("outbox"))


def test_u1_limits_and_queue_go_on_in_the_next_redis(watched: WatchedRedis) -> None:
    """Meanwhile the answer is no, at once. Of several Sentinels, one that is gone is passed over."""
    cache = RedisCache([watched.url(1, beside=GONE)], {"OPTIONS": OPTIONS})
    cache.set("posts", 7)
    assert enqueue(watched).returncode == 0
    first = watched.master
    assert (cache.get("posts"), queued(watched)) == (7, 1)
    with redis.Redis.from_url(first.url) as client:
        assert client.wait(1, 5000) == 1, "the replica has all"
    first.kill()
    began = time.monotonic()
    with pytest.raises(redis.ConnectionError):
        cache.get("posts")
    assert time.monotonic() - began < 5
    watched.wait_for_other(first)
    assert (cache.get("posts"), queued(watched)) == (7, 1)
    assert enqueue(watched).returncode == 0
    assert queued(watched) == 2


def test_u1_a_database_and_its_standby_are_one_setting() -> None:
    """Each host with its port; libpq takes the one that can be written to."""
    url = "postgresql://idportal:secret@db1.kommunen.example:5001,db2.kommunen.example:5002/idportal"
    values = {**PRODUCTION, "DATABASE_URL": f"{url}?target_session_attrs=read-write&sslmode=verify-full"}
    said = manage("shell", "--verbosity=0", "-c", SHOW, **values)
    assert said.stdout.split() == ["db1.kommunen.example,db2.kommunen.example", "5001,5002", "read-write"], said.stderr


SHOW = """
from django.db import connection
given = connection.get_connection_params()
print(given["host"], given["port"], given["target_session_attrs"])
"""


def test_sentinels_are_asked_with_tls_and_so_is_the_queue() -> None:
    """Celery reads CELERY_BROKER_URL of the environment by itself, and would not know the scheme."""
    said = manage(
        "shell", "--verbosity=0", "-c", TLS, **{**PRODUCTION, "CELERY_BROKER_URL": "sentinels://127.0.0.1:9/0"}
    )
    assert said.stdout.split() == ["sentinel", "required", "True"] * 2, said.stderr


TLS = """
from idportal.runtime.celery import app
for each in (app.connection_for_write(), app.connection_for_read()):
    print(each.transport_cls, each.ssl["ssl_cert_reqs"], each.transport_options["sentinel_kwargs"]["ssl"])
"""
