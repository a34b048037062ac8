"""What written SQL reads and writes is what plain querysets do, on both databases, whatever the values."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import limits
from accounts.models import (
    Challenge,
    FailedTry,
    Orderer,
    Phone,
    Purpose,
    SendQuota,
    SmsDay,
    User,
    statements,
)
from accounts.models.codes import WrongCodes
from idportal.runtime import written_sql
from notifications.models import Message
from notifications.outbox import statements as outbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

NUMBER = "+46701740605"


@pytest.fixture
def user() -> User:
    user = User.objects.create(directory_id="an id", username="lovstlin32", session_epoch=3)
    Phone.objects.create(user=user, number=NUMBER, number_digest="a", usable_from=timezone.now())
    return user


@pytest.fixture
def challenge(user: User) -> Challenge:
    return Challenge.objects.create(
        user=user, purpose=Purpose.RESET, language="sv", address="2001:db8::7", number=NUMBER, username="typed"
    )


def fields(row: models.Model) -> dict[str, Any]:
    """All of a row, decrypted."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def assert_same(found: models.Model | None, plain: models.Model) -> None:
    """The same object: its class, what is loaded of it, and how it goes on."""
    assert found is not None
    assert type(found) is type(plain)
    assert found.get_deferred_fields() == plain.get_deferred_fields()
    assert fields(found) == fields(plain)
    assert (found._state.adding, found._state.db) == (False, "default")


READS: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda it: statements.lock_challenge(it.pk), lambda it: Challenge.sealed().get(pk=it.pk)),
    (lambda it: statements.read_sealed_challenge(it.pk, "reset"), lambda it: Challenge.sealed().get(pk=it.pk)),
    (lambda it: statements.read_challenge(it.pk, "reset"), lambda it: Challenge.objects.get(pk=it.pk)),
    (lambda it: statements.read_challenge_to_send(it.pk), lambda it: Challenge.objects.get(pk=it.pk)),
    (lambda it: statements.lock_user("an id"), lambda it: it.user),
    (lambda it: statements.lock_user_with_phone("an id"), lambda it: it.user),
    (lambda it: statements.lock_user_with_phone("an id").phone, lambda it: it.user.phone),
    (lambda it: statements.read_phone(it.user_id), lambda it: it.user.phone),
]


@pytest.mark.parametrize(("read", "plain"), READS)
def test_a_row_is_the_one_that_a_plain_queryset_makes(
    challenge: Challenge, read: Callable[[Any], Any], plain: Callable[[Any], Any]
) -> None:
    """Also with a column that came later: a statement reads those that the model has."""
    with transaction.atomic():
        assert_same(read(challenge), plain(Challenge.objects.get(pk=challenge.pk)))


@pytest.mark.parametrize("lock", [False, True])
def test_what_it_is_joined_with_comes_in_the_same_statement(
    challenge: Challenge, django_assert_num_queries: DjangoAssertNumQueries, lock: bool
) -> None:
    with transaction.atomic():
        with django_assert_num_queries(1):
            found = (
                statements.lock_challenge(challenge.pk)
                if lock
                else statements.read_sealed_challenge(challenge.pk, Purpose.RESET)
            )
            assert found.user.username == "lovstlin32"
        with django_assert_num_queries(1):
            assert found.number == NUMBER, "decrypted when it is looked at, as ever"


