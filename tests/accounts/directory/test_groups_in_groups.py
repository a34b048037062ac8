"""Members of groups that are in a staff group: they are protected, and have the role. security.md A2, S2."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ldap
import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, PasswordChange
from accounts.directory.dialects import protection
from deploy.local.cast import ANNA, CAST, EVA, KARL, PER, STEFAN
from tests.accounts.directory.people import set_password
from tests.servers.samba import SERVICE_ACCOUNT, PrivateSamba, _sid
from tests.servers.slapd import TestSlapd

Server = TestSlapd | PrivateSamba
Find = Callable[[str], Account]

MEMBER = "bf9679c0-0de6-11d0-a285-00aa003049e2"  # the schema id of the attribute (MS-ADA)


@pytest.fixture(autouse=True)
def no_filter(settings: Settings, server: Server) -> None:
    """Nothing but the groups say who is protected."""
    settings.DIRECTORY_PROTECTED_FILTER = ""


class Groups:
    """Makes groups beside the helpdesk's; in its place, takes them away again."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self.server, self.top = server, settings.DIRECTORY_HELPDESK_GROUP
        self.made: list[str] = []
        self.added: list[tuple[str, bytes]] = []

    def make(self, name: str, *members: str) -> str:
        dn = f"cn={name},{self.top.partition(',')[2]}"
        kind = b"groupOfNames" if isinstance(self.server, TestSlapd) else b"group"
        self.server.root.add_s(dn, [("objectClass", [kind]), ("member", [each.encode() for each in members])])
        self.made.append(dn)
        return dn

    def make_empty(self, name: str) -> str:
        dn = f"cn={name},{self.top.partition(',')[2]}"
        self.server.root.add_s(dn, [("objectClass", [b"group"])])
        self.made.append(dn)
        return dn

    def add(self, group: str, member: str) -> None:
        self.server.root.modify_s(group, [(ldap.MOD_ADD, "member", [member.encode()])])
        if group not in self.made:
            self.added.append((group, member.encode()))

    def take_out(self, group: str, member: str) -> None:
        self.server.root.modify_s(group, [(ldap.MOD_DELETE, "member", [member.encode()])])
        if (group, member.encode()) in self.added:
            self.added.remove((group, member.encode()))

    def remove_all(self) -> None:
        for group, member in self.added:
            self.server.root.modify_s(group, [(ldap.MOD_DELETE, "member", [member])])
        for dn in self.made:
            self.server.root.delete_s(dn)

    def dn(self, username: str) -> str:
        return self.server.dn(username) or ""


@pytest.fixture
def groups(server: Server, settings: Settings) -> Iterator[Groups]:
    made = Groups(server, settings)
    yield made
    made.remove_all()
    portal.reset()


@pytest.fixture
def nested(groups: Groups) -> Groups:
    """Karl is in a group that is in a group that is in the helpdesk's; the innermost has the outer one as a member."""
    inner = groups.make("inre", groups.dn(KARL.username))
    outer = groups.make("yttre", inner)
    groups.add(inner, outer)
    groups.add(groups.top, outer)
    return groups


@pytest.mark.usefixtures("nested")
def test_a2_a_member_of_a_group_in_a_staff_group_is_protected(directory: Directory, account: Find) -> None:
    found = account(KARL.username)
    assert found.protected
    assert directory.get(found.id) == found
    assert directory.served(found.id) is None
    assert directory.search(KARL.username) == [found]
    streamed = {one.username for one in directory.accounts() if one.protected}
    assert streamed == {KARL.username, PER.username, EVA.username}
    assert set_password(directory, found.id, "Nytt-Tall-4711") is PasswordChange.NOT_ALLOWED
    assert account(STEFAN.username).served


@pytest.mark.usefixtures("nested")
def test_a2_protection_covers_all_that_have_a_role(directory: Directory, account: Find, settings: Settings) -> None:
    staff = [settings.DIRECTORY_HELPDESK_GROUP, settings.DIRECTORY_ADMIN_GROUP]
    for person in CAST:
        found = account(person.username)
        held = directory.groups_of(found, staff)
        assert bool(held) == found.protected == (person in (KARL, PER, EVA))
        assert held <= {staff[person is EVA]}


