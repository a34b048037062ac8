"""Passwords and groups of staff on real servers of both kinds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import ldap
import pytest
from pytest_django import Settings

from accounts import directory, limits
from accounts.directory import Account, DirectoryMisconfigured, PasswordCheck, connect_staff
from accounts.directory.ldap_client.connection import Connection
from accounts.models import Event, User
from deploy.local.cast import ADMINS, EVA, KARL, MARIA, PER, STEFAN, Person
from tests.accounts.directory.conftest import KINDS
from tests.accounts.helpers import WRONG_LOGIN, last
from tests.accounts.staff import NO_ROLE, Officer, says
from tests.servers.directory import DirectoryServer
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


def account(person: Person) -> Account:
    found = directory.connect().find(person.username)
    assert found
    return found


def check_password(one: Account | None, password: str) -> PasswordCheck:
    return connect_staff().check_password(one, password)


def leave(server: Server, person: Person, settings: Settings) -> None:
    """The person leaves the administrators' group."""
    member = (server.dn(person.username) or "").encode()
    server.root.modify_s(settings.DIRECTORY_ADMIN_GROUP, [(ldap.MOD_DELETE, "member", [member])])


# --- The whole way -------------------------------------------------------------------------------


def test_an_administrator_gets_in_and_out(server: Server, settings: Settings) -> None:
    """Eva's account is protected: the portal changes nothing about it, but here she may sign in."""
    eva = Officer(EVA)
    assert account(EVA).protected
    eva.enrol()
    assert eva.is_in()
    eva.leave()
    assert eva.sign_in()["Location"] == "/admin/"
    leave(server, EVA, settings)
    assert eva.get("/admin/")["Location"] == "/logga-in/?slut"
    assert last(Event.ROLE_ENDED).result == "administrator"
    assert says(eva.type_password(), NO_ROLE)


def test_an_agent_gets_in_to_the_agents_pages_alone(server: Server) -> None:
    """Per's account is in the helpdesk's group."""
    per = Officer(PER)
    per.enrol()
    assert per.get("/helpdesk/oversikt/").status_code == 200
    assert per.get("/admin/").status_code == 403
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize("name", [rf"KOMMUNEN\{PER.username}", f"{PER.username}@ad.example.test"])
def test_the_name_may_come_with_its_domain(server: Server, name: str) -> None:
    """As Windows shows it. OpenLDAP has no user principal names."""
    per = Officer(PER)
    per.has_app()
    answer = per.type_password(name=name)
    if "@" in name and isinstance(server, TestSlapd):
        assert says(answer, WRONG_LOGIN)
    else:
        assert answer["Location"] == "/logga-in/kod/"


@pytest.mark.parametrize("person", [STEFAN, MARIA], ids=lambda person: person.username)
def test_nobody_else_does(server: Server, person: Person) -> None:
    """Staff of companies, with the right password."""
    officer = Officer(person)
    assert says(officer.type_password(), NO_ROLE)
    assert not officer.is_in()
    assert not User.objects.filter(is_staff=True).exists()


def test_wrong_and_unknown_look_the_same(server: Server) -> None:
    for name, password in ((EVA.username, "Fel-1"), (PER.username, "Fel-1"), ("admfinnsej", EVA.password)):
        assert says(Officer().type_password(password, name=name), WRONG_LOGIN)


def test_a_disabled_administrator_is_out(server: Server) -> None:
    eva = Officer(EVA)
    eva.enrol()
    server.put(EVA, disabled=True)
    assert not eva.is_in()
    assert eva.type_password().status_code == 200
    assert eva.get("/logga-in/kod/").status_code == 302


def test_an_account_that_is_disabled_and_keeps_its_id_is_out(server: Server) -> None:
    """S2: not because it is another one."""
    eva = Officer(EVA)
    eva.enrol()
    if isinstance(server, PrivateSamba):
        server.set_value(EVA.username, "userAccountControl", str(0x200 | 0x2))
    else:
        server.add_value(EVA.username, "pwdAccountLockedTime", b"000001010000Z")
    assert eva.get("/admin/")["Location"] == "/logga-in/?slut"
    assert last(Event.ROLE_ENDED).result == "account disabled"


def test_nobody_is_locked_out_through_this_page(server: Server) -> None:
    """T3: whatever the threshold of the directory."""
    for attempt in range(server.lockout_threshold + 2):
        assert says(Officer().type_password(f"fel {attempt}"), WRONG_LOGIN)
    assert server.failures(EVA.username) == limits.password_tries(server.lockout_threshold)[0]
    assert not account(EVA).locked


def test_a_filter_holds_for_staff_too(server: Server, settings: Settings) -> None:
    """DIRECTORY_USER_FILTER is ANDed; one with a per cent sign in it does no harm."""
    name = directory.connect().username
    settings.DIRECTORY_USER_FILTER = f"(&({name}={EVA.username})(!(mail=100%)))"
    assert Officer(EVA).type_password()["Location"] == "/logga-in/kod/"
    settings.DIRECTORY_USER_FILTER = f"(!({name}={EVA.username}))"
    assert says(Officer(EVA).type_password(), WRONG_LOGIN)


# --- The password --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [({"must_change": True}, PasswordCheck.MUST_CHANGE), ({"locked": True}, PasswordCheck.LOCKED)],
    ids=["must change", "locked"],
)
def test_what_the_directory_says_of_a_right_password(
    server: Server, state: dict[str, bool], expected: PasswordCheck
) -> None:
    server.put(KARL, **state)  # type: ignore[arg-type]
    assert check_password(account(KARL), KARL.password) is expected


