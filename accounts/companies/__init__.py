"""Which company an account belongs to, and what changes a company: each change with its history and its trail."""

from accounts.companies.changes import (
    CompanyMatcher,
    DirectoryValueConflicts,
    is_unit,
    key_of,
    note_bounce,
    remove,
    set_recipients,
    store,
)

__all__ = [
    "CompanyMatcher",
    "DirectoryValueConflicts",
    "is_unit",
    "key_of",
    "note_bounce",
    "remove",
    "set_recipients",
    "store",
]
