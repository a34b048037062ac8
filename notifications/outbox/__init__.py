"""The outbox: a row in the transaction of its cause, delivered after commit, settled once."""

from notifications.outbox.messages import (
    BATCH,
    CHUNK,
    DATABASE_DOWN,
    OPEN,
    Swept,
    deliver,
    enqueue,
    mail,
    one_line,
    ready,
    receiver,
    recheck,
    retry,
    sms,
    sweep,
)

__all__ = [
    "BATCH",
    "CHUNK",
    "DATABASE_DOWN",
    "OPEN",
    "Swept",
    "deliver",
    "enqueue",
    "mail",
    "one_line",
    "ready",
    "receiver",
    "recheck",
    "retry",
    "sms",
    "sweep",
]
