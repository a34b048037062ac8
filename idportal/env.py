"""Reads the process's configuration from the environment. Knows nothing of what the settings mean.

By hand: django-environ ignores an empty NAME_FILE, silently prefers NAME_FILE to NAME, reads any unknown word as "off",
and separates lists by commas alone.
"""

import ipaddress
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The value of ``NAME``, or the content of the file that ``NAME_FILE`` names, without its last newline.

    Raises ImproperlyConfigured if both are set, or if the file can't be read.
    """
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and path is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Keep one of them.")
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE can't be read ({error}). Name a readable text file.") from error
    return default if value is None else value


def words(name: str, default: str = "") -> list[str]:
    """A list, separated by spaces or commas."""
    return [word for word in re.split(r"[\s,]+", text(name, default)) if word]


def flag(name: str, *, default: bool = False) -> bool:
    """A switch: 1, true, yes, on or 0, false, no, off in any case; empty counts as unset."""
    value = text(name).strip().lower()
    if value not in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ImproperlyConfigured(f"{name} is {value!r}. Write 1 or 0.")
    return value in ("1", "true", "yes", "on") if value else default


def number(name: str, default: int) -> int:
    """A whole number, zero or more."""
    value = text(name).strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ImproperlyConfigured(f"{name} is {value!r}. Write a whole number.")
    return int(value)


def numbers(name: str, default: str) -> list[int]:
    """A list of whole numbers, zero or more."""
    found = words(name, default)
    if wrong := [word for word in found if not re.fullmatch(r"[0-9]{1,9}", word)]:
        raise ImproperlyConfigured(f"{name} holds {wrong[0]!r}. Write whole numbers, separated by spaces or commas.")
    return [int(word) for word in found]


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine: an address of the loopback range, localhost, or a name below it."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 6.3


def is_site(url: str) -> bool:
    """Whether a URL is a site's: scheme, host and perhaps a port, without a path."""
    parts = urlsplit(url)
    try:
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and parts.scheme in ("http", "https") and url == f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def beside(url: str, host: str) -> str:
    """The site of ``host``, with the scheme and the port of ``url``; a port in ``host`` wins."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port and ":" not in host else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}"
