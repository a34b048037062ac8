"""What gunicorn serves in tests/test_one_by_one.py: requests that wait for another one, and that note who was there."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

PATIENCE = 20.0  # seconds for another request

_released = threading.Event()
_lock = threading.Lock()
_at_work: list[float] = []
_places = itertools.count()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    text = _ANSWERS[environ["PATH_INFO"]]().encode()
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]


def _wait() -> str:
    return "released" if _released.wait(PATIENCE) else "nobody came"


def _release() -> str:
    _released.set()
    return "released"


def _work(seconds: float) -> str:
    """How many others were at work when it began."""
    with _lock:
        others = len(_at_work)
        _at_work.append(seconds)
    time.sleep(seconds)
    with _lock:
        _at_work.remove(seconds)
    return str(others)


def _place() -> str:
    """How many had begun before it. It takes nearly as long as the others have patience."""
    place = next(_places)
    time.sleep(0.04)
    return str(place)


_ANSWERS: dict[str, Callable[[], str]] = {
    "/wait": _wait,
    "/release": _release,
    "/short": lambda: _work(0.002),
    "/long": lambda: _work(0.3),
    "/aterstall/": _place,  # sends an SMS, if it is posted
}
