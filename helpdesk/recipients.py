"""Changing whom the daily mail goes to: approved, then confirmed by mail by each new address (security.md H6)."""

from __future__ import annotations

from accounts.models import Company, User
from helpdesk.models import Confirmation, Request


def begin(request: Request, agent: User, address: str | None) -> None:
    """Asks each new address to confirm; those that are recipients already and stay need not.

    In the caller's transaction, with the request locked. Once the first new one has confirmed, those who are not
    wanted any more leave; with no new ones at all they leave at once. They are told now. Earlier changes of the company
    that still wait for somebody are ended.
    """
    raise NotImplementedError


def waiting(company: Company) -> list[Confirmation]:
    """Who has been asked and has not answered yet."""
    raise NotImplementedError


def find(token: str) -> Confirmation | None:
    """What a link is about, while it can still be confirmed."""
    raise NotImplementedError


def confirm(token: str, address: str | None) -> Confirmation | None:
    """Makes the address count. None: the link is unknown, too old, overtaken, or used."""
    raise NotImplementedError
