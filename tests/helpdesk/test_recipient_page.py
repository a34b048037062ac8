"""The page on which a new recipient confirms, for whoever has the link and for whoever has not."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Event
from helpdesk.tickets import recipients
from tests.accounts.helpers import text_of, trail
from tests.helpdesk.asked import all_becomes_older, link_to, token_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.recipients import FIRST, GONE, NEW, NEWER, PATH, approved, counting, have, press

pytestmark = pytest.mark.django_db


def test_opening_the_link_confirms_nothing_and_shows_no_other_address(register: Register) -> None:
    """A program that looks at links opens them; and whoever gets a letter need not know who else does."""
    have(register.ett, FIRST)
    approved(register, FIRST, NEW)
    page = Client().get(link_to(NEW))
    assert counting(register.ett) == [FIRST]
    text = text_of(page)  # type: ignore[arg-type]
    assert all(words in text for words in ("Hemtjänst Ett AB", NEW, "Carin Ek", "Bekräfta min adress"))
    assert FIRST not in page.content.decode()
    assert page.headers["Cache-Control"] == "no-store, private"


def test_a_link_is_good_once(register: Register) -> None:
    have(register.ett, FIRST)
    approved(register, NEW)
    token = token_of(NEW)
    press(NEW)
    have(register.ett, FIRST)
    answer = Client().post(PATH, {"nyckel": token})
    assert "Har du redan bekräftat din adress?" in text_of(answer)  # type: ignore[arg-type]
    assert counting(register.ett) == [FIRST]
    assert trail(Event.RECIPIENT_CONFIRMED) == [Event.RECIPIENT_CONFIRMED]


def test_a_link_is_good_for_seven_days(register: Register) -> None:
    approved(register, NEW, NEWER)
    all_becomes_older(days=6, hours=23, minutes=59)
    press(NEW)
    all_becomes_older(minutes=2)
    assert GONE in press(NEWER)
    assert recipients.waiting(register.ett) == []
    assert counting(register.ett) == [NEW]


@pytest.mark.parametrize("query", ["", "?nyckel=", "?nyckel=fel", "?nyckel=%00", "?nyckel=" + "x" * 3000])
def test_any_other_link_says_what_to_do(db: None, query: str) -> None:
    page = Client().get(PATH + query)
    assert page.status_code == 200
    assert GONE in text_of(page)  # type: ignore[arg-type]
    assert "Be företagets behöriga beställare att anmäla din adress på nytt" in text_of(page)  # type: ignore[arg-type]


def test_the_form_has_a_limit_by_address(register: Register, settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 3
    answers = [Client().post(PATH, {"nyckel": "fel"}).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
