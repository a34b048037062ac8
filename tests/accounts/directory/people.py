"""People outside the cast, their new passwords, and the days they have left."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.directory import Directory, PasswordChange
from deploy.local import cast

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def somebody(username: str = "lovprova01", **details: Any) -> cast.Person:
    """A person outside the cast, who has Stefan's details where nothing else is said."""
    return dataclasses.replace(cast.STEFAN, **{"username": username, "mail": "", **details})


def set_password(directory: Directory, account_id: str, password: str) -> PasswordChange:
    """As the portal does it: looks for the account, and changes only what it serves."""
    found = directory.served(account_id)
    return directory.set_password(found, password) if found else PasswordChange.NOT_ALLOWED


def day_of(moment: object) -> date:
    """The day in Stockholm on which a password runs out."""
    assert isinstance(moment, datetime)
    return moment.astimezone(STOCKHOLM).date()


def in_days(days: int) -> date:
    """The day in Stockholm that is so many days away."""
    return datetime.now(STOCKHOLM).date() + timedelta(days=days)
