"""Nobody but an administrator with a second factor sees or does anything under /admin/."""

from __future__ import annotations

import pytest
from django.contrib import admin as django_admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import directory, users
from accounts.companies.admin.registers import ForAdministrators
from accounts.models import Authenticator, Company, User
from deploy.local.cast import PER, STEFAN, Person
from tests.accounts.admin.conftest import carin, company, signed_in
from tests.servers.slapd import TestSlapd

REGISTERS = [(model._meta.app_label, model._meta.model_name) for model in django_admin.site._registry]
PAGES = ["/admin/", "/admin/oversikt/", *(f"/admin/{app}/{model}/" for app, model in REGISTERS)]


def as_(person: Person, client: Client) -> Client:
    account = directory.connect().find(person.username)
    assert account
    return signed_in(users.for_account(account), client)


@pytest.mark.parametrize("path", PAGES)
def test_an_administrator_sees_it(path: str, admin: Client) -> None:
    assert admin.get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/admin/accounts/company/export/", "/admin/accounts/company/import/"])
def test_others_do_not(path: str, server: TestSlapd, db: None) -> None:
    """Neither strangers nor staff with the flags and a device, but outside the directory's group."""
    carin(company())
    for client in (Client(), as_(STEFAN, Client()), as_(PER, Client())):
        for answer in (client.get(path), client.post(path, {"post": "yes"})):
            assert answer.status_code in (302, 403)
            assert b"Hemtj" not in answer.content


def test_an_administrator_without_the_second_factor_does_not(eva: User, client: Client) -> None:
    User.objects.filter(pk=eva.pk).update(is_staff=True, is_superuser=True)
    client.force_login(eva)
    assert client.get("/admin/accounts/company/").status_code == 302


# Files are taken from administrators alone, and only on the admin's pages; tests/accounts/test_reset.py shows the rest.


def taken(request: HttpRequest) -> bool:
    request.upload_handlers = [ForAdministrators(request)]
    return bool(request.FILES)


@pytest.fixture
def verified(eva: User) -> User:
    eva.is_staff = True
    eva.otp_device = Authenticator(user=eva)  # type: ignore[attr-defined]
    eva.is_verified = lambda: eva.otp_device is not None  # type: ignore[attr-defined]
    return eva


def sending(path: str, user: User | None) -> HttpRequest:
    request = RequestFactory().post(path, {"file": SimpleUploadedFile("a.csv", b"name\n")})
    if user:
        request.user = user
    return request


def test_files_of_administrators_are_taken(verified: User) -> None:
    request = sending(reverse("admin:accounts_company_import"), verified)
    assert taken(request)
    file = request.FILES["file"]
    assert not isinstance(file, list)
    assert file.read() == b"name\n"


def test_no_other_files_are(verified: User) -> None:
    assert not taken(sending("/registrera/", verified))
    assert not taken(sending("/admin/", None))
    verified.is_staff = False
    assert not taken(sending("/admin/", verified))
    verified.is_staff, verified.otp_device = True, None  # type: ignore[attr-defined]
    assert not taken(sending("/admin/", verified))


def test_a_forged_file_is_not_imported(admin: Client) -> None:
    """The file is read before the CSRF check, and then refused by it."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    file = SimpleUploadedFile(
        "a.csv", b"name,organisation_number,directory_value,recipient1,recipient2\na,5566778899,a,,\n"
    )
    answer = strict.post("/admin/accounts/company/import/", {"file": file})
    assert answer.status_code == 403
    assert not Company.objects.exists()
