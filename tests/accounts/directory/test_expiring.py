"""Finding the accounts whose password expires within a span of time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, DirectoryUnavailable
from accounts.directory.ldap_client import connection
from accounts.directory.ldap_client.connection import Connection
from deploy.local.cast import ANNA, CAST, EVA, KARL, MARIA, PER, STEFAN, Person
from tests.accounts.directory.people import in_days, somebody
from tests.servers.directory import DirectoryServer
from tests.servers.slapd import TestSlapd

Find = Callable[[str], Account]

ALWAYS = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cast fills three of them."""
    monkeypatch.setattr(connection, "PAGE", 2)


def names(directory: Directory, first: datetime, last: datetime) -> set[str]:
    return {account.username for account in directory.expiring([(first, last)])}


def days(first: int, last: int) -> tuple[datetime, datetime]:
    """From noon to noon, so many days away."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(first), noon + timedelta(last)


def moment(account: Account) -> datetime:
    assert isinstance(account.expires, datetime)
    return account.expires


def test_the_first_moment_belongs_to_the_span_and_the_last_does_not(directory: Directory, account: Find) -> None:
    at = moment(account(KARL.username))
    assert names(directory, at, at + TICK) == {KARL.username}
    assert names(directory, at - timedelta(1), at + TICK) == {KARL.username}
    assert names(directory, at - timedelta(1), at) == set()
    assert names(directory, at + TICK, at + timedelta(1)) == set()
    assert names(directory, at, at) == set()
    assert names(directory, at + timedelta(1), at - timedelta(1)) == set()


def test_it_is_the_account_that_a_look_up_gives(directory: Directory, account: Find) -> None:
    found = {each.username: each for each in directory.expiring([ALWAYS])}
    assert found == {person.username: account(person.username) for person in (STEFAN, KARL, ANNA, MARIA)}


@pytest.mark.parametrize(
    ("span", "people"),
    [
        ((-10, 0), {ANNA}),
        ((5, 20), {STEFAN, KARL}),
        ((10, 90), {STEFAN, MARIA}),
        ((20, 50), set()),
    ],
)
def test_it_gives_those_of_a_span(directory: Directory, span: tuple[int, int], people: set[Person]) -> None:
    assert names(directory, *days(*span)) == {person.username for person in people}


def test_it_gives_those_of_several_spans(directory: Directory) -> None:
    """The beginning of time may be in the first one, and its end in the last."""
    found = directory.expiring([(ALWAYS[0], days(-5, -1)[1]), days(6, 8), (days(20, 50)[0], ALWAYS[1])])
    assert {account.username for account in found} == {ANNA.username, KARL.username, MARIA.username}
    assert list(directory.expiring([])) == []


def test_never_and_must_change_are_no_time(server: DirectoryServer, directory: Directory) -> None:
    server.put(KARL, must_change=True)
    assert names(directory, *ALWAYS) == {STEFAN.username, ANNA.username, MARIA.username}


def test_the_disabled_are_told_as_such(server: DirectoryServer, directory: Directory) -> None:
    server.put(KARL, disabled=True)
    enabled = {account.username: account.enabled for account in directory.expiring([days(5, 20)])}
    assert enabled == {STEFAN.username: True, KARL.username: False}


def test_a_policy_of_their_own_decides(server: DirectoryServer, directory: Directory) -> None:
    """80 days instead of 90: Stefan has five left instead of 15, and Maria's are as many as before."""
    with server.stricter_policy(STEFAN, timedelta(days=80)):
        assert names(directory, *days(3, 10)) == {STEFAN.username, KARL.username}
        assert names(directory, *days(10, 90)) == {MARIA.username}
    portal.reset()  # a policy that is known is not read again for a while
    assert names(portal.connect(), *days(10, 90)) == {STEFAN.username, MARIA.username}


def test_a_policy_read_while_pages_come_loses_none(
    server: DirectoryServer, directory: Directory, small_pages: None
) -> None:
    """slapd forgets where a search in pages was, and says that it is over, if its connection asks in between."""
    with server.stricter_policy(MARIA, timedelta(days=80)):
        found = {account.username: moment(account).date() for account in directory.expiring([ALWAYS])}
    assert found == {
        STEFAN.username: in_days(15),
        KARL.username: in_days(7),
        ANNA.username: in_days(-4),
        MARIA.username: in_days(50),
    }


