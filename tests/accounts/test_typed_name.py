"""The code page of a reset shows the user name as it was typed, and leads back to change it. E1: test_enumeration."""

from __future__ import annotations

import html

import pytest

from accounts import limits
from deploy.local.cast import STEFAN
from tests.accounts.helpers import NEW_PASSWORD, time_passes
from tests.conftest import Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def shown(walker: Walker, path: str) -> str:
    answer = walker.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["Lovstlin23", STEFAN.mail, "<b>&\"'x", "x" * limits.LONGEST_USERNAME])
def test_the_name_stands_as_it_was_typed_and_as_text(walker: Walker, name: str) -> None:
    walker.ask(name)
    for page in (shown(walker, "/aterstall/kod/"), walker.enter_code("1").content.decode()):
        assert f'<strong translate="no">{html.escape(name)}</strong>' in page
        assert '<a href="/aterstall/">Fel användarnamn? Ändra</a>' in page
        assert "<b>" not in page


def test_who_goes_back_to_change_it_finds_it_in_the_field(walker: Walker) -> None:
    """WCAG 3.3.7; and nothing is lost: the code still works for who changes nothing."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    assert f'name="username" value="{STEFAN.username}"' in shown(walker, "/aterstall/")
    walker.ask(STEFAN.username)
    assert len(walker.sms) == 1
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_the_next_name_takes_the_place_of_the_first(walker: Walker) -> None:
    walker.ask("lovstlin23")
    walker.ask(STEFAN.username)
    page = shown(walker, "/aterstall/kod/")
    assert "lovstlin23" not in page
    assert f">{STEFAN.username}</strong>" in page


def test_nobody_else_sees_it(walker: Walker, another_walker: Walker) -> None:
    for _ in ("made", "kept"):
        walker.ask("lovstlin23")
        another_walker.ask("lovannan01")
        assert "lovstlin23" in shown(walker, "/aterstall/kod/")
        assert "lovstlin23" not in shown(another_walker, "/aterstall/kod/") + shown(another_walker, "/aterstall/")
    another_walker.client.cookies.clear()
    assert 'name="username" value=' not in shown(another_walker, "/aterstall/")


def test_it_is_gone_with_the_journey(walker: Walker) -> None:
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    assert 'name="username" value=' not in shown(walker, "/aterstall/")


def test_who_took_too_long_need_not_type_it_again(walker: Walker) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code()
    time_passes(minutes=10, seconds=5)
    walker.get("/aterstall/losenord/")
    page = shown(walker, "/aterstall/")
    assert "Det tog för lång tid." in page
    assert f'name="username" value="{STEFAN.username}"' in page
