"""Servers that are down, that die, and that never answer."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Directory, DirectoryUnavailable, PasswordChange, PasswordCheck, Served
from accounts.directory.ldap_client import connection, pool
from accounts.directory.ldap_client.connection import Connection
from deploy.local.cast import CAST, STEFAN
from tests.accounts.directory.listener import Listener
from tests.accounts.directory.people import set_password
from tests.servers.directory import DirectoryServer

NEW = "Nytt-Losen-2031"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pool, "time", clock)
    monkeypatch.setattr(connection, "time", clock)
    return clock


def test_the_second_is_asked_when_the_first_is_down(
    server: DirectoryServer, second: DirectoryServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    directory = portal.connect()
    with caplog.at_level(logging.WARNING, "idportal.directory"):
        stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert f"{server.url}" in caplog.text
    assert "passed over for 30 s" in caplog.text


def test_the_second_is_asked_when_the_first_dies_in_mid_session(
    server: DirectoryServer, second: DirectoryServer
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    server.kill()
    assert directory.find(STEFAN.username) == stefan
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_the_second_is_asked_when_the_first_falls_silent(
    server: DirectoryServer, second: DirectoryServer, settings: Settings
) -> None:
    settings.DIRECTORY_CONNECT_TIMEOUT = settings.DIRECTORY_OPERATION_TIMEOUT = 0.5
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    with server.suspend():
        started = time.monotonic()
        assert directory.find(STEFAN.username) == stefan
        assert time.monotonic() - started < 3
        started = time.monotonic()
        assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT
        assert time.monotonic() - started < 0.5  # it is passed over now


def test_a_write_that_broke_is_not_tried_elsewhere(
    server: DirectoryServer, second: DirectoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    call = Connection._call

    def dies_before_it_answers(self: Connection, *args: object, changes: bool = False, **kwargs: object) -> object:
        if changes:
            server.kill()
        return call(self, *args, changes=changes, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "_call", dies_before_it_answers)
        assert set_password(directory, stefan.id, NEW) is PasswordChange.UNAVAILABLE
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_the_same_server_is_found_again_after_a_restart(server: DirectoryServer, directory: Directory) -> None:
    directory.ping()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    server.kill()
    with pytest.raises(DirectoryUnavailable):
        directory.find(STEFAN.username)
    with pytest.raises(DirectoryUnavailable):
        set_password(directory, stefan.id, NEW)  # nothing was sent, so this is no unknown outcome
    assert directory.check_password(None, "x") is PasswordCheck.UNAVAILABLE
    server.start()
    assert directory.find(STEFAN.username) is not None  # at once: when all are passed over, all are tried


def test_a_restart_between_two_calls_goes_unnoticed(server: DirectoryServer, directory: Directory) -> None:
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    server.kill()
    server.start()
    assert directory.find(STEFAN.username) == stefan
    server.kill()
    server.start()
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE


def test_a_restart_between_look_up_and_change_goes_unnoticed(server: DirectoryServer, directory: Directory) -> None:
    """A change on the connection that is gone would have an outcome that is not known."""
    found = served(directory)
    server.kill()
    server.start()
    assert directory.set_password(found, NEW) is PasswordChange.DONE


def test_a_server_that_fell_silent_after_the_look_up_gets_no_change(
    server: DirectoryServer, second: DirectoryServer, settings: Settings, clock: Clock
) -> None:
    settings.DIRECTORY_CONNECT_TIMEOUT = settings.DIRECTORY_OPERATION_TIMEOUT = 0.5
    directory = portal.connect()
    found = served(directory)
    clock.now += connection.PROVEN_FOR + 0.1
    with server.suspend():
        assert directory.set_password(found, NEW) is PasswordChange.DONE
        assert directory.check_password(found.account, NEW) is PasswordCheck.RIGHT
    settings.DIRECTORY_URLS = [server.url]
    assert portal.connect().check_password(found.account, STEFAN.password) is PasswordCheck.RIGHT


def served(directory: Directory) -> Served:
    stefan = directory.find(STEFAN.username)
    found = directory.served(stefan.id) if stefan else None
    assert found is not None
    return found


def test_a_dead_one_is_passed_over_for_thirty_seconds(
    server: DirectoryServer, settings: Settings, clock: Clock
) -> None:
    with Listener(hangs_up=True) as dead:
        settings.DIRECTORY_URLS = [f"ldaps://127.0.0.1:{dead.port}", server.url]
        directory = portal.connect()
        assert directory.check_password(None, "x") is PasswordCheck.WRONG
        asked = dead.count
        assert asked > 0
        clock.now += 29
        assert directory.check_password(None, "x") is PasswordCheck.WRONG
        assert dead.count == asked
        clock.now += 2
        assert directory.check_password(None, "x") is PasswordCheck.WRONG
        assert dead.count > asked


def test_kept_connections_grow_old(server: DirectoryServer, settings: Settings, clock: Clock) -> None:
    """So that the portal finds back to the first server, and no firewall forgets a connection in use."""
    with Listener(hangs_up=True) as dead:
        settings.DIRECTORY_URLS = [f"ldaps://127.0.0.1:{dead.port}", server.url]
        directory = portal.connect()
        directory.ping()
        asked = dead.count
        clock.now += 60
        directory.ping()
        assert dead.count == asked
        clock.now += pool.KEPT_FOR
        directory.ping()
        assert dead.count > asked


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_one_that_never_answers_costs_no_more_than_the_limits(
    openldap_settings: DirectoryServer, settings: Settings, scheme: str
) -> None:
    settings.DIRECTORY_CONNECT_TIMEOUT = 0.5
    with Listener(hangs_up=False) as silent:
        settings.DIRECTORY_URLS = [f"{scheme}://127.0.0.1:{silent.port}"]
        started = time.monotonic()
        with pytest.raises(DirectoryUnavailable):
            portal.connect().find(STEFAN.username)
        assert time.monotonic() - started < 2
        settings.DIRECTORY_URLS = [f"{scheme}://127.0.0.1:{silent.port}", openldap_settings.url]
        started = time.monotonic()
        assert portal.connect().find(STEFAN.username) is not None
        assert time.monotonic() - started < 2


def test_many_threads(server: DirectoryServer, directory: Directory) -> None:
    names = [person.username for person in CAST] * 20

    def find(name: str) -> str:
        found = directory.find(name)
        assert found is not None
        return found.username

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(find, names)) == names


def test_a_forked_process_leaves_the_connection_to_its_parent(
    openldap_settings: DirectoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = portal.connect()
    directory.ping()
    child = os.fork()
    if child == 0:
        found = portal.connect().find(STEFAN.username)
        os._exit(0 if found is not None and portal.connect() is not directory else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # The parent's connection was not ended by the child: no new one is needed.
    monkeypatch.setattr(pool.Pool, "connect", lambda *args: pytest.fail("connected anew"))
    directory.ping()
