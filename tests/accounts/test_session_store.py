"""SESSION_ENGINE: one statement for each save; a new id in the same row; who was overtaken is told."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import session_store
from accounts.session_store import SessionStore, content, row_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept() -> str:
    """The id of a session that holds a word."""
    session = SessionStore()
    session["word"] = "before"
    session.save()
    assert session.session_key
    return session.session_key


def test_each_save_is_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    session = SessionStore()
    session["word"] = "first"
    with django_assert_num_queries(1):
        session.save()
    session["word"] = "second"
    with django_assert_num_queries(1):
        session.save()
    session.cycle_key()
    session["word"] = "third"
    with django_assert_num_queries(1):
        session.save()
    assert SessionStore(session.session_key)["word"] == "third"
    assert Session.objects.count() == 1


def test_a_new_id_keeps_what_the_session_holds_and_the_old_one_opens_nothing(kept: str) -> None:
    session = SessionStore(kept)
    session.cycle_key()
    session.save()
    assert session.session_key not in (None, kept)
    assert SessionStore(session.session_key)["word"] == "before"
    assert SessionStore(kept).get("word") is None


def test_a_session_that_was_never_saved_gets_its_first_id() -> None:
    session = SessionStore()
    session["word"] = "new"
    session.cycle_key()
    assert session.modified
    session.save()
    assert SessionStore(session.session_key)["word"] == "new"


@pytest.mark.parametrize("renewed", [True, False])
def test_of_two_that_renew_or_end_it_at_once_the_second_is_told(kept: str, renewed: bool) -> None:
    mine, other = SessionStore(kept), SessionStore(kept)
    mine["word"] = "mine"
    other.cycle_key()
    if renewed:
        other.save()
    else:
        other.flush()
    mine.cycle_key()
    with pytest.raises(UpdateError):
        mine.save()
    assert [content(row) for row in Session.objects.all()] == ([{"word": "before"}] if renewed else [])


def test_a_session_that_is_ended_before_it_is_saved_leaves_no_row(kept: str) -> None:
    session = SessionStore(kept)
    session.cycle_key()
    session.flush()
    assert not Session.objects.exists()
    session["word"] = "after"
    session.save()
    assert SessionStore(session.session_key)["word"] == "after"


def test_an_id_that_is_taken_is_not_given_again(kept: str) -> None:
    with mock.patch.object(session_store, "get_random_string", side_effect=[kept, "b" * 32]):
        session = SessionStore()
        session["word"] = "mine"
        session.save()
    assert session.session_key == "b" * 32
    assert SessionStore(kept)["word"] == "before"


def test_x2_the_table_gives_nobody_a_session(kept: str) -> None:
    """Who reads it finds no cookie's value, and the row's key is none."""
    row = Session.objects.get()
    assert kept not in f"{row.session_key} {row.session_data} {content(row)}"
    assert len(row.session_key) == 40  # as many characters as Django's column has, 160 bits
    assert SessionStore(row.session_key).get("word") is None
    assert SessionStore(kept)["word"] == "before"


def test_x2_another_rows_content_opens_nothing(kept: str) -> None:
    """Who writes to the table copies an administrator's session into their own, or makes its row theirs."""
    mine = SessionStore()
    mine["word"] = "mine"
    mine.save()
    assert mine.session_key
    theirs = Session.objects.get(session_key=row_key(kept))
    Session.objects.filter(session_key=row_key(mine.session_key)).update(session_data=theirs.session_data)
    assert dict(SessionStore(mine.session_key).items()) == {}
    Session.objects.filter(session_key=row_key(mine.session_key)).delete()
    Session.objects.filter(session_key=row_key(kept)).update(session_key=row_key(mine.session_key))
    assert dict(SessionStore(mine.session_key).items()) == {}


def test_x2_sessions_of_before_the_upgrade_open_nothing() -> None:
    """Their rows had the cookie's value itself as key."""
    key = "a" * 32
    data = signing.dumps({"word": "old"}, salt="django.contrib.sessions.SessionStore", serializer=JSONSerializer)
    for each in (key, row_key(key)):
        Session.objects.create(session_key=each, session_data=data, expire_date=timezone.now() + timedelta(days=1))
    assert SessionStore(key).get("word") is None
