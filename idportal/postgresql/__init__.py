"""The database engine of the settings: Django's own for PostgreSQL, with a cheaper look at a kept connection."""
