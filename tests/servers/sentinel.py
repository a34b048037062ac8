"""A Redis with a replica, and the Sentinel that watches over them: three processes on loopback that keep nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import redis

from deploy.local import files
from deploy.local.server import HOST, LocalServer, bound, program
from tests.servers.private import START_TIMEOUT, Private
from tests.servers.redis import PrivateRedis

MASTER = "mymaster"  # as Redis' own sentinel.conf has it


class PrivateSentinel(Private, LocalServer):
    """Sentinel alone. It takes the replica for the master when that is silent for so many milliseconds."""

    name = "sentinel"

    def __init__(self, folder: Path, master: PrivateRedis, down_after: int) -> None:
        super().__init__(folder)
        self.master, self.down_after = master, down_after

    def prepare(self) -> None:
        super().prepare()
        lines = [f"port {self.port}", f"bind {HOST}", f'dir "{self.folder}"']
        lines.append(f"sentinel monitor {MASTER} {HOST} {self.master.port} 1")
        settings = {
            "auth-pass": self.master.password,
            "down-after-milliseconds": self.down_after,
            "failover-timeout": 3 * self.down_after,
        }
        lines += [f"sentinel {name} {MASTER} {value}" for name, value in settings.items()]
        files.write(self.folder / "sentinel.conf", "\n".join([*lines, ""]))

    def command(self) -> list[str]:
        return bound([program("redis-server", "redis-server"), str(self.folder / "sentinel.conf"), "--sentinel"])


class WatchedRedis:
    """A context manager. ``url`` is for ``REDIS_URL`` and ``CELERY_BROKER_URL``."""

    def __init__(self, folder: Path, down_after: int = 1000) -> None:
        self.servers = [PrivateRedis(folder / name) for name in ("first", "second")]
        first, second = self.servers
        second.password = first.password
        for server in self.servers:
            server.keeps += f"masterauth {first.password}\nrepl-diskless-sync-delay 0\n"
        second.keeps += f"replicaof {HOST} {first.port}\n"
        self.sentinel = PrivateSentinel(folder / "sentinel", first, down_after)

    def url(self, database: int, *, beside: str = "") -> str:
        """``beside``: the address of another Sentinel, which is named first."""
        first, *others = filter(None, [beside, f"{HOST}:{self.sentinel.port}"])
        master = f"sentinel://:{self.servers[0].password}@{first}/{database}"
        return ";".join([master, *(f"sentinel://{other}" for other in others)])

    @property
    def master(self) -> PrivateRedis:
        """Whom Sentinel takes for the master."""
        with self._ask() as client:
            port = client.sentinel_master(MASTER)["port"]
        return next(server for server in self.servers if server.port == port)

    def wait_for_other(self, gone: PrivateRedis) -> None:
        """Until Sentinel says that another one is the master."""
        self._wait(lambda: self.master is not gone)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in self.servers:
                stack.enter_context(server)
            self._until_synced(self.servers[1])
            stack.enter_context(self.sentinel)  # asks for replicas when it begins, and then each ten seconds
            self._wait(self._knows_both)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _ask(self) -> redis.Redis:
        return redis.Redis(host=HOST, port=self.sentinel.port)

    def _knows_both(self) -> bool:
        with self._ask() as client:
            return int(client.sentinel_master(MASTER)["num-slaves"]) == 1

    def _until_synced(self, replica: PrivateRedis) -> None:
        with redis.Redis.from_url(replica.url) as client:
            self._wait(lambda: client.info("replication").get("master_link_status") == "up")

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not until():
            if time.monotonic() > deadline:
                raise RuntimeError("Sentinel and its two servers do not come to terms")
            time.sleep(0.05)
