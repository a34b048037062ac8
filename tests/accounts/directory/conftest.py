"""Runs each shared test on both kinds of server: ask for ``server`` and ``directory``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accounts import directory as portal
from accounts.directory import Account, Directory
from tests.servers.directory import DirectoryServer

KINDS = ["openldap", "active_directory"]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> DirectoryServer:
    """A server with the cast as new, which the portal's settings name."""
    found: DirectoryServer = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
def directory(server: DirectoryServer) -> Iterator[Directory]:
    """The portal's directory on that server."""
    portal.reset()
    yield portal.connect()
    portal.reset()


@pytest.fixture
def account(directory: Directory) -> Callable[[str], Account]:
    """The account with a user name, which must be there."""

    def find(username: str) -> Account:
        found = directory.find(username)
        assert found is not None
        return found

    return find
