"""Members of the administrators' and agents' groups are protected: security.md R6, A2."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import ldap
import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, DirectoryUnavailable, PasswordChange, PasswordCheck
from accounts.directory.ldap_client.answers import DirectoryRefused
from accounts.directory.ldap_client.connection import Connection
from deploy.local.cast import CAST, EVA, HEMTJANST_ETT, KARL, MUNICIPALITY, PER, STEFAN
from tests.accounts.directory.people import set_password, somebody
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

Server = TestSlapd | PrivateSamba
Find = Callable[[str], Account]

NOWHERE = ["cn=finns-inte,dc=portal,dc=example", "administrators"]


@pytest.fixture(autouse=True)
def no_filter(settings: Settings, server: Server) -> None:
    """Nothing but the groups say who is protected."""
    settings.DIRECTORY_PROTECTED_FILTER = ""


@pytest.fixture
def stefan(server: Server, settings: Settings) -> Iterator[None]:
    """He is an administrator; on Active Directory without adminCount, which is set hourly there if at all."""
    member = [(server.dn(STEFAN.username) or "").encode()]
    server.root.modify_s(settings.DIRECTORY_ADMIN_GROUP, [(ldap.MOD_ADD, "member", member)])
    yield
    server.root.modify_s(settings.DIRECTORY_ADMIN_GROUP, [(ldap.MOD_DELETE, "member", member)])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Where was searched, and for what."""
    found: list[tuple[str, str]] = []
    search = Connection.search

    def noted(connection: Connection, base: str, condition: str, *rest: Any, **named: Any) -> Any:
        found.append((base, condition))
        return search(connection, base, condition, *rest, **named)

    monkeypatch.setattr(Connection, "search", noted)
    return found


def of_groups(asked: list[tuple[str, str]], settings: Settings) -> list[str]:
    """What was asked of groups, in small letters."""
    return [condition.lower() for _, condition in asked if "(member=*)" in condition]


@pytest.mark.usefixtures("stefan")
def test_a_member_is_protected_wherever_one_looks(directory: Directory, account: Find) -> None:
    found = account(STEFAN.username)
    assert found.protected
    assert not found.served
    assert directory.get(found.id) == found
    now = datetime.now(UTC)
    for accounts in (directory.accounts(), directory.expiring([(now, now + timedelta(days=90))])):
        protected = {one.username: one.protected for one in accounts}
        assert protected[STEFAN.username]
        assert not protected[KARL.username]
    assert not account(KARL.username).protected


@pytest.mark.usefixtures("stefan")
def test_no_password_of_a_member_is_set(directory: Directory, account: Find) -> None:
    found = account(STEFAN.username)
    assert set_password(directory, found.id, "Nytt-Tall-4711") is PasswordChange.NOT_ALLOWED
    assert directory.check_password(found, STEFAN.password) is PasswordCheck.RIGHT


@pytest.mark.parametrize("name", ["Lind, Åsa (Ö) *", 'Åsa "E" \\ Lind', "åsa+lind=1#"])
def test_odd_names_are_members_too(server: Server, settings: Settings, name: str) -> None:
    """DNs are escaped in DNs, and again in filters."""
    server.put(somebody(), common_name=name)
    member = [(server.dn("lovprova01") or "").encode()]
    server.root.modify_s(settings.DIRECTORY_ADMIN_GROUP, [(ldap.MOD_ADD, "member", member)])
    found = portal.connect().find("lovprova01")
    assert found
    assert found.protected
    assert "lovprova01" in {one.username for one in portal.connect().accounts() if one.protected}


def test_a_member_in_other_letters_is_one(server: Server, settings: Settings) -> None:
    """DNs are compared by the directory, and not as texts."""
    member = [(server.dn(KARL.username) or "").upper().replace(",", ", ").encode()]
    server.root.modify_s(settings.DIRECTORY_ADMIN_GROUP, [(ldap.MOD_ADD, "member", member)])
    try:
        assert KARL.username in {one.username for one in portal.connect().accounts() if one.protected}
        karl = portal.connect().find(KARL.username)
        assert karl
        assert karl in portal.connect().accounts()
    finally:
        server.root.modify_s(settings.DIRECTORY_ADMIN_GROUP, [(ldap.MOD_DELETE, "member", member)])


@pytest.mark.parametrize("setting", ["DIRECTORY_ADMIN_GROUP", "DIRECTORY_HELPDESK_GROUP"])
@pytest.mark.parametrize("group", NOWHERE)
def test_a2_a_group_that_can_not_be_read_protects_everybody(
    server: Server, settings: Settings, caplog: pytest.LogCaptureFixture, group: str, setting: str
) -> None:
    """And is complained about once in a while, not with each look-up."""
    setattr(settings, setting, group)
    directory = portal.connect()
    with caplog.at_level(logging.ERROR, "idportal.directory"):
        found = directory.find(KARL.username)
        assert found
        assert found.protected
        assert directory.get(found.id) == found
        assert directory.served(found.id) is None
        assert directory.search(KARL.username) == [found]
        assert {one.username for one in directory.accounts() if one.protected} == {one.username for one in CAST}
    assert caplog.text.count(f"{setting} can't be read") == 1
    assert directory.staff_groups()[setting] is None


