"""The directory: accounts, their passwords and expiry. Other packages import from here and never meet LDAP."""

import os
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
    OutcomeUnknown,
    PasswordChange,
    PasswordCheck,
)
from accounts.directory.dialects.active_directory import ActiveDirectory
from accounts.directory.dialects.dialect import CLOCKS_DIFFER, Directory, Served
from accounts.directory.dialects.openldap import OpenLdap
from accounts.directory.ldap_client.answers import converted, full_steps
from accounts.directory.ldap_client.conditions import folded, normal_unit, units_of
from accounts.directory.ldap_client.pool import translated

KINDS: dict[str, type[Directory]] = {kind.kind: kind for kind in (ActiveDirectory, OpenLdap)}

_made: list[Directory] = []  # one a process
_parents: list[Directory] = []


def connect() -> Directory:
    """The directory of the ``DIRECTORY_*`` settings, for any thread. Sends nothing yet.

    Raises :class:`DirectoryMisconfigured` if the settings are wrong.
    """
    if not _made:
        if settings.DIRECTORY_KIND not in KINDS:
            raise DirectoryMisconfigured(f"DIRECTORY_KIND: none of {', '.join(KINDS)}")
        _made.append(KINDS[settings.DIRECTORY_KIND]())
    return _made[0]


def connect_staff() -> Directory:
    """As :func:`connect`, for the portal's own staff: under ``DIRECTORY_STAFF_BASE``."""
    return connect().of_staff()


def reset() -> None:
    """Closes the connections. The next :func:`connect` reads the settings again."""
    while _made:
        _made.pop().close()


def _forget_after_fork() -> None:
    """In a forked worker: starts anew. Keeps the parent's directory: garbage collection would end its connections."""
    _parents.extend(_made)
    _made.clear()


def _follow_settings(*, setting: str, **kwargs: Any) -> None:
    if setting == "DEBUG" or setting.startswith("DIRECTORY_"):
        reset()


os.register_at_fork(after_in_child=_forget_after_fork)
setting_changed.connect(_follow_settings)
