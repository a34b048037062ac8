"""No admin page reads a growing table to its end. Counts the rows that PostgreSQL read, never time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.admin import long_lists
from tests.accounts.admin.conftest import Say
from tests.emptying import past_the_guard

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

TRAIL_LIST = "/admin/accounts/auditevent/"
GROWING = ("accounts_auditevent", "notifications_message")
ROWS, COUNTED = 20_000, 500
MOST = 4 * COUNTED  # rows that a page may read of one of them

TRAIL = f"""INSERT INTO accounts_auditevent (at, event, actor, subject, subject_name, company, result)
    SELECT now() - n * interval '36 minutes', CASE WHEN n % 2000 = 7 THEN 'phone removed' ELSE 'code sent' END,
    'actor' || n % 5000, 'subject' || n % 5000, 'lovfyll' || n % 5000, 'Omsorg ' || n % 500, ''
    FROM generate_series(1, {ROWS}) n"""
PEOPLE = """INSERT INTO accounts_user
    (password, is_superuser, directory_id, username, session_epoch, is_active, is_staff)
    SELECT '!', false, 'subject' || i, 'lovfyll' || i, 0, true, false FROM generate_series(1, 5000) i"""
MESSAGES = f"""INSERT INTO notifications_message (uid, kind, purpose, "to", to_digest, subject, text, html, about,
    state, attempts, perhaps_sent, created_at, next_try_at, useful_until, settled_at, error)
    SELECT gen_random_uuid(), 'mail', 'password reset', '', md5('t' || n), '', '', '', 'subject' || n % 5000,
    CASE WHEN n % 2000 = 7 THEN 'refused' ELSE 'sent' END, 1, 0, at, at, at, at, ''
    FROM (SELECT n, now() - n * interval '36 minutes' AS at FROM generate_series(1, {ROWS}) n) x"""


@pytest.fixture
def grown(admin: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An administrator's browser, before a trail and an outbox of 16 months."""
    monkeypatch.setattr(long_lists, "COUNTED", COUNTED)
    with connection.cursor() as cursor:
        for statement in (TRAIL, PEOPLE, MESSAGES):
            cursor.execute(statement)
    past_the_guard("ANALYZE")  # the owner's to do
    return admin


def rows_read(statement: str) -> int:
    """Of one of the tables that grow, by the node of the plan that read the most."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        found = cursor.fetchone()[0]
    plan = found if isinstance(found, list) else json.loads(found)
    return max([_rows_of(node) for node in _nodes(plan[0]["Plan"]) if node.get("Relation Name") in GROWING], default=0)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _rows_of(node: dict[str, Any]) -> int:
    one = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int(one * node["Actual Loops"])


PAGES = (
    "accounts/auditevent/",
    "accounts/auditevent/?p=10",
    "accounts/auditevent/?at__year=2026",
    "accounts/auditevent/?handelse=code+sent",
    "accounts/auditevent/?handelse=phone+removed",
    "accounts/auditevent/?q=lovfyll777",
    "accounts/auditevent/?q=Omsorg+77",
    "accounts/auditevent/?q=lovfyll",
    "accounts/auditevent/?q=finns+inte",
    "notifications/message/",
    "notifications/message/?lage=refused",
    "notifications/message/?lage=sent",
    "notifications/message/?q=carin@hemtjanst-ett.example",
    "../metrics",
)


def test_a_page_reads_some_rows_and_not_all(grown: Client) -> None:
    assert rows_read("SELECT count(*) FROM accounts_auditevent") >= ROWS  # such a statement would be noticed
    asked: dict[str, list[str]] = {}
    for path in PAGES:
        with CaptureQueriesContext(connection) as queries:
            assert grown.get(urljoin("/admin/", path)).status_code == 200, path
        statements = [query["sql"] for query in queries]
        asked[path] = [one for one in statements if any(f'FROM "{table}"' in one for table in GROWING)]
    assert all(asked.values())
    read = {(path, one): rows_read(one) for path, statements in asked.items() for one in statements}
    assert {which: rows for which, rows in read.items() if rows > MOST} == {}


def test_no_plan_is_kept_for_a_list(grown: Client) -> None:
    """One for any beginning of a name can't take the index of beginnings."""
    for _ in range(8):  # after five, psycopg prepares a statement
        grown.get(f"{TRAIL_LIST}?q=finns+inte")
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [statement for (statement,) in cursor.fetchall()]
    assert prepared, "of the pages' other statements"
    assert [statement for statement in prepared if "LIKE" in statement] == []


def test_a_list_says_where_it_ends(grown: Client, say: Say) -> None:
    page = grown.get(TRAIL_LIST)
    assert say(page, f"Fler än {COUNTED} händelser i loggen")
    assert grown.get(f"{TRAIL_LIST}?p=10").status_code == 200
    assert grown.get(f"{TRAIL_LIST}?p=11").status_code == 302
    removed = grown.get(f"{TRAIL_LIST}?handelse=phone+removed")
    assert say(removed, "10 träffar")
    assert not say(removed, "Fler än")
    years = _dates(page, "year")
    assert len(years) in (2, 3)
    assert years == list(range(years[0], years[0] + len(years)))
    assert len(_dates(grown.get(f"{TRAIL_LIST}?at__year={years[1]}"), "month")) >= 2
    many = grown.get(f"{TRAIL_LIST}?q=lovfyll")
    assert say(many, "Så börjar fler än 100 användarnamn.")
    assert say(many, "lovfyll1 ")
    assert not say(grown.get(f"{TRAIL_LIST}?q=lovfyll777"), "Så börjar")


def _dates(page: Any, unit: str) -> list[int]:
    """That the page offers."""
    return sorted({int(found) for found in re.findall(rf"at__{unit}=(\d+)", page.content.decode())})
