"""The admin: companies, orderers, and the audit trail, for administrators with a second factor."""
