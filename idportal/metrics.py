"""Figures for a monitor, in Prometheus' text format. They count things and never name people.

Each figure is read from the database at each request, so that all web processes give the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

Source = Callable[[], Iterable[Metric]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Adds figures. Their names begin with ``idportal_``; a label never holds what a person typed."""
    _sources.append(source)


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        for source in _sources:
            yield from source()

    def describe(self) -> Iterator[Metric]:
        """Nothing, since describing the figures would read them."""
        return iter(())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures. The reverse proxy lets only monitors in, as deploy/nginx does."""
    registry = CollectorRegistry()
    registry.register(_Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
