"""Links, stops and codes at the same moment, with real threads on PostgreSQL: security.md H4, G5, K3."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from unittest import mock

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import phones
from accounts.codes import delivery
from accounts.models import Event, Phone, PhoneLink
from accounts.signals import phone_link_stopped, phone_linked, phone_replaced
from deploy.local.cast import ANNA, KARL, MARIA, STEFAN
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, OTHER_NUMBER, time_passes, trail
from tests.accounts.linking import account_of, agent, keys_by_sms, link, orderer
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def known(transactional_db: None, openldap_settings: TestSlapd, sms: Inbox) -> None:
    """Who links and who asked for it are there before the threads begin."""
    agent(), orderer()


def linger(**_: object) -> None:
    """Keeps a transaction open for a moment, so that the others are surely in the middle."""
    time.sleep(0.3)


def test_of_parallel_stops_one_wins(sms: Inbox) -> None:
    """Ten presses: one stop, one line in the trail, one round of messages."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    heard: list[object] = []

    def listen(link: PhoneLink, **_: object) -> None:
        heard.append(link)
        linger()

    phone_link_stopped.connect(listen)
    try:
        found = at_once([partial(phones.stop, key, None)] * 10)
    finally:
        phone_link_stopped.disconnect(listen)
    assert len([each for each in found if each]) == len(heard) == 1
    assert trail(Event.PHONE_LINK_STOPPED) == [Event.PHONE_LINK_STOPPED]
    assert not Phone.objects.exists()


def test_a_code_that_is_asked_for_during_a_stop_goes_to_no_stopped_number(sms: Inbox) -> None:
    """In the last moment of the hold: the stop is under way when the hold ends and somebody asks for a code.

    Whichever comes first: no code that works goes to the number that was stopped.
    """
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    stopping, ended = threading.Event(), threading.Event()
    stranger = Walker(Client(), sms)

    def while_it_is_stopped(**_: object) -> None:
        stopping.set()
        ended.wait(1)  # the one who asks waits for this transaction

    def ask() -> HttpResponse:
        assert stopping.wait(10)
        with mock.patch.object(Phone, "on_hold", False):  # as if the hold had just ended
            answer = stranger.ask(ANNA.username)
        ended.set()
        return answer

    phone_link_stopped.connect(while_it_is_stopped)
    try:
        jobs: list[Callable[[], object]] = [partial(phones.stop, key, None), ask]
        stopped, answer = at_once(jobs)
    finally:
        phone_link_stopped.disconnect(while_it_is_stopped)
    assert stopped
    assert isinstance(answer, HttpResponse)
    assert not Phone.objects.exists()
    assert [to for to, text in sms.messages() if "#" in text] == []


def test_a_code_on_its_way_when_a_number_is_linked_does_not_outlive_the_old_one(sms: Inbox) -> None:
    """The link comes between the look-up and the code: there is none, or it is dead."""
    has_number(ANNA)
    walker = Walker(Client(), sms)
    make = delivery._make

    def after_the_link(*arguments: object) -> str | None:
        link(ANNA)
        return make(*arguments)  # type: ignore[arg-type]

    with mock.patch.object(delivery, "_make", after_the_link):
        walker.ask(ANNA.username)
    assert [to for to, text in sms.messages() if "#" in text] == []
    assert Phone.objects.get().number == NEW_NUMBER


def test_two_links_at_once_come_one_after_the_other(sms: Inbox) -> None:
    """Whichever is the second: the number of before both is what either stop gives back."""
    has_number(ANNA)
    phone_linked.connect(linger)
    try:
        at_once([partial(link, ANNA, NEW_NUMBER), partial(link, ANNA, OTHER_NUMBER)])
    finally:
        phone_linked.disconnect(linger)
    newest = PhoneLink.objects.order_by("-pk")[0]
    assert Phone.objects.get().number == newest.number
    assert [each.old_number for each in PhoneLink.objects.all()] == [ANNA.phone, ANNA.phone]
    assert phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    assert not Phone.objects.exists()


