"""The directory: accounts, their passwords, their expiry. ``connect()`` gives the one of this process.

Everything outside this package imports from here, and sees no LDAP.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from accounts.directory.account import (
    Account,
    Directory,
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
from accounts.directory.dialect import CLOCKS_DIFFER, LdapDirectory
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
    "folded",
    "normal_unit",
    "reset",
    "units_of",
]

KINDS: dict[str, type[LdapDirectory]] = {"active_directory": ActiveDirectory, "openldap": OpenLdap}

_lock = threading.Lock()
_directory: LdapDirectory | None = None


def connect() -> Directory:
    """The directory that ``DIRECTORY_KIND`` and the other settings name, for any thread. Sends nothing yet.

    Raises :class:`DirectoryMisconfigured` if the settings cannot be meant.
    """
    global _directory  # noqa: PLW0603 - one directory a process, like Django's own connections
    with _lock:
        if _directory is None:
            if settings.DIRECTORY_KIND not in KINDS:
                raise DirectoryMisconfigured(f"DIRECTORY_KIND: none of {', '.join(KINDS)}")
            _directory = KINDS[settings.DIRECTORY_KIND](from_settings())
        return _directory


def reset() -> None:
    """Close what is open; the next :func:`connect` reads the settings again."""
    global _directory
    with _lock:
        old, _directory = _directory, None
    if old is not None:
        old.close()


def _forget_after_fork() -> None:
    """A worker process forked from one that had asked already begins anew, on connections of its own."""
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
