"""The outbox: a row in the transaction of its cause, delivered after commit, settled once."""

from notifications.outbox.delivery import register_check
from notifications.outbox.enqueueing import Swept, enqueue, sweep
from notifications.outbox.messages import OPEN, mail, receiver_digest, sms

__all__ = ["OPEN", "Swept", "enqueue", "mail", "receiver_digest", "register_check", "sms", "sweep"]