def test_s2_who_is_taken_out_of_any_of_the_groups_loses_the_role_at_once(nested: Groups, account: Find) -> None:
    karl, again = account(KARL.username), portal.connect()
    assert again.groups_of(karl, [nested.top])
    nested.take_out(nested.top, nested.made[1])
    assert not again.groups_of(karl, [nested.top])
    nested.add(nested.top, nested.made[1])
    assert again.groups_of(karl, [nested.top])
    nested.take_out(nested.made[0], nested.dn(KARL.username))
    assert not again.groups_of(karl, [nested.top])


def test_a_group_that_comes_into_a_staff_group_counts_within_a_minute(
    groups: Groups, account: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account(KARL.username).served
    groups.add(groups.top, groups.make("ny", groups.dn(KARL.username)))
    monkeypatch.setattr(protection.time, "monotonic", lambda now=protection.time.monotonic: now() + 61)
    assert account(KARL.username).protected


def test_a_direct_member_counts_at_once(groups: Groups, account: Find) -> None:
    assert account(ANNA.username).served
    groups.add(groups.top, groups.dn(ANNA.username))
    assert account(ANNA.username).protected


def test_more_groups_than_anyone_can_follow_protect_everybody(
    nested: Groups, account: Find, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bound on what a look-up may cost. Active Directory follows them itself; the portal does before a stream."""
    monkeypatch.setattr(protection, "FAMILY_MOST", 2)
    portal.reset()
    with caplog.at_level(logging.ERROR, "idportal.directory"):
        streamed = [one.protected for one in portal.connect().accounts()]
    assert all(streamed)
    assert "DIRECTORY_HELPDESK_GROUP can't be read" in caplog.text
    assert account(STEFAN.username).protected == isinstance(nested.server, TestSlapd)


def test_a2_an_entry_that_shows_no_members_protects_everybody(
    server: Server, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """As if the portal had no right to read ``member``."""
    settings.DIRECTORY_HELPDESK_GROUP = server.dn(KARL.username)
    with caplog.at_level(logging.ERROR, "idportal.directory"):
        found = portal.connect().find(STEFAN.username)
    assert found
    assert found.protected
    assert "DIRECTORY_HELPDESK_GROUP can't be read" in caplog.text


def test_a_member_that_can_not_be_read_is_counted(groups: Groups) -> None:
    """It may be a group whose members the portal does not see."""
    assert portal.connect().staff_groups()["DIRECTORY_HELPDESK_GROUP"] == (0 if _is_samba(groups) else 1)  # root's own


def _is_samba(groups: Groups) -> bool:
    return isinstance(groups.server, PrivateSamba)


@contextmanager
def hidden_members(server: PrivateSamba, group: str) -> Iterator[None]:
    """The service account may not read who is in the group."""
    sid = _sid(server._read(SERVICE_ACCOUNT, "objectSid"))
    before = server._read(group, "nTSecurityDescriptor")
    server.past_server("allow", group, f"(OD;;RP;{MEMBER};;{sid})")
    try:
        yield
    finally:
        server.root.modify_s(group, [(ldap.MOD_REPLACE, "nTSecurityDescriptor", [before])])


@pytest.mark.parametrize("server", ["active_directory"], indirect=True)
def test_a2_hidden_members_protect_everybody(server: PrivateSamba, settings: Settings) -> None:
    portal.reset()
    with hidden_members(server, settings.DIRECTORY_HELPDESK_GROUP):
        assert {one.protected for one in portal.connect().accounts()} == {True}
        found = portal.connect().find(STEFAN.username)
        assert found
        assert found.protected
        assert portal.connect().staff_groups()["DIRECTORY_HELPDESK_GROUP"] is None
    portal.reset()
    found = portal.connect().find(STEFAN.username)
    assert found
    assert found.served
