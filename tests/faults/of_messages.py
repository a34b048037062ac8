"""Faults on the way to people: SMS gateways, the mail relay, the helpdesk's mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.fault import Fault
from tests.faults.stack import FaultyStack
from tests.servers.smsgateway import Mood

AT_ONCE = 8  # messages in the threads of the two workers, before one of them has found out


@contextmanager
def _first_gateway_hung(stack: FaultyStack) -> Iterator[None]:
    gateway = stack.gateways[0]
    gateway.attempts, gateway.mood = 0, Mood.HANG
    yield
    gateway.mood = Mood.ACCEPT


def _was_passed_over(stack: FaultyStack) -> str:
    tried = stack.gateways[0].attempts
    return "" if 0 < tried <= AT_ONCE else f"the gateway that hangs was tried {tried} times"


@contextmanager
def _all_gateways_gone(stack: FaultyStack) -> Iterator[None]:
    for gateway in stack.gateways:
        gateway.mood = Mood.RESET
    yield
    for gateway in stack.gateways:
        gateway.mood = Mood.ACCEPT


@contextmanager
def _relay_gone(stack: FaultyStack) -> Iterator[None]:
    stack.smtp.stop()
    yield
    stack.smtp.start()


@contextmanager
def _mailbox_gone(stack: FaultyStack) -> Iterator[None]:
    stack.mailbox.stop()
    yield
    stack.mailbox.start()


FAULTS = (
    Fault(
        "first SMS gateway hung",
        _first_gateway_hung,
        "SMS gateway 1 .* failed: no answer",
        lasts=30,
        tried=12,
        short=True,
        holds=_was_passed_over,
    ),
    Fault("all SMS gateways gone", _all_gateways_gone, "a code for .* was not sent", lasts=20, tried=2),
    Fault("mail relay gone", _relay_gone, "is tried again later"),
    Fault("helpdesk's mailbox gone", _mailbox_gone, "mailbox was not read"),
)
