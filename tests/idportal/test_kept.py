"""Queries that are built once give what plain querysets give, whatever the values, on both databases."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Challenge, FailedTry, Phone, Purpose, SendQuota, User
from idportal.kept import Change, Claim, Count, Delete, Insert, Select
from notifications.models import Message

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

FIND = Select[Challenge](lambda pk, purpose: Challenge.sealed().filter(pk=pk, purpose=purpose, ended_at=None))
TRIES = Count(lambda subject, since: FailedTry.objects.filter(subject=subject, at__gt=since))
ADD = Insert(Challenge)
ADD_UNLESS_THERE = Insert(SendQuota, unless_there=True)
BROKEN = Count(lambda subject: FailedTry.objects.filter(subject=subject).extra(where=["nothing"]))
FORGET = Delete(lambda subject: FailedTry.objects.filter(subject=subject))


@pytest.fixture
def challenge() -> Challenge:
    user = User.objects.create(directory_id="an id", username="lovstlin32")
    return Challenge.objects.create(
        user=user, purpose=Purpose.RESET, language="sv", address="2001:db8::7", number="+46701740605"
    )


def test_a_row_is_the_one_that_a_plain_queryset_makes(challenge: Challenge) -> None:
    found = FIND(pk=challenge.pk, purpose=Purpose.RESET)
    plain = Challenge.sealed().get(pk=challenge.pk)
    assert found is not None
    assert found.__class__ is plain.__class__
    assert found.get_deferred_fields() == plain.get_deferred_fields() == {"username", "number"}
    loaded = [field.attname for field in Challenge._meta.concrete_fields if field.attname in plain.__dict__]
    assert [getattr(found, name) for name in loaded] == [getattr(plain, name) for name in loaded]
    assert (found._state.adding, found._state.db) == (False, "default")


def test_what_it_is_joined_with_is_there_and_the_rest_comes_when_it_is_looked_at(
    challenge: Challenge, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        found = FIND(pk=challenge.pk, purpose=Purpose.RESET)
        assert found
        assert found.user
        assert found.user.username == "lovstlin32"
    with django_assert_num_queries(1):
        assert found.number == "+46701740605", "decrypted, as ever"


def test_each_call_has_its_own_values(challenge: Challenge) -> None:
    other = Challenge.objects.create(purpose=Purpose.RESET, language="en")
    assert FIND(pk=challenge.pk, purpose=Purpose.RESET) == challenge
    assert FIND(pk=other.pk, purpose=Purpose.RESET) == other
    assert FIND(pk=other.pk, purpose=Purpose.REGISTER) is None
    assert FIND(pk=other.pk + 1, purpose=Purpose.RESET) is None
    Challenge.objects.filter(pk=other.pk).update(ended_at=timezone.now())
    assert FIND(pk=other.pk, purpose=Purpose.RESET) is None


@pytest.mark.parametrize("typed", ["'; --", "%s", "{}", "å\\", ""])
def test_a_value_is_nothing_but_a_value(challenge: Challenge, typed: str) -> None:
    FailedTry.objects.create(subject=typed, kind=FailedTry.Secret.CODE)
    since = timezone.now() - timedelta(hours=1)
    assert TRIES(subject=typed, since=since) == 1
    assert TRIES(subject="another", since=since) == 0
    assert TRIES(subject=typed, since=timezone.now() + timedelta(hours=1)) == 0


def test_a_uuid_is_what_the_database_keeps_of_one() -> None:
    """SQLite has no such type: there the outbox could note nothing of a mail."""
    by_claim = Select[Message](lambda claim: Message.objects.filter(claim=claim))
    message = Message(kind="mail", purpose="digest", to="carin@hemtjanst-ett.example", claim=uuid.uuid4())
    message.next_try_at = message.useful_until = timezone.now()
    message.save()
    assert by_claim(claim=message.claim) == message
    assert by_claim(claim=uuid.uuid4()) is None


def test_a_value_that_is_missing_is_an_error(challenge: Challenge) -> None:
    with pytest.raises(KeyError):
        FIND(pk=challenge.pk)


def test_a_change_of_the_row_is_seen(challenge: Challenge) -> None:
    """Nothing but the SQL is kept."""
    assert challenge.user
    Phone.objects.create(user=challenge.user, number="+46701740605", number_digest="a")
    assert Phone.of_user(challenge.user)
    Phone.objects.all().delete()
    assert Phone.of_user(challenge.user) is None


def test_a_change_is_the_one_that_a_plain_queryset_makes(challenge: Challenge) -> None:
    other = Challenge.objects.create(purpose=Purpose.RESET, language="en", token="kept", failures=7)
    change = Change(
        lambda pk, before: Challenge.objects.filter(Q(ended_at=None) | Q(ended_at__lt=before), pk=pk),
        *("token", "language", "user_id", "ended_at"),
        failures=F("failures") + 1,
    )
    now = timezone.now()
    values = {"pk": challenge.pk, "before": now, "token": "'; --", "language": "en", "user_id": None}
    assert change(**values, ended_at=now) == 1
    assert change(**values, ended_at=now) == 0, "the rows are chosen anew"
    found = Challenge.objects.get(pk=challenge.pk)
    changed = (found.token, found.language, found.user, found.ended_at, found.failures)
    assert changed == ("'; --", "en", None, now, 1)
    other.refresh_from_db()
    assert (other.token, other.failures, other.ended_at) == ("kept", 7, None)


def test_a_list_goes_into_a_field_of_json() -> None:
    quota = SendQuota.objects.create(digest="a", purpose=Purpose.RESET)
    assert Change(lambda pk: SendQuota.objects.filter(pk=pk), "sent")(pk=quota.pk, sent=[1.5, 2]) == 1
    quota.refresh_from_db()
    assert (quota.sent, quota.failed) == ([1.5, 2], [])


def test_a_claim_reads_the_rows_as_they_are_after_it(challenge: Challenge) -> None:
    claim = Claim[Challenge](
        lambda first, second: Challenge.objects.filter(pk__in=(first, second), ended_at=None),
        "ended_at",
        failures=F("failures") + 1,
    )
    now = timezone.now()
    [found] = claim.rows(first=challenge.pk, second=None, ended_at=now)
    plain = Challenge.objects.get(pk=challenge.pk)
    assert [getattr(found, field.attname) for field in Challenge._meta.concrete_fields] == [
        getattr(plain, field.attname) for field in Challenge._meta.concrete_fields
    ]
    assert (found.number, found.failures, found.ended_at) == ("+46701740605", 1, now)
    assert claim.rows(first=challenge.pk, second=None, ended_at=now) == []


def test_rows_that_are_added_are_those_that_bulk_create_makes(challenge: Challenge) -> None:
    """Also what is encrypted for its row, and the defaults."""
    fields = {"purpose": Purpose.RESET, "language": "sv", "address": "2001:db8::7", "about": "a digest"}
    [plain] = Challenge.objects.bulk_create([Challenge(**fields, username="lovstlin32", begun_by="a")])
    ADD(one := Challenge(**fields, username="lovstlin32", begun_by="b"), two := Challenge(**fields, username="å%s'"))
    assert (one._state.adding, one._state.db) == (False, "default")
    kept = {row.pk: row for row in Challenge.objects.all()}
    assert (kept[one.pk].username, kept[two.pk].username) == ("lovstlin32", "å%s'")
    names = {field.attname for field in Challenge._meta.concrete_fields} - {"id", "valid_until", "asked_at", "begun_by"}
    assert {name: getattr(kept[one.pk], name) for name in names} == {name: getattr(plain, name) for name in names}


def test_a_row_whose_key_is_taken_is_refused(challenge: Challenge) -> None:
    ADD(Challenge(purpose=Purpose.RESET, language="sv", begun_by="a"))
    with pytest.raises(IntegrityError):
        ADD(Challenge(purpose=Purpose.RESET, language="sv", begun_by="a"))


def test_a_row_is_added_unless_there_is_one() -> None:
    row = {"digest": "a digest", "purpose": Purpose.RESET}
    assert ADD_UNLESS_THERE(first := SendQuota(**row, sent=[1.5]))
    assert not ADD_UNLESS_THERE(SendQuota(**row, sent=[2.5]))
    assert [(quota.pk, quota.sent) for quota in SendQuota.objects.all()] == [(first.pk, [1.5])]


@pytest.mark.postgresql
def test_a_connection_that_was_closed_is_made_anew() -> None:
    """Its cursor went with it."""
    since = timezone.now() - timedelta(hours=1)
    for _ in range(2):
        FailedTry.objects.create(subject="an id", kind=FailedTry.Secret.CODE)
        assert TRIES(subject="an id", since=since) == FailedTry.objects.count()
        connection.close()
    assert TRIES(subject="an id", since=since) == 2
    with pytest.raises(ProgrammingError), transaction.atomic():
        Select[FailedTry](lambda subject: FailedTry.objects.filter(subject=subject).extra(where=["nothing"]))(
            subject=""
        )
    assert TRIES(subject="an id", since=since) == 2, "nor is it broken by a statement that fails"


def test_rows_that_are_deleted() -> None:
    for subject in ("an id", "another"):
        FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.CODE)
    FORGET(subject="an id")
    assert list(FailedTry.objects.values_list("subject", flat=True)) == ["another"]
