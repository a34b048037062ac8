"""What each message asks of the outbox and notes there, in SQL. Tables, columns and locks are those of the model."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from idportal.runtime.written_sql import Shape, change, rows
from notifications.models import OPEN, Message

_MESSAGE = Shape(Message)


def claim(ids: Sequence[int], claim: UUID, now: datetime, lease: datetime) -> list[Message]:
    """Takes the messages that are due and that no other worker has, until a time, and reads them as they are then.

    What was being sent when its worker went may have gone out.
    """
    sql = f"""
        UPDATE notifications_message
        SET claim = %s, next_try_at = %s, state = 'sending', queued_at = NULL, attempts = attempts + 1,
            perhaps_sent = perhaps_sent + CASE WHEN state = 'sending' THEN 1 ELSE 0 END
        WHERE id IN ({", ".join(["%s"] * len(ids))}) AND state IN (%s, %s) AND next_try_at <= %s
        RETURNING {_MESSAGE.columns}"""  # noqa: S608  of names and marks alone
    values = [claim, lease, *ids, *map(str, OPEN), now]
    return [message for row in rows(sql, values) if (message := _MESSAGE.of(row)[0])]


def note(message: Message) -> bool:
    """Writes what became of a message; False, and nothing is written, if another worker has taken it over."""
    sql = """
        UPDATE notifications_message
        SET state = %s, next_try_at = %s, settled_at = %s, perhaps_sent = %s, error = %s, claim = NULL, queued_at = NULL
        WHERE id = %s AND state = 'sending' AND claim = %s"""
    noted = [str(message.state), message.next_try_at, message.settled_at, message.perhaps_sent, message.error]
    return change(sql, [*noted, message.pk, message.claim]) == 1
