"""Production's settings, but that a worker is taken for dead after seconds (``crash.py``)."""

from idportal.settings import *  # noqa: F403

OUTBOX_LEASE = 5
OUTBOX_RETRY_AFTER = 1
