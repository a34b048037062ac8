"""Where Django looks for this app's pages in the admin."""

from notifications.digests import admin as digests  # noqa: F401  both register their pages
from notifications.outbox import admin as outbox  # noqa: F401
