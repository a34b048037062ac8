"""The signals by which accounts announces changes. Sent inside the transaction of the change.

``notifications.notices`` listens and queues a notice, which comes with the change or not at all, and is sent after the
commit. All signals about accounts have ``user`` (User) and ``account`` (Account).

phone_registered: a first number. ``number`` (E.164).
phone_replaced: another number. ``number``, and ``old_numbers`` (E.164), which are told (security.md G2): the one on
file, and during a hold the one from before it. ``link`` (PhoneLink) if the new number is on hold, and ``stops``: by
PhoneLink.Told, the address at which each receiver can stop it (G6); else None and {}.
password_reset: a new password is in the directory. ``number`` (R4).

phone_linked: the helpdesk linked a number. ``link`` (PhoneLink), ``orderer`` (Orderer), ``stops``: by PhoneLink.Told,
the address at which each receiver can stop it (H4), and ``removed_numbers`` (E.164), which are told, and can't (H8).
phone_link_stopped: a receiver stopped it; the number from before is on file again, or none. ``link``, also of an
owner's own change; ``account`` is None if the directory did not answer.
phone_removed: the helpdesk removed the number. ``reference``: the number of the ticket that holds the reason.

Of the registers:

orderer_contact_changed: an orderer has another mobile or address, or is new. ``orderer`` (Orderer), and ``before``: as
the orderer was, or None (H9). Not for those whom a command adds.
orderer_joined: ``orderer`` may order for these ``companies`` (Company), and could not before.
recipients_changed: an administrator or a file changed the recipients of ``company``. ``before`` (Recipients).

address_bounced: mail to an address came back, or was refused for good. ``address``, ``count`` (how many times by now),
``reason`` (the mail server's words, masked). ``helpdesk`` listens and opens a ticket.

logins_failing: more log-ins have failed in ten minutes than ``usual`` (D4). About no account; once an hour at most.

Of staff; ``account`` is None if the directory did not answer, which undoes no change. Those with ``administrators``
(Accounts; none if the directory did not answer) are told to them too (A1):

enrolment_code_issued: an administrator, or the shell, let the user connect a second factor.
enrolment_stopped: the code is dead after wrong ones. ``administrators``. Sent robustly.
second_factor_added: an app was connected, a passkey kept, or recovery codes were made. ``what``: "app", "passkey" or
"recovery codes"; ``administrators``: none for recovery codes.
second_factor_removed: all of them were removed; with ``what`` "passkey", one of the person's own. ``administrators``.
signed_in_anew: a sign-in from a browser that the user has not used before. ``browser``: which one, in words;
``administrators``.
second_factor_attacked: wrong codes after the right password, FACTOR_FAILURES_TOLD in a row, or the last that a day
allows. ``kind`` (FailedTry.Secret) of the last one, and ``stopped``: the day's limit is reached. Sent robustly.
"""

from django.dispatch import Signal

phone_registered = Signal()
phone_replaced = Signal()
password_reset = Signal()
phone_linked = Signal()
phone_link_stopped = Signal()
phone_removed = Signal()
orderer_contact_changed = Signal()
orderer_joined = Signal()
recipients_changed = Signal()
address_bounced = Signal()
logins_failing = Signal()
enrolment_code_issued = Signal()
enrolment_stopped = Signal()
second_factor_added = Signal()
second_factor_removed = Signal()
second_factor_attacked = Signal()
signed_in_anew = Signal()
