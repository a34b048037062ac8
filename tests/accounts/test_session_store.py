"""SESSION_ENGINE: one statement for each save; a new id in the same row; who was overtaken is told.

The session of a reset has no row: it is in its cookie.
"""

from __future__ import annotations

import base64
import re
import time
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
from accounts.encryption import seal_token
from accounts.session_store import SessionStore, content, row_key
from tests.accounts.helpers import time_passes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept() -> str:
    """The id of a session that holds a word."""
    session = SessionStore()
    session["name"] = "before"
    session.save()
    assert session.session_key
    return session.session_key


def test_each_save_is_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    session = SessionStore()
    session["name"] = "first"
    with django_assert_num_queries(1):
        session.save()
    session["name"] = "second"
    with django_assert_num_queries(1):
        session.save()
    session.cycle_key()
    session["name"] = "third"
    with django_assert_num_queries(1):
        session.save()
    assert SessionStore(session.session_key)["name"] == "third"
    assert Session.objects.count() == 1


def test_a_new_id_keeps_what_the_session_holds_and_the_old_one_opens_nothing(kept: str) -> None:
    session = SessionStore(kept)
    session.cycle_key()
    session.save()
    assert session.session_key not in (None, kept)
    assert SessionStore(session.session_key)["name"] == "before"
    assert SessionStore(kept).get("name") is None


def test_a_session_that_was_never_saved_gets_its_first_id() -> None:
    session = SessionStore()
    session["name"] = "new"
    session.cycle_key()
    assert session.modified
    session.save()
    assert SessionStore(session.session_key)["name"] == "new"


@pytest.mark.parametrize("renewed", [True, False])
def test_of_two_that_renew_or_end_it_at_once_the_second_is_told(kept: str, renewed: bool) -> None:
    mine, other = SessionStore(kept), SessionStore(kept)
    mine["name"] = "mine"
    other.cycle_key()
    if renewed:
        other.save()
    else:
        other.flush()
    mine.cycle_key()
    with pytest.raises(UpdateError):
        mine.save()
    assert [content(row) for row in Session.objects.all()] == ([{"name": "before"}] if renewed else [])


def test_a_session_that_is_ended_before_it_is_saved_leaves_no_row(kept: str) -> None:
    session = SessionStore(kept)
    session.cycle_key()
    session.flush()
    assert not Session.objects.exists()
    session["name"] = "after"
    session.save()
    assert SessionStore(session.session_key)["name"] == "after"


def test_an_id_that_is_taken_is_not_given_again(kept: str) -> None:
    with mock.patch.object(session_store, "get_random_string", side_effect=[kept, "b" * 32]):
        session = SessionStore()
        session["name"] = "mine"
        session.save()
    assert session.session_key == "b" * 32
    assert SessionStore(kept)["name"] == "before"


def test_x2_the_table_gives_nobody_a_session(kept: str) -> None:
    """Who reads it finds no cookie's value, and the row's key is none."""
    row = Session.objects.get()
    assert kept not in f"{row.session_key} {row.session_data} {content(row)}"
    assert len(row.session_key) == 40  # as many characters as Django's column has, 160 bits
    assert SessionStore(row.session_key).get("name") is None
    assert SessionStore(kept)["name"] == "before"


def test_x2_another_rows_content_opens_nothing(kept: str) -> None:
    """Who writes to the table copies an administrator's session into their own, or makes its row theirs."""
    mine = SessionStore()
    mine["name"] = "mine"
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
    data = signing.dumps({"name": "old"}, salt="django.contrib.sessions.SessionStore", serializer=JSONSerializer)
    for each in (key, row_key(key)):
        Session.objects.create(session_key=each, session_data=data, expire_date=timezone.now() + timedelta(days=1))
    assert SessionStore(key).get("name") is None


@pytest.fixture
def carried(django_assert_num_queries: DjangoAssertNumQueries) -> str:
    """The cookie of a session that has begun a reset."""
    session = SessionStore()
    session["challenge_reset"] = 4711
    with django_assert_num_queries(0):
        session.save()
    assert session.session_key
    assert re.fullmatch(r"[\w-]+", session.session_key, re.ASCII)
    return session.session_key


def test_the_session_of_a_reset_asks_the_database_nothing(
    carried: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        session = SessionStore(carried)
        assert session["challenge_reset"] == 4711
        session["entered"] = [4711, "somebody"]
        session.cycle_key()
        session.save()
        assert SessionStore(session.session_key)["entered"] == [4711, "somebody"]
        assert "entered" not in SessionStore(carried)
        session.flush()
    assert session.is_empty()


def test_x2_a_cookie_that_the_portal_did_not_write_opens_nothing(carried: str) -> None:
    """Nor one that it wrote as something else, nor a piece of one. And nobody reads what it holds."""
    other = seal_token(f'[{time.time()}, {{"challenge_reset": 4711}}]', "accounts.phone")
    changed = carried[:-6] + ("A" if carried[-6] != "A" else "B") + carried[-5:]
    for cookie in (other, changed, carried[:-4], "å" * 40, "." * 40, "A" * 4000):
        session = SessionStore(cookie)
        assert dict(session.items()) == {}
        assert session.session_key is None
    assert b"4711" not in base64.urlsafe_b64decode(carried + "===")


def test_s1_a_cookie_is_good_for_fifteen_minutes_after_its_last_use(carried: str) -> None:
    session = SessionStore(carried)
    session["word"] = "asked"
    session.touch()
    time_passes(minutes=14)
    session.save()
    time_passes(minutes=14)
    assert SessionStore(session.session_key)["word"] == "asked"
    assert dict(SessionStore(carried).items()) == {}
    time_passes(minutes=1)
    assert dict(SessionStore(session.session_key).items()) == {}


def test_a_cookie_is_written_anew_when_it_is_used_but_not_with_each_page(carried: str) -> None:
    for minutes, written in ((0, False), (1, True)):
        time_passes(minutes=minutes)
        session = SessionStore(carried)
        assert session["challenge_reset"]
        session.touch()
        assert session.modified == written


def test_whoever_signs_in_gets_a_row_and_the_cookie_of_before_stays_what_it_was(carried: str) -> None:
    session = SessionStore(carried)
    session["name"] = "signed in"
    session.save()
    assert session.has_row
    assert [content(row) for row in Session.objects.all()] == [{"challenge_reset": 4711, "name": "signed in"}]
    assert dict(SessionStore(carried).items()) == {"challenge_reset": 4711}
    del session["name"]
    session.save()
    assert SessionStore(session.session_key).has_row, "what has a row keeps it until it is ended"
