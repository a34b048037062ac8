"""The one way back for a message that is settled: an administrator has mended what was wrong, and has it sent again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Event, User
from notifications.models import Message
from notifications.outbox.enqueueing import QueuedMessage, enqueue_tasks

USEFUL = timedelta(days=1)  # from then on: somebody is at it now, and what it tells is not getting newer

State = Message.Status
SETTLED_WITHOUT_SUCCESS = (State.REFUSED, State.EXPIRED)


def resend(ids: Collection[int], *, actor: User, address: str | None = None) -> int:
    """Those of these messages that were refused, or too late, wait anew, each with its event in the trail.

    They go out after the commit, with the Message-ID that they have, and are tried for USEFUL. What was sent, what is
    not settled and what has no body any more stays as it is. Returns how many wait.
    """
    now = timezone.now()
    with transaction.atomic():
        found = Message.objects.select_for_update(of=("self",)).select_related("company").defer("to", "text", "html")
        # In the order of the keys, as all who lock several: two who do so wait for each other, but not in a circle.
        rows = list(found.filter(pk__in=ids, state__in=SETTLED_WITHOUT_SUCCESS, blanked_at=None).order_by("key"))
        people = {user.directory_id: user for user in User.objects.filter(directory_id__in={row.about for row in rows})}
        for row in rows:
            Message.objects.filter(pk=row.pk).update(
                state=State.WAITING,
                attempts=0,
                perhaps_sent=0,
                next_try_at=now,
                queued_at=None,
                useful_until=now + USEFUL,
                settled_at=None,
            )
            about = row.company or people.get(row.about)
            audit.record(Event.MESSAGE_SENT_AGAIN, about, actor=actor, result=f"message {row.pk}", address=address)
        again = [QueuedMessage(row.pk, now, row.purpose, State.WAITING) for row in rows]
        transaction.on_commit(lambda: enqueue_tasks(again), robust=True)
    return len(rows)
