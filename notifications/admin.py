"""Where Django looks for this app's pages in the admin."""

from notifications.outbox import admin  # noqa: F401  registers the pages
