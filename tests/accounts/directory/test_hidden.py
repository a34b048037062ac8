"""People with protected identity (Q1): in no list of the directory, and found by name and id as all others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory
from deploy.local.cast import ANNA, HEMTJANST_ETT, STEFAN
from tests.servers.directory import DirectoryServer

pytestmark = pytest.mark.usefixtures("server")

Find = Callable[[str], Account]


@pytest.fixture(autouse=True)
def _stefan_is_hidden(settings: Settings, server: DirectoryServer) -> None:
    settings.DIRECTORY_HIDDEN_FILTER = f"(mail={STEFAN.mail})"


def _lists(directory: Directory) -> dict[str, set[str]]:
    """The user names of Hemtjänst Ett's people in each list."""
    now = timezone.now()
    unit = directory.find(ANNA.username)
    found = {
        "all": directory.accounts(listed=True),
        "company": directory.belonging_to([HEMTJANST_ETT], []),
        "unit": directory.belonging_to([], [unit.unit] if unit else []),
        "search": directory.search(STEFAN.surname),
        "running out": directory.expiring([(now, now + timedelta(days=31))]),
    }
    return {name: {account.username for account in accounts} for name, accounts in found.items()}


def test_q1_who_is_hidden_is_in_no_list(directory: Directory) -> None:
    lists = _lists(directory)
    assert all(lists.values()), "others are"
    assert {name for name, people in lists.items() if STEFAN.username in people} == set()


def test_without_the_filter_each_list_has_them(settings: Settings, directory: Directory) -> None:
    settings.DIRECTORY_HIDDEN_FILTER = ""
    lists = _lists(portal.connect())
    assert {name for name, people in lists.items() if STEFAN.username in people} == set(lists)


def test_they_are_served_as_all_others(directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    assert stefan.served
    assert directory.get(stefan.id) == stefan
    assert directory.served(stefan.id) is not None
    assert directory.get(stefan.id, listed=True) is None
    assert STEFAN.username in {each.username for each in directory.accounts()}, "the directory still has the account"


def test_a_filter_that_can_not_be_applied_lists_nobody(settings: Settings, directory: Directory) -> None:
    """Samba can apply this one: it takes an attribute that it does not know for one that nobody has."""
    settings.DIRECTORY_HIDDEN_FILTER = "(noSuchAttribute=yes)"
    people = portal.connect()
    listed = {name: bool(accounts) for name, accounts in _lists(people).items()}
    assert listed == dict.fromkeys(listed, people.can_apply(settings.DIRECTORY_HIDDEN_FILTER))
