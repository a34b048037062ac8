"""The administrator's pages of companies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import companies
from accounts.models import AuditEvent, Company, Event, Orderer, User
from accounts.models.companies import CompanyConflicts
from deploy.local.cast import CARIN, COMPANIES, HEMTJANST_ETT, OMSORG_TVA
from tests.accounts.admin.conftest import Say, carin, company

LIST = "/admin/accounts/company/"
FIELDS = {
    "name": HEMTJANST_ETT,
    "organisation_number": "5566778899",
    "directory_values": HEMTJANST_ETT,
    "recipient1": CARIN.mail,
    "recipient2": "",
    "active": "on",
}


def seen(row: Company | Orderer) -> str:
    newest = row.history.first()
    return str(newest.pk) if newest else ""


def test_adds_a_company(admin: Client, eva: User) -> None:
    assert admin.post(f"{LIST}add/", FIELDS).status_code == 302
    made = Company.objects.get()
    assert (made.organisation_number, list(made.recipients)) == ("556677-8899", [CARIN.mail])
    added = AuditEvent.objects.get(event=Event.COMPANY_ADDED)
    assert (added.actor, added.company, added.address) == (eva.directory_id, HEMTJANST_ETT, "127.0.0.1")


def test_mistakes_are_told_at_their_fields(admin: Client, say: Say) -> None:
    company()
    page = admin.post(f"{LIST}add/", {**FIELDS, "name": OMSORG_TVA, "recipient2": CARIN.mail.upper()})
    assert say(page, "Organisationsnumret finns redan hos Hemtjänst Ett AB")
    assert say(page, "hör redan till Hemtjänst Ett AB")
    assert say(page, "Det är samma adress som mottagare 1")
    assert Company.objects.count() == 1


def test_one_who_was_a_moment_faster_is_a_mistake_in_the_form(
    admin: Client, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the other one had saved between the check and the write: the database refuses, the form says why."""
    company()
    right, asked = CompanyConflicts.of_company, []

    def blind_at_first(self: CompanyConflicts, made: Company) -> dict[str, str]:
        asked.append(made)
        return right(self, made) if len(asked) > 1 else {}

    monkeypatch.setattr(CompanyConflicts, "of_company", blind_at_first)
    page = admin.post(f"{LIST}add/", {**FIELDS, "name": OMSORG_TVA})
    assert page.status_code == 200
    assert say(page, "Någon annan sparade samtidigt")
    assert say(page, "Organisationsnumret finns redan hos Hemtjänst Ett AB")
    assert Company.objects.count() == 1
    assert not AuditEvent.objects.filter(event=Event.COMPANY_ADDED).exists()


def test_what_somebody_saved_meanwhile_is_not_overwritten(admin: Client, say: Say, eva: User) -> None:
    ett = company()
    page = seen(ett)
    companies.set_recipients(ett.pk, ["ny@hemtjanst-ett.example"], actor=eva)
    answer = admin.post(f"{LIST}{ett.pk}/change/", {**FIELDS, "name": "Ett AB", "seen": page})
    assert say(answer, "medan du hade sidan öppen (admeva)")
    ett.refresh_from_db()
    assert (ett.name, list(ett.recipients)) == (HEMTJANST_ETT, ["ny@hemtjanst-ett.example"])
    admin.post(f"{LIST}{ett.pk}/change/", {**FIELDS, "name": "Ett AB", "seen": seen(ett)})
    ett.refresh_from_db()
    assert (ett.name, list(ett.recipients)) == ("Ett AB", [CARIN.mail])


def test_history_tells_who_changed_what_from_what_to_what(admin: Client, say: Say, eva: User) -> None:
    ett = company()
    admin.post(f"{LIST}{ett.pk}/change/", {**FIELDS, "recipient1": "ny@hemtjanst-ett.example", "seen": seen(ett)})
    page = admin.get(f"{LIST}{ett.pk}/history/")
    for words in ("admeva", "Mottagare 1", CARIN.mail, "ny@hemtjanst-ett.example"):
        assert say(page, words)


def test_history_is_no_way_to_write(admin: Client) -> None:
    """The library saves what is posted to an earlier state, whether or not it shows a button."""
    ett = company()
    admin.post(f"{LIST}{ett.pk}/history/{ett.history.get().pk}/", {**FIELDS, "name": "Ett AB"})
    ett.refresh_from_db()
    assert ett.name == HEMTJANST_ETT


@pytest.mark.parametrize(
    "query",
    [
        "q=hemtj",
        "q=5566778899",
        "q=556677-8899",
        "q=carin",
        "q=katalog",
        "mottagare=studsar",
        "active__exact=1&q=ett",
    ],
)
def test_searches_and_filters_find(query: str, admin: Client, say: Say) -> None:
    ett, _ = (company(told) for told in COMPANIES)
    Company.objects.filter(pk=ett.pk).update(directory_values="I katalogen")
    companies.note_bounce(CARIN.mail.upper(), "550 No such user")
    page = admin.get(f"{LIST}?{query}")
    assert say(page, HEMTJANST_ETT)
    assert not say(page, OMSORG_TVA)


def test_what_is_missing_stands_out(admin: Client, say: Say) -> None:
    ett, _ = (company(told) for told in COMPANIES)
    carin(ett)
    companies.note_bounce(CARIN.mail, "550 No such user")
    page = admin.get(LIST)
    assert say(page, "Mottagare saknas")
    assert say(page, "Mejlet studsar")
    assert say(admin.get(f"{LIST}?mottagare=saknas"), OMSORG_TVA)
    assert say(admin.get(f"{LIST}{ett.pk}/change/"), "550 No such user")


def test_a_company_that_is_removed(admin: Client, say: Say, eva: User) -> None:
    ett = company()
    carin(ett)
    page = admin.get(f"{LIST}{ett.pk}/delete/")
    assert say(page, "1 beställare förlorar företaget")
    assert say(page, "inget annat företag kvar")
    assert Company.objects.exists()
    admin.post(f"{LIST}{ett.pk}/delete/", {"post": "yes"})
    assert not Company.objects.exists()
    assert AuditEvent.objects.get(event=Event.COMPANY_REMOVED).actor == eva.directory_id
    assert say(admin.get("/admin/accounts/orderer/?foretag=-"), CARIN.name)


@pytest.mark.parametrize("path", [LIST, "/admin/accounts/orderer/"])
def test_a_list_takes_as_many_queries_for_forty_as_for_one(
    path: str, admin: Client, django_assert_max_num_queries: Any
) -> None:
    """2,000 companies and 4,000 orderers: nothing is looked up row by row."""
    for at in range(40):
        number = f"{at:06d}-0000"
        made = Company.objects.create(name=f"Vård {at} AB", organisation_number=number, directory_values=f"Vård {at}")
        orderer = Orderer.objects.create(name=f"Siv {at}", email=f"siv{at}@vard.example", mobile=CARIN.phone)
        orderer.companies.add(made)
    with django_assert_max_num_queries(12):
        assert admin.get(path).status_code == 200
