"""The outbox: a row in the transaction of its cause, delivered after commit, settled once."""

from notifications.outbox.messages import (
    BATCH,
    CHUNK,
    DATABASE_DOWN,
    OPEN,
    Swept,
    deliver,
    look_again,
    mail,
    one_line,
    queue,
    ready,
    receiver,
    sms,
    sweep,
    try_again,
)

__all__ = [
    "BATCH",
    "CHUNK",
    "DATABASE_DOWN",
    "OPEN",
    "Swept",
    "deliver",
    "look_again",
    "mail",
    "one_line",
    "queue",
    "ready",
    "receiver",
    "sms",
    "sweep",
    "try_again",
]
