"""SESSION_ENGINE: Django's own, but who reads or writes its table gets into no session (security.md X2, S1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.utils import timezone

from accounts.sessions.store import SessionStore, row_key
from tests.accounts.helpers import content

pytestmark = pytest.mark.django_db(transaction=True)


def kept(name: str = "before") -> str:
    """The id of a session that holds a word."""
    session = SessionStore()
    session["name"] = name
    session.save()
    assert session.session_key
    return session.session_key


def held(key: str | None) -> dict[str, object]:
    return dict(SessionStore(key).items())


def test_a_new_id_keeps_what_the_session_holds_and_the_old_one_opens_nothing() -> None:
    key = kept()
    session = SessionStore(key)
    session.cycle_key()
    session["more"] = "after"
    session.save()
    assert session.session_key not in (None, key)
    assert held(session.session_key) == {"name": "before", "more": "after"}
    assert held(key) == {}
    assert Session.objects.count() == 1


@pytest.mark.parametrize("key", ["a" * 32, "a" * 4000, "å" * 40, None])
def test_s1_an_id_that_the_portal_did_not_make_is_never_taken(key: str | None) -> None:
    session = SessionStore(key)
    assert session.get("name") is None
    session["name"] = "mine"
    session.save()
    assert session.session_key not in (key, None)


def test_s1_a_session_that_was_ended_leaves_no_row_and_is_over_in_time() -> None:
    ended, idle = kept(), kept()
    SessionStore(ended).flush()
    assert held(ended) == {}
    Session.objects.update(expire_date=timezone.now())
    assert held(idle) == {}
    assert not Session.objects.exists()


def test_x2_the_table_gives_nobody_a_session() -> None:
    """Who reads it finds no cookie's value, and the row's key is none."""
    key = kept()
    row = Session.objects.get()
    assert key not in f"{row.session_key} {row.session_data} {content(row)}"
    assert len(row.session_key) == 40  # as many characters as Django's column has, 160 bits
    assert held(row.session_key) == {}
    assert held(key) == {"name": "before"}


def test_x2_another_rows_content_opens_nothing() -> None:
    """Who writes to the table copies an administrator's session into their own, or makes its row theirs."""
    theirs, mine = kept("theirs"), kept("mine")
    row = Session.objects.get(session_key=row_key(theirs))
    Session.objects.filter(session_key=row_key(mine)).update(session_data=row.session_data)
    assert held(mine) == {}
    Session.objects.filter(session_key=row_key(mine)).delete()
    Session.objects.filter(session_key=row_key(theirs)).update(session_key=row_key(mine))
    assert held(mine) == {}


def test_x2_sessions_of_before_the_digests_open_nothing() -> None:
    """Their rows had the cookie's value itself as key."""
    key = "a" * 32
    data = signing.dumps({"name": "old"}, salt="django.contrib.sessions.SessionStore", serializer=JSONSerializer)
    for each in (key, row_key(key)):
        Session.objects.create(session_key=each, session_data=data, expire_date=timezone.now() + timedelta(days=1))
    assert held(key) == {}
