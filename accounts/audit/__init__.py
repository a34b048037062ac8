"""The trail: who did what to whom, when, and how it ended (security.md L1)."""

from accounts.audit.trail import record, record_unless_recent, username_of
