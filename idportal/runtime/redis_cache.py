"""Options for Django's Redis cache: values as JSON, not as pickles, and a master that Sentinel finds."""

import json
import logging
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

log = logging.getLogger("idportal.cache")


class Json:
    """How values are written in Redis. Django's own are pickles: who could write one would run code here (X2)."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value)

    def loads(self, data: bytes) -> Any:
        """The value; None, as if it were not there, for what the portal did not write."""
        try:
            return json.loads(data)
        except ValueError:
            log.error("a value in the cache is not of the portal, and was not read")
            return None


class SentinelPool:
    """Connections to whichever Redis is the master when each is made."""

    @staticmethod
    def from_url(url: str, master: str, **options: Any) -> ConnectionPool:
        """For ``sentinel://:password@one:26379/1;sentinel://two:26379``. Sentinels themselves ask no password."""
        first, *others = [urlsplit(each) for each in url.split(";")]
        tls = {"ssl": True} if first.scheme == "sentinels" else {}
        limits = {name: value for name, value in options.items() if name.startswith("socket_")}
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            [(each.hostname, each.port or 26379) for each in (first, *others)],
            sentinel_kwargs={**limits, **tls, "retry": Retry(NoBackoff(), 0)},
            username=unquote(first.username or "") or None,
            password=unquote(first.password or "") or None,
            db=int(first.path.strip("/") or 0),
            **options,
            **tls,
        )
        pool: ConnectionPool = sentinel.master_for(master).connection_pool
        return pool
