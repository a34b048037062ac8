"""The units that an account lies in, and which company they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import ldap
import pytest
from ldap.dn import escape_dn_chars

from accounts.companies import CompanyMatcher
from accounts.directory import Account, Directory, normal_unit, units_of
from accounts.directory.ldap_client.conditions import parent
from accounts.models import Company
from deploy.local.cast import KARL, MARIA, STEFAN
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

Find = Callable[[str], Account]

# Outermost first; with what needs escaping, and what has more than one way of being written.
NESTED = ("Externa företag", 'Hemtjänst "Å, Ä & Ö" Ett + Två AB', "#Kväll\\Natt")


@pytest.fixture
def units(server: TestSlapd | PrivateSamba) -> Iterator[list[str]]:
    """Units inside each other, outermost first, as DNs. Stefan lies in the innermost, Karl in the outermost."""
    dns = [server.settings()["DIRECTORY_USER_BASE"]]
    for name in NESTED:
        dns.append(f"OU={escape_dn_chars(name)},{dns[-1]}")
        server.root.add_s(dns[-1], [("objectClass", [b"organizationalUnit"])])
    for person, unit in ((STEFAN, dns[-1]), (KARL, dns[1])):
        dn = server.dn(person.username) or ""
        server.root.rename_s(dn, dn.partition(",")[0], unit)
    yield dns[1:]
    for person in (STEFAN, KARL):
        server.remove(person.username)
    for dn in reversed(dns[1:]):
        server.root.delete_s(dn)


def test_an_account_lies_in_its_unit_and_in_all_above(units: list[str], directory: Directory, account: Find) -> None:
    stefan, karl, maria = (units_of(account(person.username).unit) for person in (STEFAN, KARL, MARIA))
    assert stefan[:3] == tuple(normal_unit(unit) for unit in reversed(units))
    assert karl[0] == normal_unit(units[0])
    assert stefan[2:] == karl
    assert karl[1:] == maria


def test_the_directorys_way_of_writing_it_is_a_person_s_too(units: list[str], account: Find) -> None:
    """An administrator pastes the DN from one tool or another."""
    unit = account(STEFAN.username).unit
    apart = re.sub(r"(?<!\\),", " , ", unit)
    for written in (unit.upper(), unit.lower(), apart, ldap.dn.dn2str(ldap.dn.str2dn(unit))):
        assert normal_unit(written) == normal_unit(units[-1])


def test_streams_give_the_unit_too(units: list[str], directory: Directory, account: Find) -> None:
    found = list(directory.accounts())
    assert found
    for each in found:
        assert each.unit == account(each.username).unit


@pytest.mark.django_db
def test_the_innermost_unit_says_which_company(units: list[str], account: Find) -> None:
    outer = _company("Externa Företag AB", "556677-8899", units[0].upper())
    inner = _company("Natten AB", "559900-1129", units[2].lower())
    belonging = CompanyMatcher()
    assert belonging.company_of(account(STEFAN.username)) == inner
    assert belonging.company_of(account(KARL.username)) == outer
    assert belonging.company_of(account(MARIA.username)) is None


@pytest.mark.parametrize(
    "written",
    [
        "OU=Hemtjänst Å,DC=ad,DC=example",
        "ou=HEMTJÄNST Å,dc=AD,dc=Example",
        "ou = hemtjänst å , dc = ad , dc = example",
        "OU=Hemtjänst  Å,DC=ad,DC=example",
        "OU=Hemtja\N{COMBINING DIAERESIS}nst A\N{COMBINING RING ABOVE},DC=ad,DC=example",
        r"OU=Hemtj\C3\A4nst \C3\85,DC=ad,DC=example",
        "OU=Hemtjänst\N{NO-BREAK SPACE}Å,DC=ad,DC=example",
    ],
)
def test_one_unit_many_ways_of_writing_it(written: str) -> None:
    assert normal_unit(written) == "ou=hemtjänst å\ndc=ad\ndc=example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"ou=a\,b,dc=x", "ou=a,ou=b,dc=x"),
        (r"ou=a\+l=b,dc=x", "ou=a+l=b,dc=x"),
        (r"ou=a\\\+b,dc=x", r"ou=a\+b,dc=x"),
        (r"ou=a\0Adc\=x", "ou=a,dc=x"),
        ("ou=hemtjänst,dc=x", "ou=hemtjanst,dc=x"),
        ("ou=a,dc=x", "cn=a,dc=x"),
    ],
)
def test_different_units_stay_different(one: str, other: str) -> None:
    assert normal_unit(one) != normal_unit(other)


def test_the_parts_of_a_multi_valued_name_have_no_order() -> None:
    assert normal_unit("OU=Kväll+L=Örebro,DC=x") == normal_unit("l=örebro+ou=kväll,dc=x") == "l=örebro+ou=kväll\ndc=x"


@pytest.mark.parametrize("text", ["", "Hemtjänst Ett AB", "Hemtjänst,Ett", "ou=a,", "\\", "ou=\\zz,dc=x", "\x00"])
def test_what_is_no_dn_is_compared_as_it_is(text: str) -> None:
    assert normal_unit(text) == normal_unit(text.upper()) == " ".join(text.casefold().split())


@pytest.mark.parametrize(
    ("dn", "above"),
    [
        ("uid=lovstlin32,ou=people,dc=x", "ou=people,dc=x"),
        (r"CN=Lind\, Åsa \"Lillan\",OU=Hemtjänst\, Ett,DC=x", r"OU=Hemtjänst\, Ett,DC=x"),
        (r"CN=Lind\\,OU=a,DC=x", "OU=a,DC=x"),
        (r"CN=a\2Cb+UID=b,OU=a", "OU=a"),
        ("CN=a\\\nb,OU=a", "OU=a"),
        ("DC=x", ""),
        ("", ""),
        ("CN=a\\", ""),
    ],
)
def test_the_unit_is_all_after_the_first_comma_that_is_one(dn: str, above: str) -> None:
    assert parent(dn) == above


def test_each_unit_above_once_and_the_innermost_first() -> None:
    assert units_of(r"OU=A\, B,OU=C,DC=x") == ("ou=a, b\nou=c\ndc=x", "ou=c\ndc=x", "dc=x")
    assert units_of("") == ()


def _company(name: str, number: str, unit: str) -> Company:
    return Company.objects.create(name=name, organisation_number=number, directory_values=unit)
