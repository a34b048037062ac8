"""The cache of the settings: Django's own in Redis, with one client for all calls of a thread, and JSON in it."""

import json
import logging
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.cache.backends import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

log = logging.getLogger("idportal.cache")


class Json:
    """What values are in Redis. Django's own are pickles: who could write one would run code here (X2)."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value)

    def loads(self, data: bytes) -> Any:
        """The value; None, as if it were not there, for what the portal did not write."""
        try:
            return json.loads(data)
        except ValueError:
            log.error("a value in the cache is not of the portal, and was not read")
            return None


class KeptClient(redis.RedisCacheClient):
    """Django makes a client for each call, since there might be several servers: that takes as long as the call."""

    _servers: list[str]
    _pool_options: dict[str, Any]

    def __init__(self, servers: list[str], sentinel_master: str = "", **options: Any) -> None:
        super().__init__(servers, **options)
        self._sentinel_master = sentinel_master

    @cached_property
    def _kept(self) -> Any:
        if self._servers[0].startswith("sentinel"):
            return self._through_sentinel()
        return super().get_client(write=True)

    def _through_sentinel(self) -> Any:
        """A client of whichever Redis is the master when a connection is made. Sentinels themselves ask no password."""
        first, *others = [urlsplit(server) for server in self._servers]
        tls = {"ssl": True} if first.scheme == "sentinels" else {}
        limits = {name: value for name, value in self._pool_options.items() if name.startswith("socket_")}
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            [(each.hostname, each.port or 26379) for each in (first, *others)],
            sentinel_kwargs={**limits, **tls, "retry": Retry(NoBackoff(), 0)},
            username=unquote(first.username or "") or None,
            password=unquote(first.password or "") or None,
            db=int(first.path.strip("/") or 0),
            **self._pool_options,
            **tls,
        )
        return sentinel.master_for(self._sentinel_master)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._kept


class RedisCache(redis.RedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient
        self._options: dict[str, Any] = {**params.get("OPTIONS", {}), "serializer": Json}
