"""Fixtures for the directory: real servers of both kinds, and the settings that point the portal at them.

Loaded by ``pytest_plugins``. A server starts once a session; a test that asks for ``openldap_settings`` or
``active_directory_settings`` finds the cast as new in it, and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings as live
from django.core.signals import setting_changed
from django.dispatch import receiver
from pytest_django import Settings

from accounts import directory
from accounts.directory.ldap_client.connection import Connection
from idportal.channels import auth_ldap
from tests.servers.directory import DirectoryServer
from tests.servers.samba import PrivateSamba
from tests.servers.samba_process import free_addresses
from tests.servers.slapd import TestSlapd


@receiver(setting_changed)
def _derive_again(*, setting: str, **kwargs: object) -> None:
    """What idportal/settings.py derives from DIRECTORY_* once in a process, after each change of a test."""
    if setting.startswith("DIRECTORY_"):
        directory_settings = {name: getattr(live, name) for name in dir(live) if name.startswith("DIRECTORY_")}
        for name, value in auth_ldap.derived(directory_settings).items():
            setattr(live, name, value)


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
def openldap_settings(slapd_server: TestSlapd, settings: Settings) -> Iterator[TestSlapd]:
    """The portal talks to a fresh OpenLDAP; the value is the server."""
    with _pointed_at(slapd_server, settings):
        yield slapd_server


@pytest.fixture
def active_directory_settings(samba_server: PrivateSamba, settings: Settings) -> Iterator[PrivateSamba]:
    """The portal talks to a fresh Active Directory; the value is the server."""
    with _pointed_at(samba_server, settings):
        yield samba_server


# The portal's connections to each server, from one test to the next: to open one costs both as much as ten look-ups.
_idle: dict[str, list[Connection]] = {}


@contextmanager
def _pointed_at(server: DirectoryServer, settings: Settings) -> Iterator[None]:
    server.reset()
    for name, value in server.settings().items():
        setattr(settings, name, value)
    made = directory.connect()
    for connection in _idle.pop(server.url, []):
        made._pool._give_back(connection)
    yield
    if directory._made == [made]:  # else the test had settings of its own, and these were closed
        _idle[server.url] = list(iter(made._pool._take, None))
