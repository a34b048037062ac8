"""Finding an account by whatever a person types."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory
from deploy.local.cast import CAST, MARIA, STEFAN, Person
from tests.accounts.directory.people import somebody
from tests.servers.directory import DirectoryServer

Find = Callable[[str], Account]


@pytest.mark.parametrize(
    "name", ["lovstlin32", "LovStLin32", "  lovstlin32 ", r"KOMMUNEN\lovstlin32", r" x.y\LOVSTLIN32"]
)
def test_by_user_name_in_any_case(directory: Directory, name: str) -> None:
    found = directory.find(name)
    assert found is not None
    assert (found.username, found.given_name, found.surname) == ("lovstlin32", "Stefan", "Lind")


@pytest.mark.parametrize("person", CAST, ids=lambda person: str(person.username))
def test_by_mail_address(directory: Directory, person: Person) -> None:
    found = directory.find(person.mail.upper())
    assert found is not None
    assert found.username == person.username


def test_a_mail_address_of_two_is_nobody(server: DirectoryServer, directory: Directory) -> None:
    server.put(somebody(mail=STEFAN.mail))
    assert directory.find(STEFAN.mail) is None
    assert directory.find("lovprova01") is not None


def test_a_user_name_wins_over_a_mail_address(server: DirectoryServer, directory: Directory) -> None:
    server.put(somebody("lovprova01", mail="lovprova02"))
    server.put(somebody("lovprova02"))
    found = directory.find("LOVPROVA02")
    assert found is not None
    assert found.username == "lovprova02"


def test_a_user_name_wins_over_more_addresses_than_are_looked_at(server: DirectoryServer, directory: Directory) -> None:
    for number in range(12):
        server.put(somebody(f"lovprova{number:02}", mail="lovprova00"))
    found = directory.find("lovprova00")
    assert found is not None
    assert found.username == "lovprova00"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "*",
        "lov*",
        "lovstlin32)",
        "lovstlin32)(uid=*",
        "*)(objectClass=*",
        "lovstlin32\0",
        "lovstlin32\nx",
        "\x7flovstlin32",
        "\\2a",
        "lovstlin32\\",
        "\\lovstlin32",
        "KOMMUNEN\\",
        "KOMMUNEN\\*",
        "KOMMUNEN\\KOMMUNEN\\lovstlin32",
        "KOMMUNEN/lovstlin32",
        "lovstlin32@",
        "@ad.example.test",
        "*@ad.example.test",
        "lovstlin32@other.example",
        "å" * 300,
        "x" * 257,
        "\ud800",
        "uid=lovstlin32,ou=people",
        "lovstlin",
        "nobody@hemtjanst-ett.example",
    ],
)
def test_what_is_no_name_finds_nobody(directory: Directory, name: str) -> None:
    assert directory.find(name) is None


def test_a_name_with_the_signs_of_a_filter_is_found(server: DirectoryServer, directory: Directory) -> None:
    server.put(somebody("lov(prova)", mail="a*b(c)@hemtjanst-ett.example"))
    for name in ("lov(prova)", "a*b(c)@hemtjanst-ett.example"):
        found = directory.find(name)
        assert found is not None
        assert found.username == "lov(prova)"


def test_by_id_whatever_the_name(directory: Directory, account: Find) -> None:
    maria = account(MARIA.username)
    assert uuid.UUID(maria.id).version is not None
    assert maria.id == maria.id.lower()
    assert directory.get(maria.id) == maria


@pytest.mark.parametrize("account_id", ["", "*", "lovstlin32", str(uuid.UUID(int=7)), "0" * 40])
def test_an_id_that_is_none_finds_nobody(directory: Directory, account_id: str) -> None:
    assert directory.get(account_id) is None


def test_a_name_given_to_a_new_person_has_another_id(
    server: DirectoryServer, directory: Directory, account: Find
) -> None:
    server.put(somebody())
    before = account("lovprova01")
    server.remove("lovprova01")
    server.put(somebody())
    assert account("lovprova01").id != before.id
    assert directory.get(before.id) is None


@pytest.mark.parametrize("condition", ["(sn=Lind)", "sn=Lind"])
def test_the_filter_holds_for_every_look_up(
    directory: Directory, account: Find, settings: Settings, condition: str
) -> None:
    maria = account(MARIA.username)
    settings.DIRECTORY_USER_FILTER = condition
    filtered = portal.connect()
    assert filtered.find(MARIA.username) is None
    assert filtered.find(MARIA.mail) is None
    assert filtered.get(maria.id) is None
    assert {one.username for one in filtered.accounts()} == {"lovstlin32", "lovkalin01"}


def test_the_service_account_is_outside_the_base(directory: Directory) -> None:
    assert directory.find("svc-idportal") is None
    assert directory.find("idportal") is None


@pytest.mark.parametrize("typed", ["{name}", " {NAME} ", r"KOMMUNEN\{name}", "{mail}"])
def test_served_by_name_is_whom_find_finds(directory: Directory, typed: str) -> None:
    name = typed.format(name=STEFAN.username, NAME=STEFAN.username.upper(), mail=STEFAN.mail)
    found = directory.served_by_name(name)
    assert found is not None
    assert (found, found.username) == (directory.find(name), STEFAN.username)


@pytest.mark.parametrize("name", ["", "nobody", "*", "lovstlin32\x00", "x" * 257])
def test_nobody_is_served_by_a_name_that_finds_nobody(directory: Directory, name: str) -> None:
    assert directory.served_by_name(name) is None


@pytest.mark.parametrize("setting", ["DIRECTORY_PROTECTED_FILTER", "DIRECTORY_USER_FILTER", "DIRECTORY_HELPDESK_GROUP"])
def test_who_is_not_served_is_not_found_by_name(directory: Directory, settings: Settings, setting: str) -> None:
    """R6, A2: a group that can't be read protects everybody."""
    me = f"({directory.username}={STEFAN.username})"
    values = {
        "DIRECTORY_PROTECTED_FILTER": me,
        "DIRECTORY_USER_FILTER": f"(!{me})",
        "DIRECTORY_HELPDESK_GROUP": f"cn=missing,{settings.DIRECTORY_USER_BASE}",
    }
    setattr(settings, setting, values[setting])
    assert portal.connect().served_by_name(STEFAN.username) is None
    others = portal.connect().served_by_name(MARIA.username)
    assert (others is None) == (setting == "DIRECTORY_HELPDESK_GROUP")


def test_an_address_of_a_protected_account_and_one_other_is_the_others(
    server: DirectoryServer, directory: Directory, settings: Settings
) -> None:
    """A reset of a person who has an administrator's account besides; the log-in, which shows more, knows neither."""
    server.put(somebody("lovprova01", mail=STEFAN.mail))
    settings.DIRECTORY_PROTECTED_FILTER = f"({directory.username}=lovprova01)"
    found = portal.connect().served_by_name(STEFAN.mail)
    assert found is not None
    assert found.username == STEFAN.username
    assert portal.connect().find(STEFAN.mail) is None


def test_r6_a_disabled_account_is_not_served_by_name(server: DirectoryServer, directory: Directory) -> None:
    server.put(somebody("lovprova01"), disabled=True)
    assert directory.find("lovprova01") is not None
    assert directory.served_by_name("lovprova01") is None
