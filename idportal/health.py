"""Health pages for monitors and load balancers: does the process run, and can it serve?"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

log = logging.getLogger("idportal.health")

Probe = Callable[[], None]
_probes: dict[str, Probe] = {}


def register(name: str, probe: Probe) -> None:
    """Adds a part that the portal needs. The probe raises if the part is down."""
    _probes[name] = probe


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
    parts = {name: _state(name, probe) for name, probe in _probes.items()}
    good = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ok" if good else "unavailable", "parts": parts}, status=200 if good else 503)


def _state(name: str, probe: Probe) -> str:
    try:
        probe()
    except Exception as error:  # any error means that the part is down
        log.warning("%s is not ready: %s", name, type(error).__name__)
        return "unavailable"
    return "ok"
