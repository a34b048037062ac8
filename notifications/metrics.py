"""Metrics of the outbox and of the daily mail."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from notifications.models import DigestRun, Message

RECENT = timedelta(hours=1)


def figures() -> Iterator[Metric]:
    """For ``idportal.web.health``."""
    words = "Messages in the outbox; of those that were sent, the last hour's."
    messages = GaugeMetricFamily("idportal_outbox_messages", words, labels=["kind", "state"])
    others = [state for state in Message.Status if state != Message.Status.SENT]
    sent = Q(state=Message.Status.SENT, settled_at__gt=timezone.now() - RECENT)  # of 18 months there are millions
    some = Message.objects.filter(Q(state__in=others) | sent).order_by().values_list("kind", "state")
    counted = {(kind, state): count for kind, state, count in some.annotate(Count("pk"))}
    for kind in Message.Channel:
        for state in Message.Status:
            messages.add_metric([kind, state], counted.get((kind, state), 0))
    yield messages
    now = timezone.now()
    due = Q(state=Message.Status.WAITING, next_try_at__lte=now) | Q(state=Message.Status.SENDING)
    oldest = Message.objects.filter(due).aggregate(Min("created_at"))["created_at__min"]
    words = "Seconds since the oldest message that is due was made; 0 if none is."
    yield GaugeMetricFamily("idportal_outbox_oldest_seconds", words, (now - oldest).total_seconds() if oldest else 0)
    day = DigestRun.objects.filter(completed_at__isnull=False).aggregate(Max("day"))["day__max"]
    at = datetime.combine(day, time(), UTC).timestamp() if day else 0
    yield GaugeMetricFamily(
        "idportal_digest_last_day_seconds", "The last day with a completed run, as its UTC midnight.", at
    )