def test_an_expired_password_is_told_after_the_right_one_only(server: Server) -> None:
    server.put(dataclasses.replace(KARL, days_left=-3))
    assert check_password(account(KARL), KARL.password) is PasswordCheck.EXPIRED
    assert check_password(account(KARL), "Fel-1") is PasswordCheck.WRONG


@pytest.mark.parametrize("password", ["", "Fel-1", "*", "\udcff", "x" * 256])
def test_a_wrong_password_is_wrong(server: Server, password: str) -> None:
    assert check_password(account(EVA), password) is PasswordCheck.WRONG


def test_an_empty_password_is_not_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """P4: a bind with a name and no password succeeds as nobody (RFC 4513 5.1.2)."""
    eva, sent = account(EVA), []
    monkeypatch.setattr(Connection, "bind", lambda *what: sent.append(what))
    assert check_password(eva, "") is PasswordCheck.WRONG
    assert sent == []


def test_for_nobody_the_same_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """E2: as many questions, and as many binds; but no password of anybody."""
    sent: list[str] = []
    passwords: list[str] = []
    bind, search = Connection.bind, Connection.search

    def noted_bind(connection: Connection, dn: str, password: str) -> int | None:
        sent.append("bind")
        passwords.append(password)
        return bind(connection, dn, password)

    def noted_search(connection: Connection, base: str, *rest: Any, **named: Any) -> Any:
        sent.append(f"search {base}")
        return search(connection, base, *rest, **named)

    maria = account(MARIA)
    monkeypatch.setattr(Connection, "bind", noted_bind)
    monkeypatch.setattr(Connection, "search", noted_search)
    orders = []
    for one in (maria, None):
        sent.clear()
        passwords.clear()
        assert check_password(one, "Fel-Kanarie-1") is PasswordCheck.WRONG
        orders.append(list(sent))
    assert orders[0] == orders[1]
    assert orders[0].count("bind") == 1, "the look-up goes over a connection that is kept"
    assert "Fel-Kanarie-1" not in passwords


def test_an_account_that_went_away_meanwhile(server: Server) -> None:
    eva = account(EVA)
    server.remove(EVA.username)
    assert check_password(eva, EVA.password) is PasswordCheck.WRONG
    assert connect_staff().groups_of(eva, [ADMINS]) == frozenset()


# --- The groups ----------------------------------------------------------------------------------


def test_the_groups_of_each(server: Server, settings: Settings) -> None:
    admins, agents = settings.DIRECTORY_ADMIN_GROUP, settings.DIRECTORY_HELPDESK_GROUP
    assert connect_staff().groups_of(account(EVA), [admins, agents]) == {admins}
    assert connect_staff().groups_of(account(STEFAN), [admins, agents]) == frozenset()
    assert connect_staff().groups_of(account(EVA), []) == frozenset()
    assert connect_staff().groups_of(account(EVA), [admins.upper(), admins.replace(",", ", ")]) != frozenset()


@pytest.mark.parametrize("name", ["Dahl, Eva", "Åsa (Ö) *", 'Eva "E" \\ Dahl', "eva+dahl=1#"])
def test_odd_names_are_members_too(server: Server, settings: Settings, name: str) -> None:
    """DNs are escaped in DNs, and again in filters."""
    server.put(EVA, common_name=name)
    assert connect_staff().groups_of(account(EVA), [settings.DIRECTORY_ADMIN_GROUP]) == {settings.DIRECTORY_ADMIN_GROUP}
    assert check_password(account(EVA), EVA.password) is PasswordCheck.RIGHT


def test_a_group_that_is_none_is_the_portals_own_mistake(server: Server) -> None:
    with pytest.raises(DirectoryMisconfigured):
        connect_staff().groups_of(account(EVA), ["administrators"])


# --- Servers -------------------------------------------------------------------------------------


def test_the_next_server_is_asked(server: Server, second: DirectoryServer, settings: Settings) -> None:
    """U1: whether the first is down or keeps silent."""
    settings.DIRECTORY_CONNECT_TIMEOUT = settings.DIRECTORY_OPERATION_TIMEOUT = 1
    with server.suspend():
        assert check_password(account(EVA), EVA.password) is PasswordCheck.RIGHT
    server.stop()
    directory.reset()
    eva = Officer(EVA)
    eva.enrol()
    assert eva.is_in()
    second.stop()
    directory.reset()
    assert eva.get("/admin/").status_code == 503
    assert check_password(None, "Fel-1") is PasswordCheck.UNAVAILABLE
    server.start()


def test_a_server_that_breaks_off_at_the_bind(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """U1: an outage, and no wrong password; nor is it tried elsewhere, since it may have been counted."""
    eva, bind = account(EVA), Connection.bind

    def killed(connection: Connection, dn: str, password: str) -> int | None:
        if password == EVA.password:
            server.kill()
        return bind(connection, dn, password)

    monkeypatch.setattr(Connection, "bind", killed)
    assert check_password(eva, EVA.password) is PasswordCheck.UNAVAILABLE
    server.start()


def test_start_tls_and_clear_text_on_this_machine_alone(openldap_settings: TestSlapd, settings: Settings) -> None:
    """ldap:// is used with StartTLS; without it on loopback in DEBUG only."""
    settings.DIRECTORY_URLS = [openldap_settings.plain_url]
    assert check_password(account(EVA), EVA.password) is PasswordCheck.RIGHT
    settings.DIRECTORY_CA_FILE = ""
    assert check_password(None, "Fel-1") is PasswordCheck.UNAVAILABLE
    settings.DEBUG = True
    assert check_password(account(EVA), EVA.password) is PasswordCheck.RIGHT
    settings.DEBUG = False
    directory.reset()
