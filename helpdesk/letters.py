"""What an orderer is told of a request by mail. All of it is queued in the caller's transaction."""

from __future__ import annotations

from helpdesk.models import Request


def opened(request: Request) -> None:
    """A request that did not come from the orderer's own pages: they are told that it was made in their name."""
    raise NotImplementedError


def decided(request: Request, why: str = "") -> None:
    """Approved and carried out, or rejected with the reason."""
    raise NotImplementedError
