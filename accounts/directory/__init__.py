"""The directory: accounts, their passwords and expiry. Other packages import from here, and see no LDAP."""

from __future__ import annotations

import os
import threading
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from accounts.directory.account import (
    Account,
    DirectoryError,
    DirectoryMisconfigured,
    DirectoryUnavailable,
    Expiry,
    Lockout,
    PasswordChange,
    PasswordCheck,
    Span,
)
from accounts.directory.active_directory import ActiveDirectory
from accounts.directory.attributes import folded, normal_unit, units_of
from accounts.directory.config import from_settings
from accounts.directory.dialect import CLOCKS_DIFFER, Directory
from accounts.directory.openldap import OpenLdap

__all__ = [
    "CLOCKS_DIFFER",
    "Account",
    "Directory",
    "DirectoryError",
    "DirectoryMisconfigured",
    "DirectoryUnavailable",
    "Expiry",
    "Lockout",
    "PasswordChange",
    "PasswordCheck",
    "Span",
    "connect",
    "connect_staff",
    "folded",
    "normal_unit",
    "reset",
    "units_of",
]

KINDS: dict[str, type[Directory]] = {"active_directory": ActiveDirectory, "openldap": OpenLdap}

_lock = threading.Lock()
_directory: Directory | None = None


def connect() -> Directory:
    """The directory of the ``DIRECTORY_*`` settings: one a process, for any thread. Sends nothing yet.

    Raises :class:`DirectoryMisconfigured` if the settings are wrong.
    """
    global _directory  # noqa: PLW0603 - one directory a process, like Django's own connections
    with _lock:
        if _directory is None:
            if settings.DIRECTORY_KIND not in KINDS:
                raise DirectoryMisconfigured(f"DIRECTORY_KIND: none of {', '.join(KINDS)}")
            _directory = KINDS[settings.DIRECTORY_KIND](from_settings())
        return _directory


def connect_staff() -> Directory:
    """As :func:`connect`, for the portal's own staff: under ``DIRECTORY_STAFF_BASE``."""
    return connect().of_staff()


def reset() -> None:
    """Closes the connections. The next :func:`connect` reads the settings again."""
    global _directory
    with _lock:
        old, _directory = _directory, None
    if old is not None:
        old.close()


def _forget_after_fork() -> None:
    """In a forked worker: starts anew, with connections of its own."""
    global _directory, _lock  # noqa: PLW0603
    _lock = threading.Lock()
    if _directory is not None:
        _directory.forget()
        _directory = None


def _follow_settings(*, setting: str, **kwargs: Any) -> None:
    if setting in ("DEBUG", "HELPDESK_SMS_FACTOR") or setting.startswith("DIRECTORY_"):
        reset()


os.register_at_fork(after_in_child=_forget_after_fork)
setting_changed.connect(_follow_settings)
