"""Who gets in to which pages."""

from __future__ import annotations

from django.test import Client

from tests.accounts.staff import Officer


def test_an_agent_comes_in_and_the_admin_stays_closed(per: Officer) -> None:
    assert per.get("/helpdesk/").status_code in (200, 404)
    assert per.get("/admin/").status_code == 403


def test_nobody_comes_in_without_signing_in(db: None) -> None:
    assert Client().get("/helpdesk/").status_code in (302, 404)
    assert Client().get("/bestallare/").status_code in (302, 404)
