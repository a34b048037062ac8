"""Importing a file: its changes are shown first, and then exactly those are written, or nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts import companies
from accounts.limits import LARGEST_FILE
from accounts.models import AuditEvent, Company, Event, Orderer, User
from deploy.local.cast import CARIN, HEMTJANST_ETT, OMSORG_TVA
from tests.accounts.admin.conftest import Say, company
from tests.accounts.helpers import content

IMPORT = "/admin/accounts/company/import/"
CONFIRM = "/admin/accounts/company/process_import/"
HEADER = "name,organisation_number,directory_value,recipient1,recipient2\n"
NEW = f"{OMSORG_TVA},559900-1129,{OMSORG_TVA},ny@omsorg-tva.example,\n"
ETT = f"{HEMTJANST_ETT},556677-8899,{HEMTJANST_ETT},ny@hemtjanst-ett.example,\n"


def choose(admin: Client, text: str, path: str = IMPORT) -> object:
    return admin.post(path, {"file": SimpleUploadedFile("register.csv", text.encode(), "text/csv")})


def plan(page: object) -> str:
    found = re.search(r'name="plan" value="(\w+)"', page.content.decode())  # type: ignore[attr-defined]
    assert found, "there is nothing to confirm"
    return found[1]


def test_what_changes_is_shown_and_then_written(admin: Client, say: Say, eva: User) -> None:
    company()
    page = choose(admin, HEADER + ETT + NEW)
    assert say(page, "Nya: 1. Ändrade: 1. Oförändrade: 0.")
    assert say(page, f"Mottagare 1 {CARIN.mail} → ny@hemtjanst-ett.example")
    assert Company.objects.count() == 1
    answer = admin.post(CONFIRM, {"plan": plan(page)}, follow=True)
    assert say(answer, "Importen är klar. Nya: 1. Ändrade: 1.")
    assert {each.recipient1 for each in Company.objects.all()} == {"ny@hemtjanst-ett.example", "ny@omsorg-tva.example"}
    told = AuditEvent.objects.filter(event__in=(Event.COMPANY_ADDED, Event.RECIPIENTS_CHANGED))
    assert {(each.actor, each.address) for each in told} == {(eva.directory_id, "127.0.0.1")}


def test_one_wrong_line_and_nothing_can_be_confirmed(admin: Client, say: Say) -> None:
    page = choose(admin, HEADER + NEW + "Vård Tre AB,556677-8890,Vård,,\nVård Fyra AB,1,Vård,,\n")
    assert say(page, "2 fel i filen. Inget är importerat.")
    assert say(page, "Rad 3: organisation_number:")
    assert say(page, "Rad 4:")
    assert 'name="plan"' not in page.content.decode()  # type: ignore[attr-defined]
    admin.post(CONFIRM, {"plan": "x"})
    assert not Company.objects.exists()


def test_a_register_that_changed_meanwhile_is_shown_anew(admin: Client, say: Say, eva: User) -> None:
    """Nothing else is written than what was agreed to."""
    ett = company()
    first = plan(choose(admin, HEADER + ETT))
    companies.set_recipients(ett.pk, ["annan@hemtjanst-ett.example"], actor=eva)
    page = admin.post(CONFIRM, {"plan": first})
    assert say(page, "registret har ändrats sedan du tittade")
    assert say(page, "annan@hemtjanst-ett.example → ny@hemtjanst-ett.example")
    ett.refresh_from_db()
    assert list(ett.recipients) == ["annan@hemtjanst-ett.example"]
    admin.post(CONFIRM, {"plan": plan(page)})
    ett.refresh_from_db()
    assert list(ett.recipients) == ["ny@hemtjanst-ett.example"]


def test_another_file_in_another_tab_is_not_written_instead(admin: Client, say: Say) -> None:
    first = plan(choose(admin, HEADER + NEW))
    choose(admin, HEADER + ETT)
    assert say(admin.post(CONFIRM, {"plan": first}), "registret har ändrats")
    assert not Company.objects.exists()


def test_a_confirmation_counts_once(admin: Client, say: Say) -> None:
    agreed = plan(choose(admin, HEADER + NEW))
    admin.post(CONFIRM, {"plan": agreed})
    assert say(admin.post(CONFIRM, {"plan": agreed}, follow=True), "Filen finns inte kvar här")
    assert say(admin.get(CONFIRM, follow=True), "Filen finns inte kvar här")


def test_any_web_process_may_answer(admin: Client, settings: Settings) -> None:
    """What is kept lies neither in this process nor in its cache."""
    agreed = plan(choose(admin, HEADER + NEW))
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    admin.post(CONFIRM, {"plan": agreed})
    assert Company.objects.exists()


def test_what_is_kept_is_not_readable_and_ends(admin: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X1: ciphertext in the database, nothing in a folder, and no longer than half an hour."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = set(Session.objects.values_list("session_key", flat=True))
    agreed = plan(choose(admin, HEADER + NEW))
    row = Session.objects.exclude(session_key__in=before).get()
    assert "omsorg" not in str(content(row)).lower()
    assert row.session_key not in agreed
    assert list(tmp_path.iterdir()) == []
    Session.objects.filter(pk=row.pk).update(expire_date="2020-01-01T00:00Z")
    admin.post(CONFIRM, {"plan": agreed})
    assert not Company.objects.exists()


def test_nothing_to_change_is_said(admin: Client, say: Say) -> None:
    company()
    page = choose(admin, f"{HEADER}{HEMTJANST_ETT},556677-8899,{HEMTJANST_ETT},{CARIN.mail},\n")
    assert say(page, "Filen ändrar inget")


def test_a_file_that_is_too_large_is_refused_in_words(admin: Client, say: Say) -> None:
    assert say(choose(admin, HEADER + "x" * LARGEST_FILE), "större än 2 MB")
    assert say(admin.post(IMPORT, {}), "Välj en fil.")


def test_no_more_is_shown_than_a_web_process_can(admin: Client, say: Say) -> None:
    page = choose(admin, HEADER + "a,1,b,,\n" * 150)
    assert say(page, "150 fel i filen")
    assert say(page, "Rad 101:")
    assert not say(page, "Rad 102:")
    assert say(page, "… och 50 till")
    assert say(choose(admin, HEADER + "a,1,b,,\n" * 10_001), "fler än 10000 rader")


def test_orderers_likewise(admin: Client, say: Say) -> None:
    company()
    path = "/admin/accounts/orderer/import/"
    page = choose(admin, f"company,name,email,mobile\n{HEMTJANST_ETT},Carin Ek,{CARIN.mail},+46701740650\n", path)
    assert say(page, "Mobilnummer 070-174 06 50")
    admin.post("/admin/accounts/orderer/process_import/", {"plan": plan(page)})
    assert Orderer.objects.get().mobile == CARIN.phone
