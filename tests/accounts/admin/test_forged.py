"""Hand-typed URLs and forms that no page offered get an answer in words, never a server error."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, Orderer
from deploy.local.cast import CARIN
from tests.accounts.admin.conftest import Say, carin, company

REGISTER = "/admin/accounts/company/"
OFFERED = "/admin/autocomplete/?app_label=accounts&model_name=orderer&field_name=companies"


@pytest.fixture
def admin(admin: Client) -> Client:
    admin.raise_request_exception = False
    return admin


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{REGISTER}abc/history/", 404),
        (f"{REGISTER}{'9' * 30}/history/", 404),
        ("/admin/accounts/orderer/add/?companies=abc", 200),
        (f"/admin/accounts/orderer/add/?companies={'9' * 30}", 200),
        (f"{REGISTER}export/?active__exact=foo", 302),
        (f"{REGISTER}export/?zzz=1", 400),
        (f"{REGISTER}?active__exact=foo", 302),
        (f"{REGISTER}?id__exact=1", 400),
        ("/admin/accounts/auditevent/?address=zzz", 400),
        ("/admin/accounts/auditevent/?at__year=99999", 302),
        ("/admin/accounts/orderer/?foretag=%00", 400),
        (f"/admin/accounts/orderer/?foretag=nr-{'9' * 18}", 200),
        ("/admin/accounts/orderer/export/?foretag=%00", 400),
        ("/admin/accounts/auditevent/?handelse=%00", 400),
        ("/admin/notifications/message/?lage=%00", 400),
        (f"{OFFERED}&term=%00", 400),
    ],
)
def test_what_is_typed(path: str, status: int, admin: Client) -> None:
    assert admin.get(path).status_code == status


@pytest.mark.parametrize("company_id", ["abc", "9" * 30, "1\0", ""])
def test_companies_that_no_list_has_offered(company_id: str, admin: Client) -> None:
    fields = {"name": CARIN.name, "email": CARIN.mail, "mobile": CARIN.phone, "companies": [company_id]}
    assert admin.post("/admin/accounts/orderer/add/", fields).status_code == 400
    assert not Orderer.objects.exists()


def test_rows_that_no_list_has_shown(admin: Client) -> None:
    chosen = {"action": "send_again", "_selected_action": ["abc"], "index": "0"}
    assert admin.post("/admin/notifications/message/", chosen).status_code == 400


def test_a_filter_that_there_is_not_exports_nothing(admin: Client, say: Say) -> None:
    company()
    for answer in (admin.get, admin.post):
        assert say(answer(f"{REGISTER}export/?active__exact=foo", follow=True), "Det filtret finns inte")


def test_an_orderer_may_have_more_than_two_hundred_companies(admin: Client) -> None:
    Company.objects.bulk_create(
        Company(name=f"Vård {at}", organisation_number=f"{at:06d}-0000", directory_values=f"Vård {at}")
        for at in range(300)
    )
    keys = list(Company.objects.values_list("pk", flat=True))
    fields = {"name": CARIN.name, "email": CARIN.mail, "mobile": CARIN.phone, "companies": keys, "active": "on"}
    assert admin.post("/admin/accounts/orderer/add/", fields).status_code == 302
    assert Orderer.objects.get().companies.count() == 300


def test_no_organisation_number_in_a_link(admin: Client, say: Say) -> None:
    """A sole trader's is a personal number, and addresses end in logs."""
    ett = company()
    carin(ett)
    page = admin.get(REGISTER)
    assert "foretag=556677" not in page.content.decode()
    assert f'foretag=nr-{ett.pk}"' in page.content.decode()
    listed = admin.get(f"/admin/accounts/orderer/?foretag=nr-{ett.pk}")
    assert say(listed, CARIN.name)
    assert f'value="{ett.name}"' in listed.content.decode()
    assert not say(admin.get(f"/admin/accounts/orderer/?foretag=nr-{ett.pk + 1}"), CARIN.name)


def test_a_long_history_has_pages_that_tell_every_change(admin: Client, say: Say) -> None:
    ett = company()
    for at in range(30):
        ett.recipient1 = f"m{at}@hemtjanst-ett.example"
        ett.save()
    first = admin.get(f"{REGISTER}{ett.pk}/history/")
    assert first.content.decode().count("<del>") == 25
    assert say(first, "m4@hemtjanst-ett.example → m5@hemtjanst-ett.example")
    assert not say(first, "m3@hemtjanst-ett.example → m4@hemtjanst-ett.example")
    assert say(admin.get(f"{REGISTER}{ett.pk}/history/?p=2"), "m3@hemtjanst-ett.example → m4@hemtjanst-ett.example")
