"""Passwords are in no log record and in no exception."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import DirectoryError, PasswordChange, PasswordCheck
from accounts.directory.ldap_client.connection import Connection
from deploy.local import files
from deploy.local.cast import STEFAN
from tests.accounts.directory.people import set_password
from tests.servers.directory import DirectoryServer

CANARY = "Kanarie-Fagel-7731"
SERVICE_CANARY = "Tjanste-Kanarie-4482"


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    # An operator who sets this gets every argument on standard error from python-ldap, if it is let.
    monkeypatch.setattr("ldap._trace_level", 9)


def test_when_all_goes_well_or_is_refused(
    server: DirectoryServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert directory.check_password(stefan, CANARY) is PasswordCheck.WRONG
    assert set_password(directory, stefan.id, CANARY) is PasswordChange.DONE
    assert set_password(directory, stefan.id, CANARY) is PasswordChange.IN_HISTORY
    assert directory.check_password(stefan, CANARY) is PasswordCheck.RIGHT
    _assert_nowhere(caplog, capfd)


def test_when_the_server_dies(
    server: DirectoryServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    call = Connection._call

    def dies(self: Connection, *args: object, changes: bool = False, **kwargs: object) -> object:
        if changes:
            server.kill()
        return call(self, *args, changes=changes, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "_call", dies)
    assert set_password(directory, stefan.id, CANARY) is PasswordChange.UNAVAILABLE
    assert directory.check_password(stefan, CANARY) is PasswordCheck.UNAVAILABLE
    assert caplog.records
    _assert_nowhere(caplog, capfd)


def test_when_the_directory_refuses_the_portal(
    server: DirectoryServer,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    settings.DIRECTORY_BIND_PASSWORD = SERVICE_CANARY
    assert SERVICE_CANARY not in _words_of(portal.connect().ping)
    files.make_certificate(tmp_path)
    settings.DIRECTORY_CA_FILE = str(tmp_path / "ca.pem")
    assert SERVICE_CANARY not in _words_of(portal.connect().ping)
    assert SERVICE_CANARY not in repr([vars(portal.connect()), vars(portal.connect()._pool)])
    _assert_nowhere(caplog, capfd)


def _words_of(act: Callable[[], None]) -> str:
    with pytest.raises(DirectoryError) as caught:
        act()
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def _assert_nowhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    records = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    written = "".join(capfd.readouterr())
    for canary in (CANARY, SERVICE_CANARY):
        assert canary not in records
        assert canary not in written
