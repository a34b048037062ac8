"""The accounts of one company: by the values of an attribute, and by units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ldap.dn import escape_dn_chars
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, DirectoryError, DirectoryUnavailable
from accounts.directory.ldap_client import conditions, connection
from accounts.directory.ldap_client.connection import Connection
from deploy.local.cast import ANNA, EVA, HEMTJANST_ETT, KARL, MARIA, MUNICIPALITY, OMSORG_TVA, PER, STEFAN
from tests.accounts.directory.people import somebody
from tests.servers.directory import DirectoryServer
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

Server = TestSlapd | PrivateSamba
Find = Callable[[str], Account]

ETT = {STEFAN.username, KARL.username, ANNA.username}
TWO_UNITS = ("Externa företag", "Hemtjänst Ett, (Öster) *")


def names(directory: Directory, *values: str, units: tuple[str, ...] = ()) -> list[str]:
    return sorted(account.username for account in directory.belonging_to(values, units))


@pytest.fixture
def units(server: Server) -> Iterator[tuple[str, str]]:
    """One in the other, as DNs: Maria lies in the outer one, Per in the inner one."""
    outer = f"OU={TWO_UNITS[0]},{server.settings()['DIRECTORY_USER_BASE']}"
    inner = f"OU={escape_dn_chars(TWO_UNITS[1])},{outer}"
    for dn in (outer, inner):
        server.root.add_s(dn, [("objectClass", [b"organizationalUnit"])])
    for person, unit in ((MARIA, outer), (PER, inner)):
        dn = server.dn(person.username) or ""
        server.root.rename_s(dn, dn.partition(",")[0], unit)
    yield outer, inner
    for person in (MARIA, PER):
        server.remove(person.username)
    for dn in (inner, outer):
        server.root.delete_s(dn)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The DN of each entry that came in a page."""
    found: list[str] = []
    pages = Connection.pages

    def noted(self: Connection, *args: Any) -> Iterator[Any]:
        for page in pages(self, *args):
            found.extend(entry.dn for entry in page)
            yield page

    monkeypatch.setattr(Connection, "pages", noted)
    return found


def test_those_with_one_of_the_values(directory: Directory, account: Find) -> None:
    assert set(names(directory, HEMTJANST_ETT)) == ETT
    assert set(names(directory, HEMTJANST_ETT, OMSORG_TVA)) == {*ETT, MARIA.username}
    assert names(directory, OMSORG_TVA) == [MARIA.username]
    assert list(directory.belonging_to([OMSORG_TVA], [])) == [account(MARIA.username)]


def test_nobody_else_is_read(directory: Directory, read: list[str]) -> None:
    """The directory itself chooses: a company of five costs the time of five, in a directory of any size."""
    assert len(names(directory, OMSORG_TVA)) == 1
    protected = 1  # slapd's, by filter, once for all
    assert len(read) <= 1 + protected


def test_case_and_spaces_do_not_count_and_more_words_do(server: DirectoryServer, directory: Directory) -> None:
    server.put(somebody("lovspace01", company="Hemtjänst  Ett AB"))
    server.put(somebody("lovother01", company="Hemtjänst Ett AB Norr"))
    server.put(somebody("lovother02", company="Hemtjänst Nittioett AB"))
    server.put(somebody("lovother03", company="Hemtjänst Ett"))
    assert set(names(directory, "HEMTJÄNST ett  ab ")) == {*ETT, "lovspace01"}


@pytest.mark.parametrize("name", ["Vård (Öst) * AB", "*", r"A\B", 'Å, "Ä" & Ö + <1> = #2; AB', "|(uid=*)", "(", ")"])
def test_odd_names_are_names(server: DirectoryServer, directory: Directory, name: str) -> None:
    server.put(somebody(company=name))
    assert names(directory, name) == ["lovprova01"]


@pytest.mark.parametrize("value", ["", " ", "\x00", "Hemtjänst\nEtt AB", "*", "Hemtjänst*", "\ud800", "x" * 501])
def test_what_is_no_company_has_nobody(directory: Directory, value: str) -> None:
    assert names(directory, value) == []


def test_none_are_nobodys(directory: Directory) -> None:
    assert names(directory) == []


