"""The file of an administrator, between the page that shows what it changes and the press of the button.

It holds numbers and addresses of people, and any web process may answer the second request. So it lies in the
database: encrypted, in a session row of its own that is no longer than KEPT good for anything, that ``purge`` deletes
like all others, and that this administrator's session alone knows of. The cache would not do: without Redis each
process has its own, and Redis writes to disk as it is. A hidden field would not do: forms stay below 256 kB.
"""

from __future__ import annotations

import base64
import zlib
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from accounts.encryption import seal, unseal

KEPT = 30 * 60  # seconds: to read through what changes


def keep(session: SessionBase, about: str, data: bytes) -> None:
    """Keeps the file for this session; what was kept of the same kind before is dropped."""
    drop(session, about)
    row = _rows()
    row["file"] = seal(base64.b64encode(zlib.compress(data)).decode())
    row.set_expiry(KEPT)
    row.create()
    session[_key(about)] = row.session_key


def kept(session: SessionBase, about: str) -> bytes | None:
    """The file, or None if there is none any more."""
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
