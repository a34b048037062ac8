"""Looking for people by the beginnings of their names, for the helpdesk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, DirectoryUnavailable
from deploy.local.cast import ANNA, CAST, EVA, KARL, MARIA, STEFAN
from tests.accounts.directory.people import somebody
from tests.servers.directory import DirectoryServer
from tests.servers.slapd import TestSlapd

Find = Callable[[str], Account]


def names(directory: Directory, text: str, limit: int = 50) -> list[str]:
    return sorted(account.username for account in directory.search(text, limit))


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("ann ber", {ANNA}),
        ("berg anna", {ANNA}),
        ("anna berg", {ANNA}),
        ("  ANNA   b  ", {ANNA}),
        ("lind", {STEFAN, KARL}),
        ("lind k", {KARL}),
        ("LOVKAL", {KARL}),
        ("lov", {STEFAN, KARL, ANNA, MARIA}),
        ("maria.sund@oms", {MARIA}),
        ("anna sund", set()),
        ("finnsej", set()),
        ("Anna Anna", {ANNA}),
    ],
)
def test_each_word_begins_one_of_theirs(directory: Directory, text: str, people: set[object]) -> None:
    assert names(directory, text) == sorted(person.username for person in CAST if person in people)


@pytest.mark.parametrize(
    "text", ["karin", "anna-karin", "anna von ek", "von ek", "åsa ek", "ÅSA", "ek ann kar von", "essen", "ek-essen"]
)
def test_a_word_in_the_middle_counts_too(server: DirectoryServer, directory: Directory, text: str) -> None:
    """People are called so, and the helpdesk hears one of their names."""
    server.put(somebody(given_name="Anna-Karin Åsa", surname="von Ek-Essen"))
    assert names(directory, text) == ["lovprova01"]


def test_it_is_the_account_that_a_look_up_gives(directory: Directory, account: Find) -> None:
    assert directory.search("berg") == [account(ANNA.username)]


@pytest.mark.parametrize(
    "text", ["", " ", "a", " b ", "lin\x00d", "lin\nd", "*", "**", "li*d", "lind)(uid=*", "x" * 300, "lin\ud800"]
)
def test_what_is_no_beginning_of_a_name_finds_nobody(directory: Directory, text: str) -> None:
    assert directory.search(text) == []


@pytest.mark.parametrize("surname", ["Li*d", r"Li\nd", "Li(nd)"])
def test_odd_names_are_found(server: DirectoryServer, directory: Directory, surname: str) -> None:
    server.put(somebody(surname=surname))
    assert names(directory, surname) == ["lovprova01"]


def test_no_more_than_asked_for(directory: Directory) -> None:
    """The server says that there are more, and that is no error."""
    assert len(names(directory, "lov", limit=2)) == 2
    assert len(names(directory, "lov", limit=4)) == 4


def test_the_middle_of_a_word_is_no_beginning(openldap_settings: TestSlapd) -> None:
    assert names(portal.connect(), "erg") == []


def test_the_protected_and_the_disabled_are_told_as_such(server: DirectoryServer, directory: Directory) -> None:
    server.put(KARL, disabled=True)
    found = {
        each.username: (each.protected, each.enabled) for text in ("dahl", "lind") for each in directory.search(text)
    }
    assert found == {
        EVA.username: (True, True),
        STEFAN.username: (False, True),
        KARL.username: (False, False),
    }


def test_base_and_filter_hold(server: DirectoryServer, settings: Settings) -> None:
    settings.DIRECTORY_USER_FILTER = "(!(givenName=Karl))"
    assert names(portal.connect(), "lind") == [STEFAN.username]


def test_a_directory_that_is_down_is_said(server: DirectoryServer, directory: Directory) -> None:
    server.stop()
    with pytest.raises(DirectoryUnavailable):
        directory.search("lind")


def test_accounts_by_their_user_names(server: DirectoryServer, directory: Directory, account: Find) -> None:
    """Each as a look-up of its own gives it, whatever the case; one that is protected says so."""
    found = directory.named(["lovanber11", "LOVKALIN01", "finnsej", "", "*", "lov)(uid=*", EVA.username])
    assert found == {
        person.username: known for person in (ANNA, KARL, EVA) if (known := directory.find(person.username))
    }
    assert directory.named([]) == {}
