"""What strangers use up stops nobody in their own browser: security.md D1. With 200 of them: test_two_hundred.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import codes, limits
from accounts.models import Challenge, Event, Phone, SendQuota, SmsDay
from accounts.throttling import counts, forgetting
from deploy.local.cast import ANNA, KARL, MARIA, STEFAN
from tests.accounts.helpers import (
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    OTHER_NUMBER,
    OTHER_NUMBER_TYPED,
    WRONG_CODE,
    last,
    normalised,
    text_of,
    time_passes,
    trail,
    wrong_for,
)
from tests.accounts.linking import account_of, agent
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

ACCEPTED = "/aterstall/losenord/"
BEFORE = 2  # messages of the owner's earlier reset: the code and the notice


@pytest.fixture
def owner(walker: Walker) -> Walker:
    """Stefan in the browser in which he has reset his password before, some days ago."""
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    time_passes(days=3)
    return walker


@pytest.fixture
def stranger(sms: Inbox) -> Callable[[], Walker]:
    return lambda: Walker(Client(), sms)


def burn(walker: Walker, times: int = limits.CODE_TRIES) -> None:
    """Wrong codes for the code that the walker has asked for."""
    wrong = wrong_for(walker.sms.code())
    for _ in range(times):
        assert WRONG_CODE in text_of(walker.enter_code(wrong))


def test_d1_strangers_wrong_codes_leave_the_owners_browser_its_own(
    owner: Walker, stranger: Callable[[], Walker]
) -> None:
    """Ten of them for the day; then no stranger gets a code, and the owner's own browser does."""
    for _ in range(2):
        other = stranger()
        other.ask(STEFAN.username)
        burn(other)
        time_passes(minutes=11)
    stranger().ask(STEFAN.username)
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    owner.ask(STEFAN.username)
    assert owner.enter_code()["Location"] == ACCEPTED


def test_d1_strangers_codes_leave_the_owners_browser_its_own(owner: Walker, stranger: Callable[[], Walker]) -> None:
    """K5: the day's five, three in ten minutes and the pause of a minute, each for strangers alone."""
    for _ in range(7):
        stranger().ask(STEFAN.username)
        time_passes(seconds=61)
        stranger().ask(STEFAN.username)
        time_passes(minutes=11)
    assert len(owner.sms) == BEFORE + 5
    assert last(Event.CODE_WITHHELD).result == "too many codes to this number"
    stranger().ask(STEFAN.username)
    owner.ask(STEFAN.username)
    assert len(owner.sms) == BEFORE + 6
    assert owner.enter_code()["Location"] == ACCEPTED


def test_no_more_than_ten_a_day_reach_a_number(owner: Walker, stranger: Callable[[], Walker]) -> None:
    """K5: five each, whoever asks; and no more than ten wrong codes each."""
    for _ in range(7):
        stranger().ask(STEFAN.username)
        owner.ask(STEFAN.username)
        time_passes(minutes=11)
    assert len(owner.sms) == BEFORE + 10


def test_d1_what_strangers_use_up_of_the_day_leaves_the_owners_browser_some(owner: Walker, settings: Settings) -> None:
    """D2: a reset in a known browser may use the share of those who have typed their password."""
    settings.SMS_DAILY_LIMIT = 20
    SmsDay.objects.update(sent=limits.sms_today("reset"))
    Walker(Client(), owner.sms).ask(STEFAN.username)
    assert last(Event.CODE_WITHHELD).result == limits.TOO_MANY_SMS
    owner.ask(STEFAN.username)
    assert owner.enter_code()["Location"] == ACCEPTED


def test_d1_a_strangers_new_code_kills_none_of_the_owners(owner: Walker, stranger: Callable[[], Walker]) -> None:
    """K1: a new code kills the old ones of browsers of the same kind."""
    owner.ask(STEFAN.username)
    mine = owner.sms.code()
    other = stranger()
    other.ask(STEFAN.username)
    theirs = other.sms.code()
    assert len(owner.sms) == BEFORE + 2
    burn(other, 3)
    assert owner.enter_code(mine)["Location"] == ACCEPTED
    assert other.enter_code(theirs)["Location"] == ACCEPTED, "they were two codes, side by side"


def test_a_new_code_of_the_owner_kills_a_strangers(owner: Walker, stranger: Callable[[], Walker]) -> None:
    """K1: the owner's own telephone has it in hand, whoever asked."""
    other = stranger()
    other.ask(STEFAN.username)
    theirs = other.sms.code()
    owner.ask(STEFAN.username)
    if owner.sms.code() != theirs:
        assert WRONG_CODE in text_of(other.enter_code(theirs))
    assert owner.enter_code()["Location"] == ACCEPTED


def test_a_new_code_of_the_owner_kills_the_one_before_it(owner: Walker) -> None:
    """K1."""
    owner.ask(STEFAN.username)
    first = owner.sms.code()
    time_passes(seconds=61)
    owner.ask_again()
    if owner.sms.code() != first:
        assert WRONG_CODE in text_of(owner.enter_code(first))
    assert owner.enter_code()["Location"] == ACCEPTED


def test_d1_ten_wrong_codes_in_the_owners_browser_are_its_day(owner: Walker, stranger: Callable[[], Walker]) -> None:
    """K1: a known browser gets ten guesses, as any, and no more; strangers have their own."""
    for _ in range(2):
        owner.ask(STEFAN.username)
        burn(owner)
        time_passes(minutes=11)
    sent = len(owner.sms)
    owner.ask(STEFAN.username)
    assert len(owner.sms) == sent
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    other = stranger()
    other.ask(STEFAN.username)
    assert other.enter_code()["Location"] == ACCEPTED


