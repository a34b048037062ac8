"""A register as a file: inert in a spreadsheet (security.md H7), told in the trail, and the same when it comes back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from django.core.management import call_command
from django.test import Client

from accounts import companies
from accounts.companies import orderers
from accounts.models import AuditEvent, Company, Event, Orderer, User
from deploy.local.cast import CARIN, COMPANIES, HEMTJANST_ETT
from tests.accounts.admin.conftest import Say, carin, company

NASTY = ('=HYPERLINK("http://x.example")', "+Vård", "-Vård", "@Vård", "'=Vård", 'Å "Ö"; Vård, AB', "'Vård")


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def fill() -> None:
    for at, name in enumerate(NASTY):
        number = f"5599001{at:02d}"
        digit = next(digit for digit in range(10) if _luhn(f"{number}{digit}"))
        made = Company(
            name=name,
            organisation_number=f"{number[:6]}-{number[6:]}{digit}",
            directory_values=f"{name}\nOU=Enhet {at},DC=kommunen,DC=example",
            recipient1="" if at else "-x@vard.example",
            active=at != 1,
        )
        companies.store(made, actor=None)
        orderer = Orderer(name=name, email=f"{'+' if at else '='}siv{at}@vard.example", mobile="+4670174065" + str(at))
        orderers.store(orderer, Company.objects.all(), actor=None)


def _luhn(text: str) -> bool:
    return sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(text)) % 10 == 0


def everything() -> list[object]:
    told = ("name", "organisation_number", "directory_values", "recipient1", "recipient2", "active")
    people = [
        (each.name, each.email, each.mobile, each.active, sorted(company.name for company in each.companies.all()))
        for each in Orderer.objects.order_by("email")
    ]
    return [*Company.objects.order_by("organisation_number").values_list(*told), *people]


def test_h7_no_cell_is_a_formula_and_all_comes_back(admin: Client, tmp_path: Path) -> None:
    fill()
    before = everything()
    for register, command in (("company", "import_companies"), ("orderer", "import_orderers")):
        data = admin.post(f"/admin/accounts/{register}/export/").content
        assert not [cell for row in rows(data) for cell in row if cell[:1] in "=+-@\t\r" and cell]
        (tmp_path / f"{command}.csv").write_bytes(data)
    Orderer.objects.all().delete()
    Company.objects.all().delete()
    for command in ("import_companies", "import_orderers"):
        call_command(command, str(tmp_path / f"{command}.csv"))
    assert everything() == before


def test_numbers_are_written_as_at_home(admin: Client) -> None:
    carin(company())
    header, line = rows(admin.post("/admin/accounts/orderer/export/").content)
    assert header == ["company", "name", "email", "mobile", "active"]
    assert line == [HEMTJANST_ETT, CARIN.name, CARIN.mail, "070-174 06 50", "ja"]


def test_an_orderer_without_a_company_is_not_lost(admin: Client, tmp_path: Path) -> None:
    carin()
    file = tmp_path / "orderers.csv"
    file.write_bytes(admin.post("/admin/accounts/orderer/export/").content)
    assert rows(file.read_bytes())[1][:2] == ["", CARIN.name]
    call_command("import_orderers", str(file))
    assert Orderer.objects.count() == 1


def test_only_what_was_filtered(admin: Client, say: Say) -> None:
    for told in COMPANIES:
        company(told)
    path = "/admin/accounts/company/export/?mottagare=saknas"
    assert say(admin.get(path), "1 av 2 företag kommer med")
    assert [row[0] for row in rows(admin.post(path).content)[1:]] == [COMPANIES[1].name]


def test_it_is_told_in_the_trail(admin: Client, eva: User) -> None:
    carin(company())
    answer = admin.post("/admin/accounts/orderer/export/")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Bestallare-')
    told = AuditEvent.objects.get(event=Event.REGISTER_EXPORTED)
    assert (told.actor, told.result, told.address) == (eva.directory_id, "orderer, 1 rows", "127.0.0.1")


def test_to_look_at_the_page_exports_nothing(admin: Client) -> None:
    carin(company())
    page = admin.get("/admin/accounts/orderer/export/")
    assert CARIN.mail not in page.content.decode()
    assert not AuditEvent.objects.filter(event=Event.REGISTER_EXPORTED).exists()
