"""What a monitor may know of the requests: how many of each kind are open, and for how long the oldest has been."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from helpdesk.models import OPEN, Request


def figures() -> Iterator[Metric]:
    """For ``idportal.metrics``."""
    requests = GaugeMetricFamily("idportal_open_requests", "Open requests.", labels=["kind", "state"])
    open_ = Request.objects.filter(state__in=OPEN).order_by()
    found = list(open_.values_list("kind", "state").annotate(Count("pk"), Min("created_at")))
    counted = {(kind, state): count for kind, state, count, _ in found}
    for kind in Request.Kind:
        for state in OPEN:
            requests.add_metric([kind, state], counted.get((kind, state), 0))
    yield requests
    oldest = min((since for *_, since in found), default=None)
    words = "Seconds since the oldest open request came; 0 if none is open."
    yield GaugeMetricFamily(
        "idportal_open_request_oldest_seconds", words, (timezone.now() - oldest).total_seconds() if oldest else 0
    )
