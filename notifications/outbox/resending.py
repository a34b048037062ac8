"""The one way back for a settled message: an administrator fixes what was wrong and has it sent again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Event, User
from notifications.models import Message
from notifications.outbox.tasks import QueuedMessage, enqueue_tasks

USEFUL = timedelta(days=1)  # from then on

Status = Message.Status
SETTLED_WITHOUT_SUCCESS = (Status.REFUSED, Status.EXPIRED)


def resend(ids: Collection[int], *, actor: User, address: str | None = None) -> int:
    """Sends the messages that were refused or expired again, each with its event in the trail; returns how many.

    They go out after the commit, with the same Message-ID, and are tried for USEFUL. A message that was sent, is not
    settled or has no body any more stays as it is.
    """
    now = timezone.now()
    with transaction.atomic():
        found = Message.objects.select_for_update(of=("self",)).select_related("company").defer("to", "text", "html")
        # In the order of the keys, as all who lock several: two who do so wait for each other, but not in a circle.
        rows = list(found.filter(pk__in=ids, state__in=SETTLED_WITHOUT_SUCCESS, blanked_at=None).order_by("key"))
        people = {user.directory_id: user for user in User.objects.filter(directory_id__in={row.about for row in rows})}
        for row in rows:
            Message.objects.filter(pk=row.pk).update(
                state=Status.WAITING,
                attempts=0,
                perhaps_sent=0,
                next_try_at=now,
                queued_at=None,
                useful_until=now + USEFUL,
                settled_at=None,
            )
            about = row.company or people.get(row.about)
            audit.record(Event.MESSAGE_SENT_AGAIN, about, actor=actor, result=f"message {row.pk}", address=address)
        again = [QueuedMessage(row.pk, now, row.purpose) for row in rows]
        transaction.on_commit(lambda: enqueue_tasks(again), robust=True)
    return len(rows)
