"""The audit trail in the admin (security.md L1): searched and read, changed by nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts import audit, directory, users
from accounts.audit.trail import in_words
from accounts.models import AuditEvent, Company, Event, User
from deploy.local.cast import KARL, STEFAN
from tests.accounts.admin.conftest import Say, company

LIST = "/admin/accounts/auditevent/"


def told(result: str = "wrong") -> AuditEvent:
    stefan = directory.connect().find(STEFAN.username)
    assert stefan
    audit.record(Event.LOGIN_REFUSED, stefan, result=result, address="192.0.2.7")
    newest = AuditEvent.objects.last()
    assert newest
    return newest


def test_the_newest_comes_first_with_names_and_words(admin: Client, eva: User, say: Say) -> None:
    told()
    audit.record(Event.COMPANY_CHANGED, company(), actor=eva, result="name, directory_values")
    page = admin.get(LIST)
    assert say(page, "Inloggning: nekad – lovstlin32 Hemtjänst Ett AB fel 192.0.2.7")
    assert say(page, "Företag: ändrat admeva – Hemtjänst Ett AB namn, värden i katalogen –")
    assert re.findall(r'field-what">([^<]+)', page.content.decode()) == ["Företag: ändrat", "Inloggning: nekad"]


@pytest.mark.parametrize("term", ["lovstlin32", "LOVST", "hemtjänst ett"])
def test_it_is_found_by_name_or_its_beginning(term: str, admin: Client, say: Say) -> None:
    told()
    assert say(admin.get(LIST, {"q": term}), "192.0.2.7")
    assert not say(admin.get(LIST, {"q": "stlin"}), "192.0.2.7")


def test_it_is_found_by_who_did_it(admin: Client, eva: User, say: Say) -> None:
    karl = directory.connect().find(KARL.username)
    assert karl
    users.for_account(karl)
    audit.record(Event.COMPANY_CHANGED, company(), actor=eva)
    assert say(admin.get(LIST, {"q": "adme"}), "Företag: ändrat admeva")
    assert not say(admin.get(LIST, {"q": KARL.username}), "Företag: ändrat admeva")


def test_it_is_filtered_by_event(admin: Client, say: Say) -> None:
    told()
    assert say(admin.get(LIST, {"handelse": Event.LOGIN_REFUSED}), "192.0.2.7")
    assert not say(admin.get(LIST, {"handelse": Event.LOGIN_DONE}), "192.0.2.7")


@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_nobody_changes_it(path: str, admin: Client, eva: User) -> None:
    """Not even who is a superuser by flag."""
    User.objects.filter(pk=eva.pk).update(is_superuser=True)
    row = told()
    count = AuditEvent.objects.count()
    answer = admin.post(LIST + path.format(pk=row.pk), {"post": "yes", "result": "forged", "event": "login done"})
    assert answer.status_code == 403
    action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin.post(LIST, action)
    assert AuditEvent.objects.count() == count
    assert AuditEvent.objects.get(pk=row.pk).result == "wrong"


def test_a_page_takes_as_many_queries_for_forty_as_for_one(admin: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(40):
        told()
    with django_assert_max_num_queries(15):
        admin.get(LIST)


def test_every_event_has_words() -> None:
    """Django makes a label of the name where none is given; Swedish ones are none of those."""
    assert [event for event in Event if str(event.label) == event.name.replace("_", " ").title()] == []


def test_results_in_words() -> None:
    assert in_words("reset by gateway 2", None) == "byta lösenord, sms-leverantör 2"
    assert in_words("company, 12 rows", None) == "företag, 12 rader"
    assert in_words("2026-11-25: 2 accounts, 1 mails", None) == "2026-11-25: 2 konton, 1 mejl"
    assert in_words("name, active", Company) == "namn, aktivt"
    assert in_words("broken rules, letters", None) == "bröt mot reglerna, otillåtna bokstäver"
    assert in_words("what nobody foresaw", None) == "what nobody foresaw"
