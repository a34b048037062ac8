"""What ``accounts`` announces, and when: security.md R4, G2; style.md, "A change, its audit row and its notice"."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.models import AuditEvent, Event, Phone, User
from accounts.signals import password_reset, phone_replaced
from deploy.local.cast import KARL, STEFAN
from tests.accounts.conftest import Heard
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, NEW_PASSWORD, time_passes, wrong_for
from tests.conftest import Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def test_each_carries_what_its_notice_needs(walker: Walker, heard: list[Heard]) -> None:
    """R4: the number and the mail address of the account; G2: the old number too."""
    walker.register(KARL, NEW_NUMBER_TYPED)
    has_number(STEFAN)
    walker.register(STEFAN, "070-174 06 91")
    time_passes(minutes=16)
    walker.reset(STEFAN, NEW_PASSWORD)
    assert [(one.name, set(one.arguments)) for one in heard] == [
        ("phone_registered", {"user", "account", "number"}),
        ("phone_replaced", {"user", "account", "number", "old_numbers", "link", "stops"}),
        ("password_reset", {"user", "account", "number"}),
    ]
    replaced, reset = heard[1].arguments, heard[2].arguments
    assert (replaced["old_numbers"], replaced["number"]) == ([STEFAN.phone], "+46701740691")
    assert (reset["number"], reset["account"].mail) == ("+46701740691", STEFAN.mail)
    assert isinstance(reset["user"], User)
    assert reset["user"].directory_id == reset["account"].id


def test_nothing_is_announced_that_did_not_happen(walker: Walker, heard: list[Heard]) -> None:
    """R8, G1: neither for what was only asked for, nor for what was refused."""
    has_number(STEFAN)
    walker.log_in(STEFAN)
    walker.give_number("070-174 06 05")
    walker.give_number(NEW_NUMBER_TYPED)
    walker.enter_register_code(wrong_for(walker.sms.code()))
    walker.ask(STEFAN.username)
    walker.enter_code()
    walker.choose("kort")
    walker.choose(STEFAN.password)
    assert heard == []


def test_receivers_run_in_the_transaction_of_the_change(walker: Walker) -> None:
    """What a receiver queues comes with the change or not at all; the row of the trail is there already."""
    seen: list[tuple[bool, bool, bool]] = []

    def receive(user: User, **_: object) -> None:
        told = AuditEvent.objects.filter(event__in=(Event.PHONE_REPLACED, Event.PASSWORD_DONE)).exists()
        number = Phone.objects.get(user=user).number
        seen.append((transaction.get_connection().in_atomic_block, told, number == NEW_NUMBER))

    for signal in (phone_replaced, password_reset):
        signal.connect(receive)
    try:
        has_number(STEFAN)
        walker.register(STEFAN, NEW_NUMBER_TYPED)
        time_passes(minutes=16)
        walker.reset(STEFAN, NEW_PASSWORD)
    finally:
        for signal in (phone_replaced, password_reset):
            signal.disconnect(receive)
    assert seen == [(True, True, True)] * 2


def test_a_receiver_that_fails_after_a_reset_does_not_undo_what_the_directory_did(walker: Walker) -> None:
    """L1: the attempt is on record, and the password is in place, whatever the outbox does."""

    def fail(**_: object) -> None:
        raise RuntimeError("the outbox is full")

    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code()
    walker.client.raise_request_exception = False
    password_reset.connect(fail)
    try:
        answer = walker.choose(NEW_PASSWORD)
    finally:
        password_reset.disconnect(fail)
    assert answer.status_code in (302, 500)
    assert AuditEvent.objects.filter(event=Event.PASSWORD_ATTEMPTED).count() == 1
    assert walker.log_in(STEFAN, NEW_PASSWORD)["Location"] == "/registrera/mobil/"
