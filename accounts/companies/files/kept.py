"""Keeps an administrator's file between the page that shows its changes and the click that loads it.

The file has people's numbers and addresses, and any web process may answer the second request. So it is encrypted in a
session row of its own, which lives for KEPT; only the administrator's session has its key. Not in the cache: without
Redis each process has its own, and Redis writes plain text to disk. Not in a hidden field: forms stay below 256 kB.
"""

from __future__ import annotations

import base64
import zlib
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from accounts.encryption import seal, unseal

KEPT = 30 * 60  # seconds: time to read the changes


def keep(session: SessionBase, about: str, data: bytes) -> None:
    """Keeps the file for this session in place of an earlier one of its kind."""
    drop(session, about)
    row = _rows()
    row["file"] = seal(base64.b64encode(zlib.compress(data)).decode())
    row.set_expiry(KEPT)
    row.create()
    session[_key(about)] = row.session_key


def kept(session: SessionBase, about: str) -> bytes | None:
    """The file, or None if it is gone."""
    key = session.get(_key(about))
    found = _rows(key).get("file") if key else None
    return zlib.decompress(base64.b64decode(unseal(found))) if found else None


def drop(session: SessionBase, about: str) -> None:
    """Forgets the file."""
    key = session.pop(_key(about), None)
    if key:
        _rows().delete(key)


def _key(about: str) -> str:
    return f"file_{about}"


def _rows(key: str | None = None) -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store