def attempt(job: Callable[[], object]) -> bool:
    """Whether the number was given."""
    try:
        done = job()
    except phones.LinkRefused:
        return False
    return done.get("Location") == "/registrera/klart/" if isinstance(done, HttpResponse) else bool(done)


@pytest.mark.parametrize("registering", [False, True], ids=["three links", "two links and a registration"])
def test_the_last_place_of_a_number_is_given_once(sms: Inbox, settings: Settings, registering: bool) -> None:
    """G5: by the helpdesk and by people themselves."""
    settings.LIMIT_ACCOUNTS_PER_NUMBER = 1
    jobs: list[Callable[[], object]] = [partial(link, ANNA), partial(link, MARIA)]
    if registering:
        walker = Walker(Client(), sms)
        walker.log_in(KARL)
        walker.give_number(NEW_NUMBER_TYPED)
        jobs.append(partial(walker.enter_register_code, sms.code()))
    else:
        jobs.append(partial(link, STEFAN))
    phone_linked.connect(linger)
    try:
        given = at_once([partial(attempt, job) for job in jobs])
    finally:
        phone_linked.disconnect(linger)
    assert given.count(True) == Phone.objects.count() == 1


def test_g7_a_registration_and_a_stop_at_once_leave_no_number(sms: Inbox) -> None:
    """Whichever comes first, and without a deadlock: the stop undoes both new numbers, and no later one comes in."""
    has_number(STEFAN)
    made = link(STEFAN)
    [key] = keys_by_sms(sms, STEFAN.phone)
    walker = Walker(Client(), sms)
    walker.log_in(STEFAN)
    walker.give_number("070-174 06 91")
    code = sms.code()
    stopped, _registered = at_once(
        [
            lambda: attempt(partial(phones.stop, key, None)),
            lambda: attempt(partial(walker.enter_register_code, code)),
        ]
    )
    assert stopped
    assert not Phone.objects.exists()
    assert phones.is_blocked(account_of(STEFAN).id)
    time_passes(seconds=(made.usable_from - timezone.now()).total_seconds() + 1)
    assert phones.stop(key, None) is None


def test_g6_two_numbers_registered_at_once_are_both_undone_by_one_stop(sms: Inbox) -> None:
    """In two browsers, with the stolen password: the second hold stands on the first, and neither gets a code."""
    has_number(STEFAN)
    first, second = Walker(Client(), sms), Walker(Client(), sms)
    codes = []
    for walker, number in ((first, NEW_NUMBER_TYPED), (second, "070-174 06 91")):
        walker.log_in(STEFAN)
        walker.give_number(number)
        codes.append(sms.code())
    phone_replaced.connect(linger)
    try:
        at_once([partial(first.enter_register_code, codes[0]), partial(second.enter_register_code, codes[1])])
    finally:
        phone_replaced.disconnect(linger)
    assert {each.old_number for each in PhoneLink.objects.all()} == {STEFAN.phone}
    assert Phone.objects.get().on_hold
    assert phones.stop(keys_by_sms(sms, STEFAN.phone)[0], None)
    assert not Phone.objects.exists()
    assert not PhoneLink.objects.filter(stopped_at=None).exists()


def test_g6_a_stop_and_the_old_numbers_code_at_once(sms: Inbox) -> None:
    """Either the hold has ended, and the stop is too late, or the number is stopped: no third way, no deadlock."""
    has_number(STEFAN)
    walker = Walker(Client(), sms)
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    [key] = keys_by_sms(sms, STEFAN.phone)
    walker.client.post("/registrera/gamla-mobilen/")
    code = sms.code()
    stopped, ended = at_once(
        [
            lambda: attempt(partial(phones.stop, key, None)),
            lambda: attempt(partial(walker.client.post, "/registrera/gamla-mobilen/kod/", {"code": code})),
        ]
    )
    phone = Phone.objects.filter().first()
    assert (stopped, phone is None) in ((True, True), (False, False))
    if phone:
        assert ended
        assert (phone.number, phone.on_hold) == (NEW_NUMBER, False)
    else:
        assert phones.is_blocked(account_of(STEFAN).id)
