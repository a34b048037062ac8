"""Plain HTTP gateways, ``json://`` and ``jsons://``: Apprise reads the URL once, and connections are kept.

The gateway gets, byte for byte, what Apprise's own plugin would send. That plugin alone is loaded: the other hundred
take 12 MB.
"""

import json
from collections import deque
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any

import requests
from apprise.plugins.custom_json import NotifyJSON
from requests.adapters import HTTPAdapter

# In place of a number's digits, which look alike in every encoding but base64, and of a text.
_DIGITS, _TEXT = "019283746501928", "text-of-the-message"

# Seconds without a message. What the gateway has closed is seen in time; what it closes just as a message comes looks
# like a refusal. Many close a connection after 5.
KEPT_FOR = 3.0


class Gateway:
    """Sends one request with other numbers and texts, from any thread."""

    def __init__(self, request: Any, *, follows: bool, **options: Any) -> None:
        """``follows``: whether it goes where an answer leads."""
        self._request, self._follows, self._options = request, follows, options
        # In the order of their last use. Each has one message at a time. Without a session, which would look for
        # cookies and hooks: half of the time.
        self._kept: deque[tuple[float, HTTPAdapter]] = deque(maxlen=8)

    def send(self, number: str, text: str, timeout: tuple[float, float]) -> bool:
        """Whether the gateway took the text. ``number`` is E.164; ``timeout``: seconds to connect, and to read."""
        digits, request = number.removeprefix("+"), self._request.copy()
        request.url = request.url.replace(_DIGITS, digits)
        request.body = request.body.replace(_DIGITS, digits).replace(_TEXT, json.dumps(text.rstrip())[1:-1])
        for name, value in request.headers.items():
            request.headers[name] = value.replace(_DIGITS, digits)
        request.headers["Content-Length"] = str(len(request.body))
        adapter, options = self._adapter(), {"timeout": timeout, **self._options}
        with suppress(requests.RequestException):
            answers = [adapter.send(request, **options)]
            if self._follows and answers[0].is_redirect:
                answers += requests.Session().resolve_redirects(answers[0], request, **options)
            for answer in answers:
                answer.content  # noqa: B018  is read here, and the connection free again
            self._kept.append((monotonic(), adapter))
            return answers[-1].status_code in range(200, 300)
        return False

    def _adapter(self) -> HTTPAdapter:
        with suppress(IndexError):
            used, adapter = self._kept.pop()
            if monotonic() - used < KEPT_FOR:
                return adapter
            self._kept.clear()
        return HTTPAdapter()


@lru_cache
def read(url: str) -> Gateway | None:
    """The gateway with this URL; None if Apprise has to make each request by itself."""
    reader: Any = NotifyJSON
    known = reader.parse_url(url.replace("{to}", f"%2B{_DIGITS}").replace("/#", "/%23"))  # as Apprise does
    if not known or known["schema"] not in ("json", "jsons"):
        return None
    plugin = reader(**known)
    payload = {"version": plugin.json_version, "title": "", "message": _TEXT, "attachments": [], "type": "info"}
    for key, value in plugin.payload_extras.items():
        if key not in payload:
            payload[key] = value
        else:  # another name for it, or none
            payload[value or key] = payload[key]
            del payload[key]
    port = f":{plugin.port}" if isinstance(plugin.port, int) else ""
    request = requests.Request(
        plugin.method,
        f"{'https' if plugin.secure else 'http'}://{plugin.host}{port}{plugin.fullpath}",
        headers={"User-Agent": plugin.app_id, "Content-Type": "application/json", **plugin.headers},
        data=json.dumps(payload),
        params=plugin.params,
        auth=(plugin.user, plugin.password) if plugin.user else None,
    )
    session = requests.Session()
    with suppress(requests.RequestException):
        made: Any = session.prepare_request(request)
        options = session.merge_environment_settings(made.url, {}, None, plugin.verify_certificate, None)
        places = "\n".join([made.url, made.body, *made.headers.values()])
        if (places.count(_DIGITS), places.count(_TEXT)) == (url.count("{to}"), 1):
            return Gateway(made, follows=plugin.redirects, **options)
    return None
