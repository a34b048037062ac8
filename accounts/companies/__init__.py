"""External companies: matching accounts to them, and changing them with history and audit events."""

from accounts.companies.changes import note_bounce, remove, set_recipients, store
from accounts.models.companies import CompanyMatcher