def test_a_busy_server_has_not_said_that_nobody_is_protected(
    directory: Directory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Connection.search

    def busy(connection: Connection, base: str, *rest: Any, **named: Any) -> Any:
        if base == settings.DIRECTORY_ADMIN_GROUP:
            raise DirectoryRefused(ldap.BUSY.errnum, "busy")
        return search(connection, base, *rest, **named)

    monkeypatch.setattr(Connection, "search", busy)
    with pytest.raises(DirectoryUnavailable):
        directory.find(EVA.username)
    with pytest.raises(DirectoryUnavailable):
        list(directory.accounts())


def test_without_a_group_nothing_more_is_asked(settings: Settings, asked: list[tuple[str, str]]) -> None:
    settings.DIRECTORY_ADMIN_GROUP = settings.DIRECTORY_HELPDESK_GROUP = ""
    directory = portal.connect()
    list(directory.accounts())  # and with that the policies, which are kept
    asked.clear()
    directory.find(KARL.username)
    list(directory.accounts())
    assert len(asked) == 1


@pytest.mark.usefixtures("stefan")
@pytest.mark.parametrize("condition", ["", "(sn=Dahl)"])
def test_as_much_is_asked_for_everybody_and_for_nobody(
    settings: Settings, asked: list[tuple[str, str]], condition: str
) -> None:
    """E2: whether the name is unknown, or known, or protected by one word, or by two."""
    settings.DIRECTORY_PROTECTED_FILTER = condition
    directory = portal.connect()
    list(directory.accounts())  # and with that the policies, which are kept
    directory.find(KARL.username)  # and with that, which groups are in the groups
    counts = set()
    for name in (KARL.username, STEFAN.username, EVA.username, "finnsej"):
        asked.clear()
        found = directory.find(name)
        assert (found is None) == (name == "finnsej")
        [about_groups] = of_groups(asked, settings)
        assert about_groups.count(settings.DIRECTORY_ADMIN_GROUP.partition(",")[0].lower()) == 1
        assert about_groups.count(settings.DIRECTORY_HELPDESK_GROUP.partition(",")[0].lower()) == 1
        counts.add(len(asked))
        asked.clear()
        directory.get(found.id if found else "00000000-0000-4000-8000-000000000000")
        counts.add(len(asked))
    assert counts == {3 if condition else 2}


@pytest.mark.parametrize("sms_factor", [True, False])
def test_a2_agents_are_protected_whatever_their_second_factor_is(
    directory: Directory, account: Find, settings: Settings, sms_factor: bool
) -> None:
    settings.HELPDESK_SMS_FACTOR = sms_factor
    found = account(PER.username)
    assert found.protected
    assert directory.get(found.id) == found
    assert directory.search(PER.username) == [found]
    streams = (directory.accounts(), directory.belonging_to([MUNICIPALITY, HEMTJANST_ETT], []))
    for accounts in streams:
        assert {one.username for one in accounts if one.protected} == {PER.username, EVA.username}
    assert set_password(directory, found.id, "Nytt-Tall-4711") is PasswordChange.NOT_ALLOWED


def test_each_group_that_can_not_be_read_is_complained_about(
    server: Server, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DIRECTORY_ADMIN_GROUP, settings.DIRECTORY_HELPDESK_GROUP = "cn=ej,dc=portal,dc=example", NOWHERE[0]
    with caplog.at_level(logging.ERROR, "idportal.directory"):
        directory = portal.connect()
        assert directory.find(KARL.username) in list(directory.accounts())
        assert directory.find(EVA.username) in list(directory.accounts())
    assert caplog.text.count("DIRECTORY_ADMIN_GROUP can't be read") == 1
    assert caplog.text.count("DIRECTORY_HELPDESK_GROUP can't be read") == 1


def test_one_group_for_both_is_asked_once(server: Server, settings: Settings, asked: list[tuple[str, str]]) -> None:
    settings.DIRECTORY_HELPDESK_GROUP = settings.DIRECTORY_ADMIN_GROUP
    portal.connect().find(EVA.username)
    asked.clear()
    found = portal.connect().find(EVA.username)
    assert found
    assert found.protected
    [about_groups] = of_groups(asked, settings)
    assert about_groups.count(settings.DIRECTORY_ADMIN_GROUP.partition(",")[0].lower()) == 1


@pytest.mark.parametrize("has_it", [True, False])
def test_groups_in_two_places_are_asked_one_each(
    server: Server, settings: Settings, asked: list[tuple[str, str]], *, has_it: bool
) -> None:
    """Also one whose name has two parts, and characters that mean something in a filter."""
    kind = b"groupOfNames" if isinstance(server, TestSlapd) else b"group"
    people = settings.DIRECTORY_USER_BASE
    dn = (
        f"cn=chefer (a*)+description=de som bestämmer,{people}"
        if kind == b"groupOfNames"
        else f"cn=chefer (a*),{people}"
    )
    member = server.dn(KARL.username if has_it else EVA.username) or ""
    names = [("description", ["de som bestämmer".encode()])] if "+" in dn else []
    server.root.add_s(dn, [("objectClass", [kind]), ("cn", [b"chefer (a*)"]), *names, ("member", [member.encode()])])
    settings.DIRECTORY_ADMIN_GROUP = dn
    try:
        portal.connect().find(STEFAN.username)
        asked.clear()
        found = portal.connect().find(KARL.username)
    finally:
        server.root.delete_s(dn)
        portal.reset()
    assert found
    assert found.protected == has_it
    assert len(of_groups(asked, settings)) == 2


def test_a_group_that_no_search_of_its_place_finds_protects_everybody(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the service account may read the group alone."""
    search = Connection.search

    def of_no_place(
        connection: Connection, base: str, *rest: Any, scope: int = ldap.SCOPE_SUBTREE, **named: Any
    ) -> Any:
        return [] if scope == ldap.SCOPE_ONELEVEL else search(connection, base, *rest, scope=scope, **named)

    monkeypatch.setattr(Connection, "search", of_no_place)
    portal.reset()
    found = portal.connect().find(KARL.username)
    assert found
    assert found.protected
    assert "not found by a search of where it is" in caplog.text
