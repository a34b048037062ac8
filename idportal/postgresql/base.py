"""PostgreSQL as Django has it. Whether a connection that was just used still works, its socket tells."""

import time

from django.db.backends.postgresql import base

from idportal.deadline import is_silent

# Seconds. A server that lost its power closes nothing; after such a pause it has to answer a statement.
TRUSTED_FOR = 30.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks ``is_usable`` at the first statement of each request, since it has CONN_HEALTH_CHECKS."""

    _answered_at = 0.0

    def is_usable(self) -> bool:
        """Whether the connection still works: by a statement only if the server was silent long, or says something.

        A server that ends closes its connections first, and their sockets can be read then.
        """
        now = time.monotonic()
        trusted = now - self._answered_at < TRUSTED_FOR and not self.connection.closed
        usable = (trusted and is_silent(self.connection.fileno())) or super().is_usable()
        if usable:
            self._answered_at = now
        return usable
