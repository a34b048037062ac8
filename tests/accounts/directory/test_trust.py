"""TLS, and settings that would weaken it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import DirectoryMisconfigured, DirectoryUnavailable, PasswordCheck
from accounts.directory.ldap_client.connection import is_cleartext
from deploy.local import files
from deploy.local.cast import STEFAN
from tests.accounts.directory.listener import Listener
from tests.accounts.directory.people import set_password
from tests.servers.directory import DirectoryServer

START_TLS = b"1.3.6.1.4.1.1466.20037"


@pytest.mark.parametrize("starttls", [False, True], ids=["ldaps", "starttls"])
def test_a_certificate_of_another_authority(
    server: DirectoryServer,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    starttls: bool,
) -> None:
    files.make_certificate(tmp_path)
    settings.DIRECTORY_CA_FILE = str(tmp_path / "ca.pem")
    settings.DIRECTORY_URLS = [server.plain_url if starttls else server.url]
    directory = portal.connect()
    with caplog.at_level(logging.WARNING, "idportal.directory"):
        with pytest.raises(DirectoryUnavailable):
            directory.find(STEFAN.username)
        assert directory.check_password(None, "x") is PasswordCheck.UNAVAILABLE
    assert "certificate not trusted" in caplog.text


def test_the_authorities_of_the_system(
    openldap_settings: DirectoryServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DIRECTORY_CA_FILE = ""
    with caplog.at_level(logging.WARNING, "idportal.directory"), pytest.raises(DirectoryUnavailable):
        portal.connect().ping()
    assert "certificate not trusted" in caplog.text


def test_a_certificate_for_another_host(
    openldap_settings: DirectoryServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    # The server's own address in another form, which its certificate does not name (RFC 4291 2.5.5.2).
    settings.DIRECTORY_URLS = [openldap_settings.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")]
    with caplog.at_level(logging.WARNING, "idportal.directory"), pytest.raises(DirectoryUnavailable):
        portal.connect().ping()
    assert "certificate not trusted: IP address mismatch" in caplog.text


@pytest.mark.parametrize("debug", [False, True])
def test_starttls(server: DirectoryServer, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug and server.url.startswith("ldaps://127.0.0.1")  # Samba refuses clear text anyway
    settings.DIRECTORY_URLS = [server.plain_url]
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_nothing_is_sent_before_starttls(openldap_settings: DirectoryServer, settings: Settings) -> None:
    settings.DIRECTORY_CONNECT_TIMEOUT = 0.3
    with Listener(hangs_up=False) as listener:
        settings.DIRECTORY_URLS = [f"ldap://127.0.0.1:{listener.port}"]
        with pytest.raises(DirectoryUnavailable):
            portal.connect().ping()
        assert listener.received
        for received in listener.received:
            assert START_TLS in received
            assert len(received) == 31


@pytest.mark.parametrize(
    ("url", "debug", "cleartext"),
    [
        ("ldap://127.0.0.1:389", True, True),
        ("ldap://localhost", True, True),
        ("ldap://[::1]:1389", True, True),
        ("ldap://127.0.0.1", False, False),
        ("ldap://katalog.example", True, False),
        ("ldap://127.0.0.1.example", True, False),
        ("ldap://localhost.example", True, False),
        ("ldap://192.0.2.1", True, False),
        ("ldaps://127.0.0.1", True, False),
    ],
)
def test_clear_text_is_for_loopback_in_debug_only(settings: Settings, url: str, debug: bool, cleartext: bool) -> None:
    settings.DEBUG, settings.DIRECTORY_URLS, settings.DIRECTORY_CA_FILE = debug, [url], ""
    assert is_cleartext(url) is cleartext


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIRECTORY_URLS", []),
        ("DIRECTORY_URLS", ["https://katalog.example"]),
        ("DIRECTORY_URLS", ["ldapi://%2Frun%2Fslapd"]),
        ("DIRECTORY_URLS", ["katalog.example"]),
        ("DIRECTORY_URLS", ["ldaps://"]),
        ("DIRECTORY_URLS", ["ldaps://katalog.example:x"]),
        ("DIRECTORY_CA_FILE", "/nonexistent/ca.pem"),
        ("DIRECTORY_KIND", "novell"),
    ],
)
def test_settings_that_can_not_be_meant(settings: Settings, name: str, value: object) -> None:
    setattr(settings, name, value)
    with pytest.raises(DirectoryMisconfigured, match=name):
        portal.connect()


def test_a_ca_file_that_holds_no_certificate(
    openldap_settings: DirectoryServer, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    settings.DIRECTORY_CA_FILE = str(tmp_path / "ca.pem")
    with pytest.raises(DirectoryMisconfigured, match="DIRECTORY_CA_FILE"):
        portal.connect().ping()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIRECTORY_BIND_PASSWORD", "wrong"),
        ("DIRECTORY_USER_BASE", "OU=nowhere,DC=ad,DC=example,DC=test"),
        ("DIRECTORY_USER_FILTER", "(sn=Lind"),
    ],
)
def test_a_portal_that_the_directory_refuses(
    server: DirectoryServer, settings: Settings, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    setattr(settings, name, value)
    directory = portal.connect()
    with caplog.at_level(logging.ERROR, "idportal.directory"), pytest.raises(DirectoryMisconfigured) as caught:
        directory.find(STEFAN.username)
    assert not isinstance(caught.value, DirectoryUnavailable)
    assert caplog.records
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.UNAVAILABLE
    with pytest.raises(DirectoryMisconfigured):
        set_password(directory, stefan.id, "Nytt-Losen-2031")
    with pytest.raises(DirectoryMisconfigured):
        directory.unlock(stefan.id)
    with pytest.raises(DirectoryMisconfigured):
        list(directory.accounts())
