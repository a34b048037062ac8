"""Codes by SMS: asked for in a request, made and sent in a task, checked in a request (security.md K1 to K5).

A *challenge* is one browser session's way through one journey. A code belongs to a user of the directory, or to an
orderer, who has no account there.
"""

from accounts.codes.asking import ask, ask_again, resend_in
from accounts.codes.checking import check, end_challenges, plain
from accounts.codes.counts import failures, used_up
from accounts.codes.delivery import deliver, text

__all__ = [
    "ask",
    "ask_again",
    "check",
    "deliver",
    "end_challenges",
    "failures",
    "plain",
    "resend_in",
    "text",
    "used_up",
]
