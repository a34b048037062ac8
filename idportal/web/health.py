"""Pages for monitors and load balancers: liveness, readiness and metrics.

Figures (Prometheus' text format) count things and never name people. Each is read from the database at each request, so
that all web processes give the same.
"""

import logging
from collections.abc import Callable, Iterable, Iterator

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric

log = logging.getLogger("idportal.web.health")

Figures = Callable[[], Iterable[Metric]]
_probes: dict[str, Callable[[], None]] = {}
_figures: list[Figures] = []


def register(name: str, probe: Callable[[], None]) -> None:
    """Adds a part that the portal needs. The probe raises if the part is down."""
    _probes[name] = probe


def register_figures(figures: Figures) -> None:
    """Adds figures. Their names begin with ``idportal_``; a label never holds what a person typed."""
    _figures.append(figures)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    cache.set("health", "1", 10)
    if cache.get("health") != "1":
        raise RuntimeError("the cache forgets")


register("database", _database)
register("cache", _cache)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 if every part answers, else 503; the body names the parts, never why or where."""
    parts: dict[str, str] = {}
    for name, probe in _probes.items():
        try:
            probe()
            parts[name] = "ok"
        except Exception as error:  # any error means that the part is down
            log.warning("%s is not ready: %s", name, type(error).__name__)
            parts[name] = "unavailable"
    good = set(parts.values()) == {"ok"}
    return JsonResponse({"status": "ok" if good else "unavailable", "parts": parts}, status=200 if good else 503)


class _Everything(CollectorRegistry):
    def collect(self) -> Iterator[Metric]:
        for figures in _figures:
            yield from figures()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures. The reverse proxy lets only monitors in, as deploy/nginx does."""
    return HttpResponse(generate_latest(_Everything()), content_type=CONTENT_TYPE_LATEST)
