"""Fixtures for the directory: real servers of both kinds, and the settings that point the portal at them.

Loaded by ``pytest_plugins``. A server starts once a session; a test that asks for ``openldap_settings`` or
``active_directory_settings`` finds the cast as new in it, and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from pytest_django import Settings

from tests.servers.directory import DirectoryServer
from tests.servers.samba import PrivateSamba
from tests.servers.samba_process import free_addresses
from tests.servers.slapd import TestSlapd

Server = TypeVar("Server", bound=DirectoryServer)


@pytest.fixture(scope="session")
def slapd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSlapd]:
    """OpenLDAP with ppolicy."""
    server = TestSlapd(tmp_path_factory.mktemp("slapd"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def samba_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSamba]:
    """Samba AD DC. Provisioned in some seconds, when the first test asks for it."""
    server = PrivateSamba(tmp_path_factory.mktemp("samba"), *free_addresses(2))
    server.provision()
    server.start()
    try:
        server.fill()
        yield server
    finally:
        server.stop()


@pytest.fixture
def openldap_settings(slapd_server: TestSlapd, settings: Settings) -> TestSlapd:
    """The portal talks to a fresh OpenLDAP; the value is the server."""
    return _point_at(slapd_server, settings)


@pytest.fixture
def active_directory_settings(samba_server: PrivateSamba, settings: Settings) -> PrivateSamba:
    """The portal talks to a fresh Active Directory; the value is the server."""
    return _point_at(samba_server, settings)


def _point_at(server: Server, settings: Settings) -> Server:
    server.reset()
    for name, value in server.settings().items():
        setattr(settings, name, value)
    return server
