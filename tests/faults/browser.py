"""A person's browser, at nginx's door: cookies, forms, redirects, and what the page says."""

from __future__ import annotations

import html
import http.client
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

PATIENCE = 65.0  # seconds; nginx gives up after 60
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_ERRORS = re.compile(r'<ul class="notice__list"[^>]*>(.*?)</ul>', re.DOTALL)
_TAGS = re.compile(r"<[^>]+>")
MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Page:
    """``status`` is 0 if there was no answer. ``words``: the heading, and what is wrong with the form."""

    status: int
    path: str
    words: str
    errors: str = ""

    def __str__(self) -> str:
        return f"{self.status or 'no answer'} {self.errors or self.words}".strip()


def page_of(status: int, path: str, text: str) -> Page:
    """What a person reads of this HTML."""
    heading, errors = _HEADING.search(text), _ERRORS.search(text)
    return Page(status, path, _plain(heading), _plain(errors))


class Browser:
    """``address`` is where on loopback this person is."""

    def __init__(self, port: int, host: str, ca_file: Path, address: str) -> None:
        self._port, self._host, self._address = port, host, address
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._cookies: dict[str, str] = {}
        self._token = ""

    def get(self, path: str) -> Page:
        return self._follow("GET", path)

    def post(self, path: str, **fields: str) -> Page:
        """Fills in the form of the page that was shown last."""
        return self._follow("POST", path, urlencode({"csrfmiddlewaretoken": self._token, **fields}))

    def _follow(self, method: str, path: str, body: str | None = None) -> Page:
        for _ in range(MOST_REDIRECTS):
            try:
                status, location, text = self._ask(method, path, body)
            except (OSError, http.client.HTTPException):
                return Page(0, path, "")
            if status not in (301, 302, 303):
                if token := _TOKEN.search(text):
                    self._token = token[1]
                return page_of(status, path, text)
            method, body, path = "GET", None, urlsplit(location).path
        return Page(status, path, "redirects without end")

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE)
        wire = socket.create_connection(("127.0.0.1", self._port), PATIENCE, (self._address, 0))
        connection.sock = self._context.wrap_socket(wire, server_hostname=self._host)
        headers = {"Host": self._host, "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{self._host}"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            return answer.status, answer.headers.get("Location", ""), answer.read().decode(errors="replace")
        finally:
            connection.close()


def _plain(found: re.Match[str] | None) -> str:
    return " ".join(html.unescape(_TAGS.sub(" ", found[1])).split()) if found else ""
