"""The admin asks for the second factor once more before an orderer's address or mobile, or somebody's factor: A3."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import directory, users
from accounts.models import Authenticator, Orderer, Passkey, User
from deploy.local.cast import CARIN, PER
from tests.accounts.admin.conftest import Say, carin, company
from tests.accounts.staff import WRONG_FACTOR, App, later

pytestmark = pytest.mark.usefixtures("server")

ASKED = "Det är mer än 5 minuter sedan du visade att det är du."
NEW = "070-174 06 55"


@pytest.fixture
def stale(admin: Client) -> Client:
    """Eva showed her factor six minutes ago."""
    session = admin.session
    session["factor_at"] = time.time() - 6 * 60
    session.save()
    return admin


@pytest.fixture
def orderer(eva: User) -> Orderer:
    return carin(company())


def code(eva: User) -> str:
    return App(Authenticator.objects.get(user=eva).address).code()


def form(orderer: Orderer | None, **changed: str) -> dict[str, Any]:
    fields = {"name": CARIN.name, "email": CARIN.mail, "mobile": "070-174 06 50", "active": "on"}
    if orderer:
        admin_form = orderer.companies.values_list("pk", flat=True)
        return {**fields, "companies": list(admin_form), **seen(orderer), **changed}
    return {**fields, "companies": [company().pk], **changed}


def seen(orderer: Orderer) -> dict[str, str]:
    from accounts.companies.forms import OrdererForm

    shown = OrdererForm(instance=orderer)["seen"].value()
    return {"seen": str(shown)}


def page_of(orderer: Orderer) -> str:
    return f"/admin/accounts/orderer/{orderer.pk}/change/"


def mobile(orderer: Orderer) -> str:
    return str(Orderer.objects.get(pk=orderer.pk).mobile)


def test_a3_an_orderers_mobile_wants_a_fresh_factor(stale: Client, eva: User, orderer: Orderer, say: Say) -> None:
    page = stale.get(page_of(orderer))
    assert say(page, ASKED)
    refused = stale.post(page_of(orderer), form(orderer, mobile=NEW))
    assert say(refused, "Visa att det är du. Inget är gjort än.")
    assert f'value="{NEW}"' in refused.content.decode(), "what was typed stays"
    wrong = stale.post(page_of(orderer), form(orderer, mobile=NEW, **{"factor-code": "000000"}))
    assert say(wrong, WRONG_FACTOR)
    assert mobile(orderer) == CARIN.phone
    later(minutes=1)
    done = stale.post(page_of(orderer), form(orderer, mobile=NEW, **{"factor-code": code(eva)}))
    assert done.status_code == 302
    assert mobile(orderer) == "+46701740655"
    assert not say(stale.get(page_of(orderer)), ASKED)


def test_a3_and_so_does_the_address(stale: Client, orderer: Orderer) -> None:
    assert stale.post(page_of(orderer), form(orderer, email="annan@hemtjanst-ett.example")).status_code == 200
    assert Orderer.objects.get().email == CARIN.mail


def test_a_change_of_the_name_alone_does_not(stale: Client, orderer: Orderer) -> None:
    assert stale.post(page_of(orderer), form(orderer, name="Carin Ek-Lund")).status_code == 302
    assert Orderer.objects.get().name == "Carin Ek-Lund"


def test_a3_a_new_orderer_wants_one_too(stale: Client, eva: User) -> None:
    assert stale.post("/admin/accounts/orderer/add/", form(None)).status_code == 200
    assert not Orderer.objects.exists()


def test_a3_a_file_of_orderers_wants_one_too(stale: Client, eva: User, orderer: Orderer, say: Say) -> None:
    rows = f"company,name,email,mobile\n{orderer.companies.get().name},{CARIN.name},{CARIN.mail},{NEW}\n"
    shown = stale.post("/admin/accounts/orderer/import/", {"file": SimpleUploadedFile("o.csv", rows.encode())})
    plan = shown.context["loaded"].fingerprint
    assert say(shown, ASKED)
    refused = stale.post("/admin/accounts/orderer/process_import/", {"plan": plan})
    assert say(refused, "Visa att det är du.")
    assert mobile(orderer) == CARIN.phone
    done = stale.post("/admin/accounts/orderer/process_import/", {"plan": plan, "factor-code": code(eva)})
    assert done.status_code == 302
    assert mobile(orderer) == "+46701740655"


@pytest.mark.parametrize("kind", ["authenticator", "passkey"])
def test_a3_removing_anothers_factor_wants_a_fresh_one(stale: Client, eva: User, say: Say, kind: str) -> None:
    """From either list, all of the person's factors go."""
    found = directory.connect().find(PER.username)
    assert found
    per = users.for_account(found)
    made = Authenticator.objects.create(user=per, name="app", confirmed=True)
    passkey = Passkey.objects.create(user=per, name="Telefonen", credential="x", public_key="x")
    path = f"/admin/accounts/{kind}/{(made if kind == 'authenticator' else passkey).pk}/delete/"
    assert say(stale.get(f"/admin/accounts/{kind}/"), PER.username)
    assert say(stale.get(path), ASKED)
    assert say(stale.post(path, {"post": "yes"}), "Visa att det är du. Inget är gjort än.")
    assert say(stale.post(path, {"post": "yes", "factor-code": "000000"}), WRONG_FACTOR)
    assert Authenticator.objects.filter(user=per).exists()
    later(minutes=1)
    assert stale.post(path, {"post": "yes", "factor-code": code(eva)}).status_code == 302
    assert not Authenticator.objects.filter(user=per).exists()
    assert not Passkey.objects.exists()


def test_companies_want_none(stale: Client, eva: User, say: Say) -> None:
    assert not say(stale.get(f"/admin/accounts/company/{company().pk}/change/"), ASKED)
