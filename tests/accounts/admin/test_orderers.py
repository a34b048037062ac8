"""The administrator's pages of orderers."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Company, Event, Orderer, User
from deploy.local.cast import CARIN, COMPANIES, HEMTJANST_ETT, OMSORG_TVA
from tests.accounts.admin.conftest import Say, carin, company
from tests.accounts.admin.test_companies import seen

LIST = "/admin/accounts/orderer/"


def fields(*companies: Company, **values: str) -> dict[str, object]:
    usual = {"name": CARIN.name, "email": CARIN.mail, "mobile": "0701740650", "active": "on"}
    return {**usual, "companies": [each.pk for each in companies], **values}


def test_adds_an_orderer_of_two_companies(admin: Client, eva: User) -> None:
    ett, tva = (company(told) for told in COMPANIES)
    assert admin.post(f"{LIST}add/", fields(ett, tva)).status_code == 302
    made = Orderer.objects.get()
    assert (made.mobile, {each.name for each in made.companies.all()}) == (CARIN.phone, {HEMTJANST_ETT, OMSORG_TVA})
    assert made.history.count() == 1
    assert AuditEvent.objects.get(event=Event.ORDERER_ADDED).actor == eva.directory_id


def test_mistakes_are_told_at_their_fields(admin: Client, say: Say) -> None:
    ett = company()
    carin(ett)
    page = admin.post(f"{LIST}add/", fields(ett, mobile="019-21 10 00"))
    assert say(page, "inget mobilnummer")
    assert say(page, f"Adressen finns redan hos beställaren {CARIN.name}")
    assert say(admin.post(f"{LIST}add/", fields(email="siv@x.example")), "Detta fält måste fyllas i")
    assert Orderer.objects.count() == 1


def test_numbers_are_shown_as_people_write_them(admin: Client, say: Say) -> None:
    ett = company()
    her = carin(ett)
    page = admin.get(f"{LIST}{her.pk}/change/")
    assert 'value="070-174 06 50"' in page.content.decode()
    admin.post(f"{LIST}{her.pk}/change/", fields(ett, mobile="+46701740651", seen=seen(her)))
    assert say(admin.get(LIST), "070-174 06 51")
    history = admin.get(f"{LIST}{her.pk}/history/")
    assert say(history, "070-174 06 50 → 070-174 06 51")
    assert "+4670" not in history.content.decode()


def test_history_tells_of_companies(admin: Client, say: Say) -> None:
    ett, tva = (company(told) for told in COMPANIES)
    her = carin(ett)
    admin.post(f"{LIST}{her.pk}/change/", fields(tva, seen=seen(her)))
    assert say(admin.get(f"{LIST}{her.pk}/history/"), f"Företag {HEMTJANST_ETT} → {OMSORG_TVA}")


@pytest.mark.parametrize("query", ["q=carin", "q=hemtj", "foretag=hemtj", "foretag=556677-8899", "active__exact=1"])
def test_searches_and_filters_find(query: str, admin: Client, say: Say) -> None:
    ett, tva = (company(told) for told in COMPANIES)
    carin(ett)
    other = Orderer.objects.create(name="Siv Ek", email="siv@omsorg-tva.example", mobile=CARIN.phone, active=False)
    other.companies.add(tva)
    page = admin.get(f"{LIST}?{query}")
    assert say(page, CARIN.name)
    assert not say(page, "Siv Ek")


def test_an_orderer_who_is_removed(admin: Client, say: Say, eva: User) -> None:
    her = carin(company())
    assert say(admin.get(f"{LIST}{her.pk}/delete/"), f"Ta bort {CARIN.name}?")
    admin.post(f"{LIST}{her.pk}/delete/", {"post": "yes"})
    assert not Orderer.objects.exists()
    assert AuditEvent.objects.get(event=Event.ORDERER_REMOVED).actor == eva.directory_id
    assert say(admin.get(f"{LIST}{her.pk}/history/"), "Borttaget")
