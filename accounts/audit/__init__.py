"""The trail: who did what to whom, when, and how it ended (security.md L1)."""

from accounts.audit.trail import (
    NewEvent,
    add,
    named,
    new_event,
    record,
    record_search,
    record_unless_recent,
    username_of,
)
