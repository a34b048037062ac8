"""Sends SMS, as django.core.mail sends mail: a text to a number, through the first gateway that accepts it."""

import logging
import os
import threading
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

log = logging.getLogger("idportal.channels.sms")

GATEWAY_TIMEOUT = 5  # seconds for one gateway; a person waits for the code

PASSED_OVER_FOR = 60  # seconds, as a directory server that did not answer
# For each process apart, at the price of one timeout a minute: with Redis down, a cache would delay every code.
passed_over_until: dict[str, float] = {}

# GSM 03.38, the basic alphabet: 160 of these are one message. Any other character makes it UCS-2, 70 to a message.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_ESCAPED = frozenset("\f^{}\\[~]|€")  # two septets each
SEGMENT = 160  # septets

_REFUSED = "it refused the message"
_NO_ANSWER = f"no answer within {GATEWAY_TIMEOUT} seconds"


class SmsError(Exception):
    """No gateway took the message; the same message may go through later (``retry``).

    ``perhaps_sent``: a gateway gave no answer in time, and may have sent the message all the same.
    """

    retry = True

    def __init__(self, message: str, *, perhaps_sent: bool = False) -> None:
        super().__init__(message)
        self.perhaps_sent = perhaps_sent


def septets(text: str) -> int | None:
    """The length in GSM 7-bit septets, or None if the text needs another alphabet."""
    if not set(text) <= _GSM7 | _GSM7_ESCAPED:
        return None
    return sum(2 if character in _GSM7_ESCAPED else 1 for character in text)


def fits(text: str) -> bool:
    """Whether it is one message."""
    length = septets(text)
    return length is not None and length <= SEGMENT


def gsm7(name: str) -> str:
    """The name in the alphabet of an SMS, which has few accents; "" if it can't be written so."""
    text = "".join(each if septets(each) else unicodedata.normalize("NFKD", each)[0] for each in name)
    return text if septets(text) else ""


def send(number: str, text: str) -> str:
    """Send ``text`` to ``number`` (E.164) through SMS_GATEWAYS in order; returns the gateway's name.

    At most GATEWAY_TIMEOUT seconds a gateway. One that hung or failed is passed over for PASSED_OVER_FOR seconds: it is
    tried only if no other takes the message. Raises SmsError if none takes it, ValueError if the text is more than one
    GSM-7 segment.
    """
    if not fits(text):
        raise ValueError("An SMS must be one GSM-7 segment.")
    reasons: list[str] = []
    gateways = enumerate(settings.SMS_GATEWAYS, start=1)
    for place, url in sorted(gateways, key=lambda gateway: passed_over_until.get(gateway[1], 0.0) > monotonic()):
        name = f"{place} ({url.split(':', 1)[0]})"  # not the host: in many Apprise URLs that is where the key stands
        reason = _try(url, number, text)
        if reason is None:
            passed_over_until.pop(url, None)
            log.info("SMS taken by gateway %s", name)
            return name
        passed_over_until[url] = monotonic() + PASSED_OVER_FOR
        log.warning("SMS gateway %s failed: %s", name, reason)
        reasons.append(reason)
    words = "No SMS gateway took the message." if reasons else "SMS_GATEWAYS is empty."
    raise SmsError(words, perhaps_sent=_NO_ANSWER in reasons)


def _try(url: str, number: str, text: str) -> str | None:
    """Returns None if the gateway took the message, else the reason."""

    def attempt() -> str | None:
        try:
            return _to_folder(url, number, text) if url.startswith("file:") else _to_apprise(url, number, text)
        except Exception as error:  # a plugin may raise anything; the next gateway gets its turn
            return f"it raised {type(error).__name__}"

    # The socket limits of a plugin don't bound name look-ups, redirects, or an answer that trickles.
    try:
        attempts, results = thread = _idle.pop()
    except IndexError:
        attempts, results = thread = _Thread(SimpleQueue(), SimpleQueue())
        threading.Thread(target=_serve, args=thread, name="sms", daemon=True).start()
    attempts.put(attempt)
    try:
        result = results.get(timeout=GATEWAY_TIMEOUT)
    except Empty:
        attempts.put(None)  # it may be busy for ever, and ends when it is not
        return _NO_ANSWER
    _idle.append(thread)
    return result


class _Thread(NamedTuple):
    """One that makes an attempt after the other. Those of an executor would keep a process from ending."""

    attempts: "SimpleQueue[Callable[[], str | None] | None]"
    results: "SimpleQueue[str | None]"


_idle: list[_Thread] = []
os.register_at_fork(after_in_child=_idle.clear)  # they stay behind


def _serve(attempts: "SimpleQueue[Callable[[], str | None] | None]", results: "SimpleQueue[str | None]") -> None:
    while attempt := attempts.get():
        results.put(attempt())
        del attempt  # a code is not kept until the next one


def _to_apprise(url: str, number: str, text: str) -> str | None:
    from apprise import NotifyType

    plugin = _plugin(url.replace("{to}", quote(number, safe="")))
    if plugin is None:
        return "Apprise can't read its URL"
    # To read longer than _try waits: an answer that nobody waits for any more is no refusal.
    plugin.socket_connect_timeout, plugin.socket_read_timeout = float(GATEWAY_TIMEOUT), GATEWAY_TIMEOUT + 1.0
    return None if plugin.notify(body=text, title="", notify_type=NotifyType.INFO) else _REFUSED


def _plugin(url: str) -> Any:
    """Apprise's plugin for a URL; None if it has none. Apprise is imported here, since most processes send no SMS."""
    if urlsplit(url).scheme in ("json", "jsons"):  # by itself: all hundred plugins take 11 MB of each process
        from apprise.plugins.custom_json import NotifyJSON

        plugin: Any = NotifyJSON  # it has no types
        known = plugin.parse_url(url)
        return plugin(**known) if known else None
    from apprise import Apprise

    return Apprise.instantiate(url)


def load() -> None:
    """Loads what SMS_GATEWAYS need, which else comes with the first message."""
    for url in settings.SMS_GATEWAYS:
        if not url.startswith("file:"):
            _plugin(url)


def _to_folder(url: str, number: str, text: str) -> str | None:
    folder = Path(unquote(urlsplit(url).path))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{number.removeprefix('+')}.txt"
    unfinished = folder / f".{name}"
    unfinished.touch(mode=0o600, exist_ok=False)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(folder / name)  # a program that watches the folder never sees half a message
    return None
