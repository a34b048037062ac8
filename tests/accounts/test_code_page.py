"""The pages where a code is entered: what is no code, and another code. See tests/browser/test_code_page.py, too."""

from __future__ import annotations

import re

import pytest

from accounts.models import Challenge, FailedTry
from deploy.local.cast import KARL
from tests.accounts.helpers import NEW_NUMBER_TYPED, WRONG_CODE, text_of, time_passes
from tests.conftest import Walker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


@pytest.mark.parametrize("typed", ["12345", "1234567", "12 34", "abcdef", "1" * 30])
def test_a_code_of_another_length_is_told_so_and_is_no_try(walker: Walker, typed: str) -> None:
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    page = text_of(walker.enter_register_code(typed))
    walker.enter_register_code()
    walker.client.cookies.clear()
    walker.ask(KARL.username)
    for told in (page, text_of(walker.enter_code(typed))):
        assert "Koden har sex siffror." in told
        assert WRONG_CODE not in told
    assert set(Challenge.objects.values_list("failures", flat=True)) == {0}
    assert not FailedTry.objects.exclude(kind=FailedTry.Secret.PASSWORD).exists()
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_one_thing_has_the_focus_when_a_page_opens(walker: Walker) -> None:
    """Chromium blocks a second autofocus, and complains. What went wrong, or what came of a press, has it."""
    walker.log_in(KARL)
    pages = [walker.give_number("08-1"), walker.give_number(NEW_NUMBER_TYPED), walker.enter_register_code("1")]
    walker.client.post("/registrera/kod/igen/")
    pages.append(walker.get("/registrera/kod/"))
    walker.client.cookies.clear()
    walker.ask(KARL.username)
    walker.ask_again()
    pages += [walker.get("/aterstall/kod/"), walker.enter_code("1")]
    counts = [len(re.findall(r"\bautofocus\b", page.content.decode())) for page in pages if page.status_code == 200]
    assert counts == [1] * 5
    time_passes(seconds=61)
    walker.ask_again()
    page = walker.get("/aterstall/kod/").content.decode()
    assert re.search(r'role="status"[^>]* autofocus[^>]*><p>Om kontot finns skickar vi en ny kod', page)
