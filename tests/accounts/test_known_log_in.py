"""Strangers' wrong passwords leave the owner's own browser a way in, and lock nobody out: security.md D1, T3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import directory, limits, users
from accounts.models import FailedTry
from accounts.passwords import sign_in
from deploy.local.cast import PER, STEFAN
from idportal.clock import duration
from tests.accounts.helpers import NEW_NUMBER_TYPED, WRONG_LOGIN, binds, text_of
from tests.accounts.linking import account_of
from tests.accounts.staff import Officer
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, Walker
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

IN = "/registrera/mobil/"


@pytest.fixture
def owner(walker: Walker) -> Walker:
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    walker.client.post("/logga-ut/")
    return walker


def strangers(sms: Inbox, times: int) -> None:
    for attempt in range(times):
        assert WRONG_LOGIN in text_of(Walker(Client(), sms).log_in(STEFAN, f"fel {attempt}"))


def test_a_wrong_password_is_told_the_directorys_own_lock_out_and_the_way_on(server: TestSlapd, sms: Inbox) -> None:
    """The same for a name that is nobody's. A new password is no way on for staff, who can't choose one here."""
    wait = f"kan kontot vara låst. Vänta {duration(server.lockout_window)}"
    refused = Walker(Client(), sms).log_in(STEFAN, "fel")
    assert f"{wait} eller välj nytt lösenord" in text_of(refused)
    assert '<a href="/aterstall/">välj nytt lösenord</a>' in refused.content.decode()
    assert f"{wait} eller välj" in text_of(Walker(Client(), sms).log_in(replace(STEFAN, username="lovfinnsej1"), "fel"))
    assert f"{wait} och försök igen." in text_of(Officer(PER).type_password("fel"))


def test_d1_strangers_wrong_passwords_leave_the_owners_browser_a_try(
    server: TestSlapd, owner: Walker, sms: Inbox
) -> None:
    strangers(sms, server.lockout_threshold + 3)
    assert WRONG_LOGIN in text_of(Walker(Client(), sms).log_in(STEFAN)), "in a strange browser, the right one too"
    assert owner.log_in(STEFAN)["Location"] == IN
    assert server.failures(STEFAN.username) == 0


def test_a_known_browser_locks_nobody_out_either(server: TestSlapd, owner: Walker, sms: Inbox) -> None:
    """T3: whatever the owner mistypes, and strangers before and after; one below the threshold all stop."""
    strangers(sms, 2)
    for attempt in range(server.lockout_threshold):
        assert WRONG_LOGIN in text_of(owner.log_in(STEFAN, f"fel igen {attempt}"))
    strangers(sms, 2)
    assert server.failures(STEFAN.username) == server.lockout_threshold - 1
    assert WRONG_LOGIN in text_of(owner.log_in(STEFAN))
    assert binds(server, STEFAN.username, STEFAN.password)


def test_where_the_directory_never_locks_both_have_a_count_of_their_own(
    server: TestSlapd, owner: Walker, sms: Inbox, settings: Settings
) -> None:
    """T1: the portal's own limit."""
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 1000
    with server.policy(pwdLockout="FALSE"):
        directory.reset()
        strangers(sms, limits.PASSWORD_TRIES + 2)
        for attempt in range(limits.PASSWORD_TRIES - 1):
            owner.log_in(STEFAN, f"fel {attempt}")
        assert owner.log_in(STEFAN)["Location"] == IN
        strangers(sms, limits.PASSWORD_TRIES + 2)
        for attempt in range(limits.PASSWORD_TRIES + 2):
            owner.log_in(STEFAN, f"fel {attempt}")
        assert FailedTry.objects.count() == 2 * limits.PASSWORD_TRIES
    directory.reset()


@pytest.mark.parametrize(
    ("threshold", "tries"),
    [(0, (10, 20)), (1, (1, 1)), (2, (1, 1)), (3, (2, 2)), (4, (2, 3)), (5, (3, 4)), (10, (6, 9)), (50, (33, 49))],
)
def test_one_try_in_three_is_kept(threshold: int, tries: tuple[int, int]) -> None:
    """But none where the directory allows two: who mistypes once in a new browser must get in."""
    assert limits.password_tries(threshold) == tries


def test_strangers_tries_that_are_under_way_keep_nobody_out(server: TestSlapd, owner: Walker) -> None:
    """A hundred at this very moment: no more than their share of them reaches the directory."""
    account = account_of(STEFAN)
    FailedTry.objects.bulk_create(FailedTry(subject=account.id, kind=FailedTry.Secret.PASSWORD) for _ in range(100))
    assert owner.log_in(STEFAN)["Location"] == IN


@pytest.mark.postgresql
def test_d1_hundreds_at_once_lock_nobody_out_and_the_owner_in(
    server: TestSlapd, owner: Walker, sms: Inbox, settings: Settings
) -> None:
    """T3: strangers and a known browser in parallel, on real threads."""
    settings.LIMIT_ADDRESS_POSTS = settings.LIMIT_ADDRESS_FAILED_LOGINS = 10_000
    account = account_of(STEFAN)
    users.for_account(account)

    def wrong(known: bool) -> sign_in.SignInOutcome:
        return sign_in.check(STEFAN.username, "fel", None, lambda subject: known)[0]

    jobs: list[Callable[[], object]] = [partial(wrong, each % 10 == 0) for each in range(200)]
    at_once(jobs)
    assert 1 <= server.failures(STEFAN.username) < server.lockout_threshold
    assert binds(server, STEFAN.username, STEFAN.password)


def test_d1_wrong_passwords_leave_staff_a_try_in_a_known_browser(server: TestSlapd, sms: Inbox) -> None:
    """At /logga-in/, as at /registrera/."""
    known = Officer(PER)
    known.has_app()
    assert known.sign_in()["Location"] == "/helpdesk/"
    later = Officer(PER)
    later.client.cookies = known.client.cookies
    for attempt in range(server.lockout_threshold + 3):
        assert WRONG_LOGIN in text_of(Officer(PER).type_password(f"fel {attempt}"))
    assert later.type_password()["Location"] == "/logga-in/kod/"
