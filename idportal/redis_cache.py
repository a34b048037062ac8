"""The cache of the settings: Django's own in Redis, with one client for all calls of a thread, and JSON in it."""

import json
import logging
from functools import cached_property
from typing import Any

from django.core.cache.backends import redis

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

    @cached_property
    def _kept(self) -> Any:
        return super().get_client(write=True)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._kept


class RedisCache(redis.RedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient
        self._options: dict[str, Any] = {**params.get("OPTIONS", {}), "serializer": Json}
