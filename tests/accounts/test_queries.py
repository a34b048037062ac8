"""What a page costs in queries: issue 2, "no page of it needs more than five queries"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deploy.local.cast import KARL, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD
from tests.conftest import Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

PAGE = 5
# A click does more: it writes the trail, and counts.
CLICK = 12
# The last click of a journey ends challenges and sessions as well.
LAST_CLICK = 16
# Notices are queued in its transaction.
NOTICES = 1
# Here, without a worker, the request also does what the tasks do: look up and send a code; and for each notice claim
# it, read it, settle it.
COUNTS = 4  # whether a code may go out is told at once to a person who has logged in (D2)
CLICK_WITH_TASK = 25
DELIVERY = 3
ON_HOLD = 1  # whether the number has to wait for codes, which the last page says (G6)
BLOCKED = 1  # whether a first number may be registered (G7)


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Counts what is no beginning or end of a transaction."""
    with CaptureQueriesContext(connection) as captured:
        yield
    asked = [
        query["sql"]
        for query in captured.captured_queries
        if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    assert len(asked) <= limit, "\n".join(asked)


def page(walker: Walker, path: str) -> None:
    with at_most(PAGE):
        assert walker.get(path).status_code == 200


def test_registering(walker: Walker) -> None:
    page(walker, "/registrera/")
    with at_most(CLICK):
        walker.log_in(KARL)
    page(walker, "/registrera/mobil/")
    with at_most(CLICK_WITH_TASK + COUNTS + BLOCKED):
        walker.give_number(NEW_NUMBER_TYPED)
    page(walker, "/registrera/kod/")
    with at_most(CLICK):
        walker.enter_register_code("123")
    with at_most(LAST_CLICK + NOTICES + DELIVERY + BLOCKED + ON_HOLD):  # a mail
        assert walker.enter_register_code().status_code == 302
    page(walker, "/registrera/klart/")


def test_resetting(walker: Walker) -> None:
    has_number(STEFAN)
    page(walker, "/aterstall/")
    with at_most(CLICK_WITH_TASK):
        walker.ask(STEFAN.username)
    page(walker, "/aterstall/kod/")
    with at_most(CLICK):
        walker.enter_code("123")
    with at_most(CLICK):
        assert walker.enter_code().status_code == 302
    page(walker, "/aterstall/losenord/")
    with at_most(CLICK):
        walker.choose("kort")
    with at_most(LAST_CLICK + NOTICES + 2 * DELIVERY):  # an SMS and a mail
        assert walker.choose(NEW_PASSWORD).status_code == 302
    page(walker, "/aterstall/klart/")


@pytest.mark.parametrize("path", ["/", "/tillganglighet/", "/personuppgifter/", "/healthz/live"])
def test_pages_about_nobody(walker: Walker, path: str) -> None:
    with at_most(0):
        assert walker.get(path).status_code == 200
