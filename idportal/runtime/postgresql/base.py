"""Django's PostgreSQL backend, but no statement is waited for without an end.

Whether a connection that was just used still works, its socket tells.
"""

import time
from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from idportal.channels.deadline import is_silent

# Seconds. A server that lost its power closes nothing; after such a pause it has to answer a statement.
TRUSTED_FOR = 30.0

# Seconds for one statement. The server ends it itself after `statement_timeout` (idportal.settings), which is less.
ANSWER_TIMEOUT = 70.0


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up on a server that says nothing while its machine still answers, which no keepalive notices."""

    def wait(self, gen: Any, *arguments: Any, **more: Any) -> Any:
        """As psycopg's, which waits in turns of a tenth of a second, but not beyond ANSWER_TIMEOUT."""
        return super().wait(self._until_the_end(gen), *arguments, **more)

    def _until_the_end(self, steps: Any) -> Any:
        """The same steps. What is sent to them is what the socket is ready for: nothing, after a turn in vain."""
        end = time.monotonic() + ANSWER_TIMEOUT
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > end:
                    self.close()  # an answer that came later would be taken for that to the next statement
                    raise psycopg.OperationalError(f"the database was silent for {ANSWER_TIMEOUT:.0f} s")
                wanted = steps.send(ready)
        except StopIteration as done:
            return done.value


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks ``is_usable`` at the first statement of each request, since it has CONN_HEALTH_CHECKS."""

    # The driver, of which Django calls `connect` and catches the errors.
    Database = SimpleNamespace(**vars(psycopg) | {"connect": BoundedConnection.connect})  # type: ignore[assignment]

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
