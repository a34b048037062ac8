"""Production's settings, but that what is tried again is tried after seconds."""

from idportal.settings import *  # noqa: F403

DIRECTORY_RETRY_DEAD_AFTER = 5
OUTBOX_RETRY_AFTER = 2
OUTBOX_LEASE = 20
