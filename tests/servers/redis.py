"""A private Redis in a folder, on a free loopback port, that keeps nothing on disk."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import redis

from deploy.local.databases import Redis
from tests.servers.private import Private


class PrivateRedis(Private, Redis):
    """Redis on ``url``. Port and password stay, so that ``restart`` brings it back where it was, but empty."""

    keeps = 'save ""\nappendonly no\n'

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.password = secrets.token_urlsafe(16)

    @property
    def url(self) -> str:
        """For ``REDIS_URL`` and ``CELERY_BROKER_URL``: database 0."""
        return f"{super().url}/0"

    def flush(self) -> None:
        """Forget everything in every database."""
        redis.Redis.from_url(self.url).flushall()

    def restart(self) -> None:
        """Stop and start: same address, nothing left of what it held."""
        self.stop()
        self.start()


class Trap:
    """A value whose pickle makes the file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mknod, (str(self.file),)
