"""Companies and orderers: what is accepted, what a change writes, and that there are never three recipients."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from accounts import companies
from accounts.companies import orderers
from accounts.directory import Account, Expiry
from accounts.models import AuditEvent, Company, DirectoryKey, Event, Orderer, User
from accounts.models.numbers import parse_organisation_number as parse
from deploy.local.cast import CARIN, COMPANIES, HEMTJANST_ETT, OMSORG_TVA
from tests.accounts.admin.conftest import carin, company

pytestmark = pytest.mark.django_db


@pytest.fixture
def eva() -> User:
    return User.objects.create(directory_id="e" * 36, username="admeva")


def events() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.values_list("event", "result"))


# Organisation numbers.


@pytest.mark.parametrize(
    "text", ["556677-8899", "5566778899", "165566778899", "16556677-8899", " 556677 – 8899 ", "５５６６７７-８８９９"]
)
def test_ways_to_write_an_organisation_number(text: str) -> None:
    assert parse(text) == "556677-8899"


@pytest.mark.parametrize("text", ["811228-9874", "19811228-9874", "198112289874", "8112289874", "811228+9874"])
def test_a_sole_trader_has_a_personal_number(text: str) -> None:
    assert parse(text) == "811228-9874"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "556677-8890",
        "55667788",
        "155566778899",
        "SE556677889901",
        "٥٥٦٦٧٧٨٨٩٩",
        "x" * 999,
        "000000-0000",
        f"5566778899{' ' * 60}x",
    ],
)
def test_what_is_no_organisation_number(text: str) -> None:
    with pytest.raises(ValidationError):
        parse(text)


# A company.


def cleaned(**values: str) -> Company:
    usual = {"name": HEMTJANST_ETT, "organisation_number": "5566778899", "directory_values": HEMTJANST_ETT}
    made = Company(**{**usual, **values})
    made.full_clean()
    return made


def test_texts_are_tidied() -> None:
    made = cleaned(
        name="  Hemtjänst\u200b  Ett AB ", directory_values=" Ett \n\nEtt\nett\nTvå", recipient2=" a@x.example "
    )
    assert (made.name, made.organisation_number) == (HEMTJANST_ETT, "556677-8899")
    assert made.values == ["Ett", "Två"]
    assert list(made.recipients) == ["a@x.example"]
    assert cleaned(name="A\tB\x07 Hemtja\u0308nst\n").name == "A B Hemtjänst"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"organisation_number": "556677-8890"}, "organisation_number"),
        ({"directory_values": "\n \n"}, "directory_values"),
        ({"directory_values": "x" * 501}, "directory_values"),
        ({"recipient1": "ingen adress"}, "recipient1"),
        ({"recipient1": "a@x.example", "recipient2": "A@X.example"}, "recipient2"),
        ({"recipient1": '"a\x07b"@x.example'}, "recipient1"),
        ({"directory_values": "Vård|Omsorg"}, "directory_values"),
        ({"directory_values": "\n".join(f"Vård {at}" for at in range(101))}, "directory_values"),
        ({"name": "559900-1129"}, "name"),
        ({"name": "16 5599001129"}, "name"),
    ],
)
def test_what_is_refused(values: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        cleaned(**values)
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize("values", ["Vård|Omsorg", "Vård\nVård|Omsorg", "|", "Vård |\nOmsorg"])
def test_a_value_with_the_sign_between_values_is_told_as_such(values: str) -> None:
    with pytest.raises(ValidationError, match=r"Tecknet \| kan inte ingå i ett värde"):
        cleaned(directory_values=values)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": HEMTJANST_ETT.upper(), "organisation_number": "559900-1129", "directory_values": "x"}, "name"),
        ({"name": OMSORG_TVA, "directory_values": "x"}, "organisation_number"),
        ({"name": OMSORG_TVA, "organisation_number": "559900-1129"}, "directory_values"),
    ],
)
def test_what_another_company_has_is_refused_and_names_that_one(values: dict[str, str], field: str) -> None:
    company()
    with pytest.raises(ValidationError) as refused:
        cleaned(**values)
    assert list(refused.value.message_dict) == [field]
    assert HEMTJANST_ETT in refused.value.message_dict[field][0]


def test_a_change_is_told_with_the_names_of_what_changed(eva: User) -> None:
    made = cleaned(recipient1=CARIN.mail)
    companies.store(made, actor=eva, address="192.0.2.7")
    made.name, made.active = "Hemtjänst Ett i Örebro AB", False
    assert companies.store(made, actor=eva) == ["name", "active"]
    assert companies.store(made, actor=eva) == []
    assert events() == [
        (Event.COMPANY_ADDED, ""),
        (Event.RECIPIENTS_CHANGED, ""),
        (Event.COMPANY_CHANGED, "name, active"),
    ]
    first, last = AuditEvent.objects.first(), AuditEvent.objects.last()
    assert first
    assert (first.actor, first.company, first.address) == (eva.directory_id, HEMTJANST_ETT, "192.0.2.7")
    assert last
    assert last.company == "Hemtjänst Ett i Örebro AB"
    assert [(each.history_type, each.history_user) for each in made.history.all()] == [("~", eva), ("+", eva)]


def test_nothing_is_told_of_what_could_not_be_written(eva: User) -> None:
    company()
    rival = Company(name=OMSORG_TVA, organisation_number="559900-1129", directory_values=HEMTJANST_ETT)
    with pytest.raises(IntegrityError):
        companies.store(rival, actor=eva)
    assert events() == []
    assert Company.history.filter(name=OMSORG_TVA).count() == 0


def test_a_company_that_is_added_while_they_are_read_is_nobody_s_yet(
    eva: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = DirectoryKey.objects.values_list

    def later(*names: str) -> object:
        company().save()
        return right(*names)

    monkeypatch.setattr(DirectoryKey.objects, "values_list", later)
    belonging = companies.CompanyMatcher()
    monkeypatch.undo()
    account = Account("i", "siv", "Siv", "Ek", "", HEMTJANST_ETT, True, False, False, Expiry.NEVER, None)
    assert belonging.company_of(account) is None
    assert companies.CompanyMatcher().company_of(account) == Company.objects.get()


# Recipients.


def test_recipients_are_set_whole(eva: User) -> None:
    ett = company()
    assert list(companies.set_recipients(ett.pk, ["a@x.example", "b@x.example"], actor=eva).recipients) == [
        "a@x.example",
        "b@x.example",
    ]
    assert list(companies.set_recipients(ett.pk, [], actor=eva).recipients) == []
    assert events() == [(Event.RECIPIENTS_CHANGED, "")] * 2


@pytest.mark.parametrize(
    "addresses", [["a@x.example", "b@x.example", "c@x.example"], ["a@x.example", "A@x.example"], ["ingen adress"]]
)
def test_recipients_that_are_refused_change_nothing(addresses: list[str], eva: User) -> None:
    """H6."""
    ett = company()
    with pytest.raises(ValidationError):
        companies.set_recipients(ett.pk, addresses, actor=eva)
    ett.refresh_from_db()
    assert list(ett.recipients) == [CARIN.mail]
    assert events() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_ten_at_once_leave_two_recipients_of_one_of_them() -> None:
    """H6: whole, and never three."""
    ett = company()
    together = threading.Barrier(10)

    def change(number: int) -> None:
        together.wait()
        companies.set_recipients(ett.pk, [f"a{number}@x.example", f"b{number}@x.example"], actor=None)
        connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(change, range(10)))
    ett.refresh_from_db()
    first, second = ett.recipients
    assert first[1:] == second[1:]
    assert AuditEvent.objects.filter(event=Event.RECIPIENTS_CHANGED).count() == 10


# Orderers.


def test_a_mobile_number_is_read_as_people_write_it() -> None:
    orderer = Orderer(name=CARIN.name, email=CARIN.mail, mobile="070 – 174 06 50")
    orderer.full_clean()
    assert orderer.mobile == CARIN.phone
    orderer.mobile = "019-21 10 00"
    with pytest.raises(ValidationError, match="mobilnummer"):
        orderer.full_clean()


def test_an_address_belongs_to_one_orderer() -> None:
    carin(company())
    with pytest.raises(ValidationError) as refused:
        Orderer(name="Siv Ek", email=CARIN.mail.upper(), mobile=CARIN.phone).full_clean()
    assert CARIN.name in refused.value.message_dict["email"][0]


def test_a_change_of_companies_is_one_row_of_history(eva: User) -> None:
    ett, tva = (company(told) for told in COMPANIES)
    orderer = Orderer(name=CARIN.name, email=CARIN.mail, mobile=CARIN.phone)
    orderers.store(orderer, [ett], actor=eva)
    orderer.name = "Carin Ek Lund"
    assert orderers.store(orderer, [ett, tva], actor=eva) == ["name", "companies"]
    assert orderers.store(orderer, [tva, ett], actor=eva) == []
    newest, oldest = orderer.history.all()
    assert (newest.history_type, newest.companies.count()) == ("~", 2)
    assert (oldest.history_type, oldest.companies.count()) == ("+", 1)
    assert events() == [(Event.ORDERER_ADDED, ""), (Event.ORDERER_CHANGED, "name, companies")]
    told = AuditEvent.objects.last()
    assert told
    assert (told.subject_name, told.company) == ("Carin Ek Lund", f"{HEMTJANST_ETT}, {OMSORG_TVA}")


def test_a_company_that_goes_leaves_its_orderers(eva: User) -> None:
    ett, tva = (company(told) for told in COMPANIES)
    orderer = carin(ett, tva)
    companies.remove(ett, actor=eva, address="192.0.2.7")
    assert [each.name for each in orderer.companies.all()] == [OMSORG_TVA]
    assert events() == [(Event.COMPANY_REMOVED, ""), (Event.ORDERER_CHANGED, "companies")]
    assert Company.history.filter(name=HEMTJANST_ETT, history_type="-", history_user=eva).exists()


def test_an_orderer_who_goes_stays_in_history_and_trail(eva: User) -> None:
    orderer = carin(company())
    orderers.remove(orderer, actor=eva)
    assert not Orderer.objects.exists()
    assert AuditEvent.objects.get().subject_name == CARIN.name
    assert Orderer.history.filter(history_type="-", name=CARIN.name).exists()


def test_numbers_are_not_readable_in_the_database(eva: User) -> None:
    """X1: nor in the history."""
    ett = company()
    orderers.store(Orderer(name=CARIN.name, email=CARIN.mail, mobile=CARIN.phone), [ett], actor=eva)
    with connection.cursor() as cursor:
        for table in ("accounts_orderer", "accounts_historicalorderer"):
            cursor.execute(f"SELECT mobile FROM {table}")
            assert all("740650" not in row[0] for row in cursor.fetchall())
