"""Each shared behaviour is tried on both kinds of server: ask for ``server`` and ``directory``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accounts import directory as portal
from accounts.directory import Account, Directory
from tests.servers.directory import DirectoryServer

HERE = Path(__file__).parent
KINDS = [
    pytest.param("openldap", id="openldap"),
    # Whatever the database is, Samba answers the same: once is enough.
    pytest.param("active_directory", id="active_directory", marks=pytest.mark.once),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """So it is with all tests of this folder, but for those that ask the database, too."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("django_db") is None:
            item.add_marker(pytest.mark.once)


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
