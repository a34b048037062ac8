"""What happened to people, for whoever must tell them. Sent inside the transaction of the change itself.

``notifications.notices`` listens: what it queues comes with the change or not at all, and is sent after the commit.

phone_registered: a first number. Arguments: ``user`` (User), ``account`` (Account), ``number`` (E.164).
phone_replaced: another number. Also ``old_number`` (E.164), which is told (security.md G2).
password_reset: a new password is in the directory. Arguments: ``user``, ``account``, ``number`` (R4).
"""

from django.dispatch import Signal

phone_registered = Signal()
phone_replaced = Signal()
password_reset = Signal()