def test_the_tenth_wrong_code_kills_the_code_under_way(owner: Walker, settings: Settings) -> None:
    """K1: counted where the challenge belongs, whatever the browser sends with the code."""
    owner.ask(STEFAN.username)
    burn(owner, 4)
    time_passes(seconds=61)
    owner.ask_again()
    burn(owner, 4)
    time_passes(seconds=61)
    owner.ask_again()
    del owner.client.cookies[settings.BROWSER_COOKIE_NAME]
    burn(owner, 2)
    assert WRONG_CODE in text_of(owner.enter_code())
    assert codes.failures(account_of(STEFAN).id, "reset", known=True) == 11, "the right one too"
    assert codes.failures(account_of(STEFAN).id, "reset") == 0


def test_d1_wrong_codes_to_reset_stop_no_registering(walker: Walker, stranger: Callable[[], Walker]) -> None:
    """In any browser: codes to register are asked for with the right password."""
    has_number(STEFAN)
    for _ in range(2):
        other = stranger()
        other.ask(STEFAN.username)
        burn(other)
        time_passes(minutes=11)
    walker.log_in(STEFAN)
    walker.give_number(NEW_NUMBER_TYPED)
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"


def test_d1_wrong_codes_to_register_stop_no_reset(walker: Walker, stranger: Callable[[], Walker]) -> None:
    """Nor do a thief's, who has the password, stop the owner's registering in a known browser."""
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    time_passes(minutes=11)
    thief = stranger()
    for number in (OTHER_NUMBER_TYPED, "070-174 06 77"):
        thief.log_in(STEFAN)
        thief.give_number(number)
        wrong = wrong_for(thief.sms.code())
        for _ in range(limits.CODE_TRIES):
            thief.enter_register_code(wrong)
        time_passes(minutes=11)
    thief.log_in(STEFAN)
    thief.give_number(OTHER_NUMBER_TYPED)
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    walker.log_in(STEFAN)
    walker.give_number(OTHER_NUMBER_TYPED)
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"
    time_passes(minutes=16)  # the hold of a replaced number (G6)
    other = stranger()
    other.ask(STEFAN.username)
    assert other.enter_code()["Location"] == ACCEPTED


def test_a_task_that_comes_twice_sends_once_to_a_known_browser_too(owner: Walker) -> None:
    """K5: the second time it decides as the first."""
    owner.ask(STEFAN.username)
    sent = len(owner.sms)
    codes.send_code(Challenge.objects.latest("pk").pk)
    assert len(owner.sms) == sent
    assert owner.enter_code()["Location"] == ACCEPTED


def test_another_accounts_browser_is_a_strangers(owner: Walker, stranger: Callable[[], Walker]) -> None:
    has_number(KARL, OTHER_NUMBER)
    for _ in range(2):
        stranger().ask(KARL.username)
        time_passes(seconds=10)
        owner.ask(KARL.username)
    assert last(Event.CODE_WITHHELD).result == "too many codes to this number"
    assert not Challenge.objects.filter(user__username=KARL.username, known=True).exists()


def test_a_known_browser_is_answered_as_any(owner: Walker) -> None:
    """E1: for its own account, for others and for names that nobody has."""
    has_number(KARL, OTHER_NUMBER)
    answers = []
    for name in (STEFAN.username, KARL.username, ANNA.username, "lovfinnsej1"):
        time_passes(seconds=61)
        asked = normalised(owner.ask(name), name)
        page = normalised(owner.get("/aterstall/kod/"), name)
        guess = normalised(owner.enter_code("123456"), name)
        answers.append((asked, page, guess))
    assert len(trail(Event.CODE_SENT)) == 3
    assert answers[1:] == answers[:-1]


def test_an_agent_sees_and_wipes_both_counts(owner: Walker, stranger: Callable[[], Walker]) -> None:
    other = stranger()
    for walker, wrong in ((other, 3), (owner, 2)):
        walker.ask(STEFAN.username)
        burn(walker, wrong)
    counted = forgetting.for_account(account_of(STEFAN))
    assert (counted.strange.codes, counted.strange.sent) == (3, 1)
    assert (counted.known.codes, counted.known.sent) == (2, 1)
    forgetting.forget_tries(account_of(STEFAN), actor=agent(), address=None)
    counted = forgetting.for_account(account_of(STEFAN))
    assert (counted.strange, counted.known) == (forgetting.ResetCount(0, 0, None),) * 2
    assert not counted.anything
    assert not any(quota.sent for quota in SendQuota.objects.all())


def test_an_agent_sees_when_codes_go_out_again(owner: Walker) -> None:
    for _ in range(5):
        owner.ask(STEFAN.username)
        time_passes(minutes=11)
    counted = forgetting.for_account(account_of(STEFAN))
    assert counted.known.no_codes_until
    assert counted.strange.no_codes_until is None


@pytest.mark.postgresql
def test_of_a_known_and_a_strange_browser_one_gets_the_last_place_of_a_number(
    walker: Walker, another_walker: Walker, sms: Inbox, settings: Settings
) -> None:
    """G5: their codes are counted apart, and they wait for each other all the same."""
    for person in (ANNA, STEFAN):
        has_number(person, OTHER_NUMBER)
    walker.register(KARL, NEW_NUMBER_TYPED)
    time_passes(days=1)
    enter = []
    for each, person in ((walker, KARL), (another_walker, MARIA)):
        each.log_in(person)
        each.give_number(OTHER_NUMBER_TYPED)
        enter.append(partial(each.enter_register_code, sms.code()))
    at_once(enter)
    sharing = Phone.objects.filter(number_digest=counts.number_key(OTHER_NUMBER))
    assert sharing.count() == settings.LIMIT_ACCOUNTS_PER_NUMBER
