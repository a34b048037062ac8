"""Every account, in pages."""

from __future__ import annotations

import logging
from itertools import islice

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Directory, Expiry
from deploy.local.cast import CAST, EVA, PER
from tests.accounts.directory.people import day_of, in_days, somebody
from tests.servers.directory import DirectoryServer
from tests.servers.slapd import TestSlapd


def test_the_cast_with_their_expiry(directory: Directory) -> None:
    found = {account.username: account for account in directory.accounts()}
    assert set(found) == {person.username for person in CAST}
    for person in CAST:
        expires = found[person.username].expires
        if person.days_left is None:
            assert expires is Expiry.NEVER
        else:
            assert day_of(expires) == in_days(person.days_left)
    assert {name for name, account in found.items() if account.protected} == {PER.username, EVA.username}


def test_more_than_a_page(server: DirectoryServer, directory: Directory) -> None:
    server.put_many(520, "lovmassa")
    names = [account.username for account in directory.accounts()]
    assert len(names) == len(set(names)) == 520 + len(CAST)


def test_a_reader_may_stop_and_ask_between(server: DirectoryServer, directory: Directory) -> None:
    stream = directory.accounts()
    for account in islice(stream, 2):
        assert directory.get(account.id) == account
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    directory.ping()


def test_an_entry_that_can_not_be_read_is_passed_over(
    openldap_settings: TestSlapd, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A company that is no text stands for whatever a directory may hold that nobody thought of."""
    settings.DIRECTORY_COMPANY_ATTRIBUTE = "audio"
    openldap_settings.put(somebody("lovkonstig"))
    openldap_settings.add_value("lovkonstig", "audio", b"\xff\xfe")
    with caplog.at_level(logging.WARNING, "idportal.directory"):
        names = {account.username for account in portal.connect().accounts()}
    assert names == {person.username for person in CAST}
    assert portal.connect().find("lovkonstig") is None
    assert "passed over" in caplog.text
