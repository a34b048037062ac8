"""The database engine: Django's own for PostgreSQL, with a cheaper check of a kept connection."""
