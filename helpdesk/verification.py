"""Making sure that who asks is the orderer, before a number is linked (security.md H1, H2).

A code to the orderer's mobile on file, which the caller reads back; or a call back to that number. A number in the
request is never used for it.
"""

from __future__ import annotations

from accounts.models import User
from helpdesk.models import Request, Verification


def send_code(request_id: int, agent: User, address: str | None = None) -> Verification:
    """Queues a code to the orderer's mobile on file. Raises Closed, NotYours, Refused (no orderer; too soon)."""
    raise NotImplementedError


def enter_code(request_id: int, agent: User, code: str, address: str | None = None) -> bool:
    """Whether this is the code that the newest SMS of this request holds; it is spent. Raises Closed, NotYours."""
    raise NotImplementedError


def called_back(request_id: int, agent: User, why: str, address: str | None = None) -> Verification:
    """Records a call back to the number on file; ``why``: whom the agent spoke to. Raises Closed, NotYours, Refused."""
    raise NotImplementedError


def counting(request: Request) -> Verification | None:
    """The newest verification that counts: done, within a day, and of the number that is on file now."""
    raise NotImplementedError
