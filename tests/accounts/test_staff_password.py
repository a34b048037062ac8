"""A password that is changed in the directory ends a sign-in with the old one: security.md R4, S2."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import ldap
import pytest

from accounts import directory
from accounts.models import Event
from deploy.local.cast import EVA, Person
from tests.accounts.directory.conftest import KINDS
from tests.accounts.helpers import last, trail
from tests.accounts.staff import Officer, later
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

Server = TestSlapd | PrivateSamba


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    found: Server = request.getfixturevalue(f"{request.param}_settings")
    directory.reset()
    yield found
    directory.reset()


def sets_password(server: Server, person: Person, password: str) -> None:
    """The person changes it at a workstation."""
    if isinstance(server, PrivateSamba):
        change = [(ldap.MOD_REPLACE, "unicodePwd", [f'"{password}"'.encode("utf-16-le")])]
        server.root.modify_s(server.dn(person.username), change)
        return
    own = ldap.initialize(server.plain_url)
    own.simple_bind_s(server.dn(person.username), person.password)
    own.passwd_s(server.dn(person.username), person.password, password)
    own.unbind_s()


def must_change(server: Server, person: Person) -> None:
    """Somebody says so, and the person has not yet."""
    if isinstance(server, PrivateSamba):
        server.set_value(person.username, "pwdLastSet", "0")
    else:
        server.add_value(person.username, "pwdReset", b"TRUE")


def test_a_password_changed_elsewhere_ends_the_session(server: Server) -> None:
    """R4, S2: who got in with the old one is out at the next click."""
    eva = Officer(EVA)
    eva.enrol()
    later(minutes=1)
    assert eva.is_in()
    sets_password(server, EVA, "Helt-Nytt-9876")
    assert eva.get("/logga-in/koder/")["Location"] == "/logga-in/?slut"
    assert not eva.is_in()
    assert last(Event.ROLE_ENDED).result == "password changed"
    assert eva.type_password("Helt-Nytt-9876")["Location"] == "/logga-in/kod/"
    assert eva.type_code()["Location"] == "/admin/", "at once, and for good"
    assert eva.is_in()


def test_so_does_a_password_that_must_be_changed(server: Server) -> None:
    server.put(dataclasses.replace(EVA, days_left=40))  # Active Directory lets nobody change what never runs out
    eva = Officer(EVA)
    eva.enrol()
    must_change(server, EVA)
    assert eva.get("/admin/")["Location"] == "/logga-in/?slut"
    assert last(Event.ROLE_ENDED).result == "password changed"


def test_a_password_changed_between_password_and_code(server: Server) -> None:
    """And the code is not spent."""
    eva = Officer(EVA)
    eva.has_app()
    eva.type_password()
    later(minutes=1)
    sets_password(server, EVA, "Helt-Nytt-9876")
    assert eva.type_code()["Location"] == "/logga-in/?slut"
    assert last(Event.ROLE_ENDED).result == "password changed"
    assert Event.SECOND_FACTOR_ACCEPTED not in trail()


def test_one_changed_just_before_does_not(server: Server) -> None:
    """Nor does the clock of a directory that is a few seconds ahead."""
    sets_password(server, EVA, "Helt-Nytt-9876")
    eva = Officer(dataclasses.replace(EVA, password="Helt-Nytt-9876"))
    eva.enrol()
    later(seconds=5)
    assert eva.is_in()
