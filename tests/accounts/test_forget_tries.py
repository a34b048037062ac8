"""Somebody whose codes a stranger used up gets codes again, and an attacker gets no endless guesses (K1, K5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import directory, limits, users
from accounts.directory import Account
from accounts.models import Event, FailedTry, SendQuota, TriesForgotten, User
from accounts.privacy.encryption import digest
from accounts.throttling import forgetting
from deploy.local.cast import KARL, PER, STEFAN, Person
from tests.accounts.helpers import last, purge_trail, time_passes, trail, wrong_for
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def account_of(person: Person) -> Account:
    account = directory.connect().find(person.username)
    assert account, f"{person.username} is not in the directory"
    return account


@pytest.fixture
def agent(server: TestSlapd) -> User:
    return users.for_account(account_of(PER))


def forget(agent: User) -> None:
    forgetting.forget_tries(account_of(STEFAN), actor=agent, address="192.0.2.7")


def burn_out(walker: Walker) -> None:
    """A stranger who knows the user name asks for codes and mistypes them, until no more go out."""
    for _ in range(2):
        walker.ask(STEFAN.username)
        code = wrong_for(walker.sms.code())
        for _ in range(limits.CODE_TRIES):
            walker.enter_code(code)
        time_passes(minutes=11)


def test_who_was_burnt_out_gets_a_code_again(
    walker: Walker, another_walker: Walker, third_walker: Walker, sms: Inbox, agent: User
) -> None:
    has_number(STEFAN)
    burn_out(walker)
    sent = len(sms)
    another_walker.ask(STEFAN.username)
    assert len(sms) == sent
    counted = forgetting.for_account(account_of(STEFAN))
    assert (counted.strange.codes, counted.strange.sent, counted.may_forget) == (10, 2, True)
    assert counted.strange.no_codes_until
    forget(agent)
    third_walker.ask(STEFAN.username)
    assert len(sms) == sent + 1
    assert third_walker.enter_code()["Location"] == "/aterstall/losenord/"
    event = last(Event.TRIES_FORGOTTEN)
    assert (event.actor, event.subject_name, event.address) == (agent.directory_id, STEFAN.username, "192.0.2.7")


def test_the_codes_of_the_day_are_given_back(walker: Walker, sms: Inbox, agent: User) -> None:
    has_number(STEFAN)
    first = timezone.now()
    for sent in range(5):
        assert forgetting.for_account(account_of(STEFAN)).strange.no_codes_until is None, f"{sent} of five"
        walker.ask(STEFAN.username)
        time_passes(minutes=11)
    for _ in range(2):
        walker.ask(STEFAN.username)
        time_passes(minutes=11)
    assert len(sms) == 5
    counted = forgetting.for_account(account_of(STEFAN)).strange
    assert counted.sent == 5
    assert counted.no_codes_until
    ends = first + timedelta(days=1) - 7 * timedelta(minutes=11)
    assert abs(counted.no_codes_until - ends) < timedelta(minutes=1), "a day after the first of them"
    forget(agent)
    walker.ask(STEFAN.username)
    assert len(sms) == 6
    assert forgetting.for_account(account_of(STEFAN)).strange.no_codes_until is None


def test_other_accounts_other_numbers_and_other_kinds_stay_counted(agent: User) -> None:
    has_number(STEFAN), has_number(KARL, "+46701740691")
    stefan, karl = account_of(STEFAN), account_of(KARL)
    kinds = FailedTry.Secret
    for subject, kind in ((stefan.id, kinds.FACTOR), (stefan.id, kinds.RECOVERY), (karl.id, kinds.CODE)):
        FailedTry.objects.create(subject=subject, kind=kind)
    TriesForgotten.objects.bulk_create(TriesForgotten(subject=karl.id) for _ in range(limits.FORGOTTEN_A_DAY))
    under_way = FailedTry.objects.create(subject=stefan.id, kind=kinds.PASSWORD)
    for kind in (kinds.CODE, kinds.PASSWORD):
        FailedTry.objects.create(subject=stefan.id, kind=kind, answered=True)
    now = timezone.now().timestamp()
    others = [("of another number", "reset"), (digest(STEFAN.phone, "number"), "sign-in")]
    for key, purpose in others:
        SendQuota.objects.create(digest=key, purpose=purpose, sent=[now])
    counted = forgetting.for_account(stefan)
    assert (counted.strange.codes, counted.passwords, counted.strange.sent, counted.forgotten) == (1, 1, 0, 0)
    forget(agent)
    left = FailedTry.objects.order_by("pk")
    assert [(each.subject, each.kind) for each in left] == [
        (stefan.id, kinds.FACTOR),
        (stefan.id, kinds.RECOVERY),
        (karl.id, kinds.CODE),
        (stefan.id, kinds.PASSWORD),
    ]
    assert left.last() == under_way
    assert [quota.sent for quota in SendQuota.objects.all()] == [[now], [now]]


def test_nothing_is_wiped_where_nothing_is_counted(agent: User) -> None:
    """Nor does the page offer it."""
    assert not forgetting.for_account(account_of(STEFAN)).may_forget
    with pytest.raises(forgetting.NothingCounted):
        forget(agent)
    FailedTry.objects.create(
        subject=account_of(STEFAN).id, kind=FailedTry.Secret.CODE, at=timezone.now() - timedelta(hours=25)
    )
    with pytest.raises(forgetting.NothingCounted):
        forget(agent)
    assert trail(Event.TRIES_FORGOTTEN) == []


def test_it_is_no_way_to_endless_guesses(agent: User) -> None:
    """Three times ten more a day, by whomever; then the count stands until a day has passed."""
    subject = account_of(STEFAN).id
    for _ in range(limits.FORGOTTEN_A_DAY):
        FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.CODE)
        forget(agent)
    FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.CODE)
    assert not forgetting.for_account(account_of(STEFAN)).may_forget
    with pytest.raises(forgetting.TooOften):
        forget(agent)
    assert FailedTry.objects.filter(subject=subject).count() == 1
    assert len(trail(Event.TRIES_FORGOTTEN)) == limits.FORGOTTEN_A_DAY
    purge_trail()
    with pytest.raises(forgetting.TooOften):
        forget(agent)
    time_passes(hours=24)
    FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.CODE)
    forget(agent)
    assert forgetting.for_account(account_of(STEFAN)).forgotten == 1


@pytest.mark.postgresql
def test_of_many_who_press_at_once_one_wipes(agent: User) -> None:
    FailedTry.objects.create(subject=account_of(STEFAN).id, kind=FailedTry.Secret.CODE)
    users.for_account(account_of(STEFAN))

    def press() -> bool:
        try:
            forget(agent)
        except forgetting.NothingCounted:
            return False
        return True

    assert at_once([press] * 10).count(True) == 1
    assert trail(Event.TRIES_FORGOTTEN) == [Event.TRIES_FORGOTTEN]
