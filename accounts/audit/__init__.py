"""The trail: who did what to whom, when, and how it ended (security.md L1)."""

from accounts.audit.trail import name_of_actor, record, record_unless_recent

__all__ = ["name_of_actor", "record", "record_unless_recent"]
