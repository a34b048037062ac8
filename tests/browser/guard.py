"""What no page may ever do: break its Content-Security-Policy, log an error, or ask another host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")


class Guard:
    """Listens to everything that happens in a browser context, from its first page on.

    Chromium reports a violation of the policy as an error in the console, also where JavaScript is switched off.
    It reports an answer of 400 and more there, too: a test that means to see one says so with ``expect``.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.host = urlsplit(url).netloc
        self.expected: set[int] = set()
        self.complaints: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def expect(self, status: int) -> None:
        """Answers with this status are no complaint from now on."""
        self.expected.add(status)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        answered = _STATUS.search(message.text)
        if answered is None or int(answered[1]) not in self.expected:
            self.complaints.append(f"{message.type} in the console: {message.text}")

    def _error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught in a script: {error.error}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("blob", "about") and address.netloc != self.host:
            self.complaints.append(f"asked another host: {request.url[:200]}")
