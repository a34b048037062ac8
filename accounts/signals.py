"""What happened to people, for whoever must tell them. Sent inside the transaction of the change itself.

``notifications.notices`` listens: what it queues comes with the change or not at all, and is sent after the commit.

phone_registered: a first number. Arguments: ``user`` (User), ``account`` (Account), ``number`` (E.164).
phone_replaced: another number. Also ``old_numbers`` (E.164), which are told (security.md G2): the one on file, and
during the hold of a link the one from before it.
password_reset: a new password is in the directory. Arguments: ``user``, ``account``, ``number`` (R4).

phone_linked: the helpdesk linked a number. ``user``, ``account``, ``link`` (PhoneLink), ``orderer`` (Orderer), and
``stops``: by PhoneLink.Told, the address at which each of those who are told can stop it (H4).
phone_link_stopped: one of them did. ``user``, ``link``, ``account`` (None if the directory did not say); the number of
before is on file again, or none.
phone_removed: the helpdesk took the number away. ``user``, ``account``, and ``reference``: the number of the request in
which it says why.

address_bounced: mail to an address came back, or was refused for good. ``address``, ``count`` (how many times by now),
``reason`` (the mail server's words, masked). ``helpdesk`` listens, which has somebody find another recipient.

Of staff, with ``user`` and ``account``, which is None if the directory did not say (a change is not undone for that):

second_factor_added: an app was connected, or recovery codes were made. Also ``what``: "app" or "recovery codes".
second_factor_removed: both were taken away.
second_factor_attacked: wrong codes after the right password, FACTOR_FAILURES_TOLD in a row, or all that a day has room
for. Also ``kind`` (FailedTry.Secret) of the last one, and ``stopped``: its day's room is used up. Sent robustly.
"""

from django.dispatch import Signal

phone_registered = Signal()
phone_replaced = Signal()
password_reset = Signal()
phone_linked = Signal()
phone_link_stopped = Signal()
phone_removed = Signal()
address_bounced = Signal()
second_factor_added = Signal()
second_factor_removed = Signal()
second_factor_attacked = Signal()