def test_those_in_a_unit_or_below(directory: Directory, units: tuple[str, str]) -> None:
    outer, inner = units
    assert names(directory, units=(outer,)) == sorted([MARIA.username, PER.username])
    assert names(directory, units=(inner,)) == [PER.username]
    assert names(directory, units=(inner.upper().replace(",OU=", " , ou = "),)) == [PER.username]


def test_each_comes_once(directory: Directory, units: tuple[str, str]) -> None:
    assert names(directory, OMSORG_TVA, MUNICIPALITY, units=units) == sorted(
        [MARIA.username, PER.username, EVA.username]
    )


def test_a_unit_that_is_not_there_has_nobody(directory: Directory, settings: Settings) -> None:
    base = settings.DIRECTORY_USER_BASE
    nowhere = (f"ou=finns inte,{base}", f"ou=ej,ou=finns,{base}", f"finnsej=x,{base}", "ou=a,", "x", "")
    for unit in nowhere:
        assert names(directory, units=(unit,)) == []
    assert set(names(directory, HEMTJANST_ETT, units=nowhere)) == ETT


def test_a_unit_beside_the_base_has_nobody(server: Server, settings: Settings, units: tuple[str, str]) -> None:
    """Those whom the portal serves lie within base and filter, whatever a company's values say."""
    beside = settings.DIRECTORY_USER_BASE
    settings.DIRECTORY_USER_BASE = units[1]
    directory = portal.connect()
    assert names(directory, units=(f"CN=Users,{beside.partition(',')[2]}",)) == []
    assert names(directory, HEMTJANST_ETT, OMSORG_TVA) == []
    assert names(directory, units=(beside,)) == [PER.username]


def test_a_base_that_is_not_there_is_said(server: DirectoryServer, settings: Settings) -> None:
    settings.DIRECTORY_USER_BASE = f"ou=finns inte,{settings.DIRECTORY_USER_BASE}"
    with pytest.raises(DirectoryError):
        names(portal.connect(), HEMTJANST_ETT)


def test_the_filter_holds(server: DirectoryServer, settings: Settings) -> None:
    settings.DIRECTORY_USER_FILTER = "(!(givenName=Karl))"
    assert set(names(portal.connect(), HEMTJANST_ETT)) == {STEFAN.username, ANNA.username}
    assert KARL.username not in names(portal.connect(), units=(settings.DIRECTORY_USER_BASE,))


def test_the_protected_and_the_disabled_are_told_as_such(server: DirectoryServer, directory: Directory) -> None:
    server.put(KARL, protected=True)
    server.put(ANNA, disabled=True)
    found = {each.username: (each.protected, each.enabled) for each in directory.belonging_to([HEMTJANST_ETT], [])}
    assert found == {
        STEFAN.username: (False, True),
        KARL.username: (True, True),
        ANNA.username: (False, False),
    }


def test_another_attribute_may_name_the_company(server: DirectoryServer, settings: Settings) -> None:
    settings.DIRECTORY_COMPANY_ATTRIBUTE = "SN"
    assert names(portal.connect(), "lind") == sorted([STEFAN.username, KARL.username])


def test_more_values_than_go_into_one_filter(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "AT_A_TIME", 2)
    values = [*(f"Hemtjänst {number} AB" for number in range(5)), HEMTJANST_ETT, OMSORG_TVA, HEMTJANST_ETT]
    assert set(names(directory, *values)) == {*ETT, MARIA.username}


def test_more_than_a_page(directory: Directory, monkeypatch: pytest.MonkeyPatch, units: tuple[str, str]) -> None:
    monkeypatch.setattr(connection, "PAGE", 2)
    assert set(names(directory, HEMTJANST_ETT, units=units)) == {*ETT, MARIA.username, PER.username}


def test_a_reader_may_stop_half_way(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PAGE", 1)
    stream = directory.belonging_to([HEMTJANST_ETT], [])
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert set(names(directory, HEMTJANST_ETT)) == ETT


def test_a_directory_that_is_down_is_said(server: DirectoryServer, directory: Directory) -> None:
    server.stop()
    with pytest.raises(DirectoryUnavailable):
        names(directory, HEMTJANST_ETT)
