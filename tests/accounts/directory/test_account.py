"""An :class:`Account` holds what the directory says of a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Expiry
from deploy.local.cast import ANNA, CAST, EVA, KARL, PER, STEFAN, Person
from tests.accounts.directory.people import day_of, in_days, set_password, somebody
from tests.servers.directory import DirectoryServer

Find = Callable[[str], Account]


@pytest.mark.parametrize("person", CAST, ids=lambda person: str(person.username))
def test_the_cast(account: Find, person: Person) -> None:
    found = account(person.username)
    assert (found.username, found.given_name, found.surname) == (
        person.username,
        person.given_name,
        person.surname,
    )
    assert (found.mail, found.company) == (person.mail, person.company)
    assert found.enabled
    assert not found.locked
    assert found.protected == (person in (PER, EVA))
    assert found.served == (person not in (PER, EVA))
    if person.days_left is None:
        assert found.expires is Expiry.NEVER
    else:
        assert day_of(found.expires) == in_days(person.days_left)


def test_expired_lies_in_the_past(account: Find) -> None:
    expires = account(ANNA.username).expires
    assert isinstance(expires, datetime)
    assert expires.tzinfo is UTC
    assert expires < datetime.now(UTC)


def test_when_the_password_was_set(account: Find) -> None:
    found = account(KARL.username)
    assert isinstance(found.expires, datetime)
    assert found.password_last_set == found.expires - timedelta(days=90)


def test_what_is_missing_is_empty(server: DirectoryServer, account: Find) -> None:
    server.put(somebody(mail="", company=""))
    found = account("lovprova01")
    assert (found.mail, found.company) == ("", "")


def test_must_change(server: DirectoryServer, account: Find) -> None:
    server.put(STEFAN, must_change=True)
    found = account(STEFAN.username)
    assert found.expires is Expiry.MUST_CHANGE
    assert found.served


def test_disabled(server: DirectoryServer, account: Find) -> None:
    server.put(STEFAN, disabled=True)
    found = account(STEFAN.username)
    assert not found.enabled
    assert not found.served
    assert not found.locked


def test_locked(server: DirectoryServer, account: Find) -> None:
    server.put(STEFAN, locked=True)
    found = account(STEFAN.username)
    assert found.locked
    assert found.enabled
    assert found.served


def test_protected(server: DirectoryServer, account: Find) -> None:
    server.put(STEFAN, protected=True)
    found = account(STEFAN.username)
    assert found.protected
    assert not found.served


def test_protected_by_the_filter_on_either_kind(account: Find, settings: Settings) -> None:
    assert not account(ANNA.username).protected
    settings.DIRECTORY_PROTECTED_FILTER = "(givenName=Anna)"
    filtered = portal.connect()
    found = filtered.find(ANNA.username)
    assert found is not None
    assert found.protected
    assert {one.username for one in filtered.accounts() if one.protected} >= {ANNA.username}
    assert STEFAN.username not in {one.username for one in filtered.accounts() if one.protected}


def test_a_policy_of_their_own(server: DirectoryServer, account: Find) -> None:
    with server.stricter_policy(STEFAN, timedelta(days=80)):
        assert day_of(account(STEFAN.username).expires) in (in_days(5), in_days(6), in_days(4))
    assert day_of(account(STEFAN.username).expires) == in_days(15)


@pytest.mark.parametrize("name", ["sn", "sN", "cN"])
def test_another_attribute_for_the_company(
    server: DirectoryServer, account: Find, settings: Settings, name: str
) -> None:
    """Spelled as one likes, and also one that is read anyway."""
    server.put(somebody(), common_name="Åsa")
    settings.DIRECTORY_COMPANY_ATTRIBUTE = name
    found = portal.connect().find("lovprova01")
    assert found is not None
    assert found.company == ("Åsa" if name == "cN" else STEFAN.surname)
    assert found.surname == STEFAN.surname
    assert found in portal.connect().accounts()


@pytest.mark.parametrize(
    "common_name",
    ['Lind, Åsa "Lillan" (vikarie)', "Lind\\Berg + #1 = <två>; slut", " Å ", "#hemtjänst"],
)
def test_a_dn_with_every_special_sign(server: DirectoryServer, account: Find, common_name: str) -> None:
    server.put(somebody(), common_name=common_name)
    directory, found = portal.connect(), account("lovprova01")
    assert directory.get(found.id) == found
    assert directory.check_password(found, STEFAN.password) is portal.PasswordCheck.RIGHT
    assert set_password(directory, found.id, "Nytt-Losen-2031") is portal.PasswordChange.DONE
    assert directory.check_password(found, "Nytt-Losen-2031") is portal.PasswordCheck.RIGHT
    assert directory.unlock(found.id)
    assert "lovprova01" in {one.username for one in directory.accounts()}