def test_a_challenge_of_nobody_and_one_of_an_orderer(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    nobody = Challenge.objects.create(purpose=Purpose.RESET, language="en")
    orderer = Orderer.objects.create(name="Carin Ek", email="carin@hemtjanst-ett.example", mobile=NUMBER)
    hers = Challenge.objects.create(purpose=Purpose.SIGN_IN, language="sv", orderer=orderer)
    with django_assert_num_queries(2):
        assert statements.read_challenge_to_send(nobody.pk).owner is None
        found = statements.read_challenge_to_send(hers.pk).owner
    assert_same(found, Orderer.objects.get())
    assert statements.read_sealed_challenge(nobody.pk, Purpose.RESET).user is None


def test_what_is_not_there_is_none(user: User) -> None:
    with transaction.atomic():
        assert statements.lock_challenge(1) is None
        assert statements.read_challenge(1, Purpose.RESET) is None
        assert statements.read_challenge_to_send(1) is None
        assert statements.lock_user("another") is statements.lock_user_with_phone("another") is None
        assert statements.lock_quota("a", Purpose.RESET) is None
    Phone.objects.all().delete()
    assert statements.read_phone(user.pk) is statements.lock_user_with_phone("an id") is None


@pytest.mark.parametrize("typed", ["'; --", "%s", "{}", "å\\", ""])
def test_a_value_is_nothing_but_a_value(typed: str) -> None:
    FailedTry.objects.create(subject=typed, kind=FailedTry.Secret.CODE)
    ago = timezone.now() - timedelta(hours=1)
    assert statements.count_tries(typed, FailedTry.Secret.CODE, ago, False) == 1
    assert statements.count_tries("another", FailedTry.Secret.CODE, ago, False) == 0
    assert statements.count_tries(typed, FailedTry.Secret.PASSWORD, ago, False) == 0
    assert statements.count_tries(typed, FailedTry.Secret.CODE, ago, True) == 0
    assert statements.count_tries(typed, FailedTry.Secret.CODE, timezone.now() + timedelta(hours=1), False) == 0


def test_the_day_has_so_many_wrong_codes_and_no_more(challenge: Challenge) -> None:
    """Of another kind, another subject, the other kind of browser, or of earlier, none counts."""
    now = timezone.now()
    wrong = WrongCodes("an id", FailedTry.Secret.CODE, now - timedelta(days=1), True)
    tries = {"subject": "an id", "kind": FailedTry.Secret.CODE, "known": True}
    others = ({"subject": "x"}, {"kind": FailedTry.Secret.REGISTER}, {"known": False}, {"at": now - timedelta(days=2)})
    for other in others:
        FailedTry.objects.bulk_create(FailedTry(**tries | other) for _ in range(limits.CODE_FAILURES_A_DAY))
    FailedTry.objects.bulk_create(FailedTry(**tries) for _ in range(limits.CODE_FAILURES_A_DAY - 1))
    day = timezone.localdate()
    assert statements.take_sms_of_day(day, 2, wrong) == 0, "the day has no row"
    SmsDay.objects.create(day=day)
    assert [statements.take_sms_of_day(day, 2, wrong) for _ in range(3)] == [1, 2, 0]
    assert statements.spend_code(challenge.pk, wrong, now)
    FailedTry.objects.create(**tries)
    assert not statements.spend_code(challenge.pk, wrong, now)
    assert statements.take_sms_of_day(day, 9, wrong) == 0
    challenge.refresh_from_db()
    assert (challenge.token, challenge.valid_until, challenge.verified_at) == ("", now, now)


def test_a_row_that_is_added_is_the_one_that_bulk_create_makes() -> None:
    """Also what is encrypted for its row, and the defaults."""
    own = {"purpose": Purpose.RESET, "language": "sv", "address": "2001:db8::7", "about": "a digest"}
    [plain] = Challenge.objects.bulk_create([Challenge(**own, username="lovstlin32", begun_by="a")])
    one = Challenge(**own, username="lovstlin32", begun_by="b", valid_until=plain.valid_until, asked_at=plain.asked_at)
    two = Challenge(**own, username="å%s'")
    written_sql.add(one, two)
    kept = {row.pk: row for row in Challenge.objects.all()}
    assert fields(kept[one.pk]) == {**fields(kept[plain.pk]), "id": one.pk, "begun_by": "b"}
    assert kept[two.pk].username == "å%s'"
    with pytest.raises(IntegrityError):
        written_sql.add(Challenge(**own, begun_by="a"))


def test_a_quota_is_added_unless_there_is_one() -> None:
    key = statements.add_quota("a", Purpose.RESET, [1.5])
    assert statements.add_quota("a", Purpose.RESET, [2.5]) is None
    with transaction.atomic():
        assert_same(statements.lock_quota("a", Purpose.RESET), SendQuota.objects.get())
    assert key
    statements.note_sent(key, [1.5, 2], [3.5])
    assert [(quota.pk, quota.sent, quota.failed) for quota in SendQuota.objects.all()] == [(key, [1.5, 2], [3.5])]


def test_a_right_is_taken_once_while_it_is_good(challenge: Challenge) -> None:
    now, minute = timezone.now(), timedelta(minutes=1)

    def claim() -> bool:
        return statements.claim_right(challenge.pk, now, now - minute, now + minute)

    assert not claim(), "its code was not accepted"
    rows = Challenge.objects.filter(pk=challenge.pk)
    rows.update(verified_at=now)
    assert [claim(), claim()] == [True, False]
    rows.update(setting_until=now - minute)
    assert claim(), "the lease is over"
    for over in ({"verified_at": now - minute}, {"ended_at": now}, {"refusals": limits.PASSWORD_REFUSALS}):
        before = rows.values("verified_at", "ended_at", "refusals").get()
        rows.update(**over, setting_until=None)
        assert not claim(), over
        rows.update(**before)


def test_what_ends_with_a_reset(challenge: Challenge, user: User) -> None:
    now = timezone.now()
    other = Challenge.objects.create(purpose=Purpose.RESET, language="sv", token="kept")
    for subject, kind, answered in (("an id", "password", True), ("an id", "password", False), ("x", "password", True)):
        FailedTry.objects.create(subject=subject, kind=kind, answered=answered)
    FailedTry.objects.create(subject="an id", kind=FailedTry.Secret.CODE, answered=True)
    statements.end_sessions(user.pk)
    statements.end_challenges(user.pk, now)
    statements.forget_wrong_passwords("an id")
    statements.count_failure(other.pk)
    for row in (challenge, other, user):
        row.refresh_from_db()
    assert (user.session_epoch, challenge.ended_at, challenge.token) == (4, now, "")
    assert (other.ended_at, other.token, other.failures) == (None, "kept", 1)
    assert FailedTry.objects.count() == 3
    assert not FailedTry.objects.filter(subject="an id", kind="password", answered=True).exists()


def test_a_message_is_claimed_and_noted_by_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    now = timezone.now()
    rows = [Message(kind="mail", purpose="digest", to=f"{name}@example.org", next_try_at=now) for name in "abc"]
    for row in rows:
        row.useful_until = now
    written_sql.add(*rows)
    Message.objects.filter(pk=rows[2].pk).update(next_try_at=now + timedelta(minutes=1))
    mine, lease = uuid.uuid4(), now + timedelta(minutes=2)
    with django_assert_num_queries(1):
        claimed = outbox.claim([row.pk for row in rows], mine, now, lease)
    assert {row.pk for row in claimed} == {rows[0].pk, rows[1].pk}, "the third is not due"
    for found in claimed:
        assert_same(found, Message.objects.get(pk=found.pk))
        assert (found.state, found.claim, found.attempts, found.perhaps_sent) == ("sending", mine, 1, 0)
    assert outbox.claim([rows[0].pk], uuid.uuid4(), now, lease) == []
    [taken_over] = outbox.claim([rows[0].pk], uuid.uuid4(), lease, lease)
    assert taken_over.perhaps_sent == 1, "it may have gone out"
    first = next(row for row in claimed if row.pk == taken_over.pk)
    assert not outbox.note(first)
    taken_over.state, taken_over.settled_at, taken_over.error = Message.Status.SENT, now, "a word"
    assert outbox.note(taken_over)
    noted = Message.objects.get(pk=taken_over.pk)
    assert (noted.state, noted.settled_at, noted.error, noted.claim) == ("sent", now, "a word", None)


@pytest.mark.postgresql
def test_a_statement_that_fails_leaves_a_connection_that_works(challenge: Challenge) -> None:
    with pytest.raises(Exception, match="nothing"), transaction.atomic():
        written_sql.rows("SELECT nothing FROM accounts_challenge", [])
    connection.close()
    assert statements.read_challenge(challenge.pk, Purpose.RESET) == challenge