def test_the_protected_are_marked(server: DirectoryServer, directory: Directory) -> None:
    server.put(KARL, protected=True)
    protected = {account.username: account.protected for account in directory.expiring([days(5, 20)])}
    assert protected == {STEFAN.username: False, KARL.username: True}


def test_the_protected_are_marked_by_the_filter(directory: Directory, settings: Settings) -> None:
    settings.DIRECTORY_PROTECTED_FILTER = "(givenName=Karl)"
    protected = {account.username: account.protected for account in portal.connect().expiring([days(5, 20)])}
    assert protected == {STEFAN.username: False, KARL.username: True}


def test_base_and_filter_hold(directory: Directory, settings: Settings) -> None:
    settings.DIRECTORY_USER_FILTER = "(!(givenName=Karl))"
    assert names(portal.connect(), *days(5, 20)) == {STEFAN.username}


def test_more_than_a_page(openldap_settings: TestSlapd) -> None:
    for number in range(510):
        openldap_settings.put(somebody(f"lovmassa{number}", days_left=number % 3))
    with_one_left = {f"lovmassa{number}" for number in range(1, 510, 3)}
    assert names(portal.connect(), *days(0, 2)) >= with_one_left
    assert names(portal.connect(), *days(-2, 4)) == {f"lovmassa{number}" for number in range(510)}


def test_the_next_page_is_asked_for_before_one_is_handed_out(
    directory: Directory, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Connection] = []
    send = Connection._send

    def counted(self: Connection, *args: object, **kwargs: object) -> object:
        sent.append(self)
        return send(self, *args, **kwargs)  # type: ignore[arg-type]

    opened = directory._pool.connect()
    monkeypatch.setattr(Connection, "_send", counted)
    pages = opened.pages(*_everybody(directory))
    assert len(next(pages)) == 2
    assert len(sent) == 2
    assert sum(len(page) for page in pages) == len(CAST) - 2
    assert len(list(opened.pages(*_everybody(directory)))) >= 3, "it can be used again once all pages have come"
    opened.close()


def test_a_connection_does_nothing_else_between_two_pages(directory: Directory, small_pages: None) -> None:
    """slapd would say that the page after was the last."""
    opened = directory._pool.connect()
    next(opened.pages(*_everybody(directory)))
    with pytest.raises(RuntimeError):
        opened.read("", ["1.1"])
    opened.close()


def test_a_reader_may_stop_half_way(directory: Directory, small_pages: None) -> None:
    stream = directory.expiring([ALWAYS])
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    directory.ping()
    assert len(names(directory, *ALWAYS)) == 4


def test_a_server_that_dies_between_two_pages(server: DirectoryServer, directory: Directory, small_pages: None) -> None:
    stream = directory.accounts()
    next(stream)
    server.kill()
    with pytest.raises(DirectoryUnavailable):
        list(stream)


def test_a_server_that_falls_silent_between_two_pages(
    server: DirectoryServer, settings: Settings, small_pages: None
) -> None:
    settings.DIRECTORY_OPERATION_TIMEOUT = 0.5
    stream = portal.connect().accounts()
    next(stream)
    with server.suspend(), pytest.raises(DirectoryUnavailable):
        list(stream)


def test_an_entry_that_can_not_be_read_is_passed_over(
    openldap_settings: TestSlapd, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DIRECTORY_COMPANY_ATTRIBUTE = "audio"
    openldap_settings.put(somebody("lovkonstig"))
    openldap_settings.add_value("lovkonstig", "audio", b"\xff\xfe")
    with caplog.at_level(logging.WARNING, "idportal.directory"):
        assert names(portal.connect(), *days(5, 20)) == {STEFAN.username, KARL.username}
    assert "passed over" in caplog.text


def test_an_administrator_never_runs_out(directory: Directory) -> None:
    assert names(directory, *ALWAYS).isdisjoint({EVA.username, PER.username})


def _everybody(directory: Directory) -> tuple[str, str, list[str]]:
    return directory._base, directory._people(), ["sn"]
