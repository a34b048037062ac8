"""Metrics of the helpdesk: open tickets, the age of the oldest, and when the mailbox was last read."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from helpdesk.models import OPEN, MailboxRead, Ticket


def figures() -> Iterator[Metric]:
    """For ``idportal.web.health``."""
    tickets = GaugeMetricFamily("idportal_open_tickets", "Open tickets.", labels=["kind", "state"])
    open_ = Ticket.objects.filter(state__in=OPEN).order_by()
    found = list(open_.values_list("kind", "state").annotate(Count("pk"), Min("created_at")))
    counted = {(kind, state): count for kind, state, count, _ in found}
    for kind in Ticket.Kind:
        for state in OPEN:
            tickets.add_metric([kind, state], counted.get((kind, state), 0))
    yield tickets
    oldest = min((since for *_, since in found), default=None)
    words = "Seconds since the oldest open ticket came; 0 if none is open."
    yield GaugeMetricFamily(
        "idportal_open_ticket_oldest_seconds", words, (timezone.now() - oldest).total_seconds() if oldest else 0
    )
    if settings.HELPDESK_MAILBOX:
        last = MailboxRead.objects.values_list("at", flat=True).first()
        words = "When the helpdesk's mailbox was last read to its end, in seconds since 1970; 0: never."
        yield GaugeMetricFamily("idportal_mailbox_last_read_seconds", words, last.timestamp() if last else 0)
