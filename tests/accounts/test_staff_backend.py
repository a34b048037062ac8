"""Staff sign in through django-auth-ldap, on real servers of both kinds: its groups, servers, TLS and errors."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import ldap
import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, authenticate
from django.core.management import call_command
from django_auth_ldap.config import LDAPSearch
from pytest_django import Settings

from accounts import directory
from accounts.companies import overview
from accounts.models import Event, FailedTry, User
from accounts.monitoring import checks
from accounts.staff import backend
from deploy.local import files
from deploy.local.cast import EVA, KARL, PER, STEFAN
from deploy.local.slapd import GROUPS
from idportal.channels import auth_ldap
from tests.accounts.directory.conftest import KINDS
from tests.accounts.directory.listener import Listener
from tests.accounts.directory.test_groups_in_groups import Groups, hidden_members
from tests.accounts.helpers import WRONG_LOGIN, last, text_of
from tests.accounts.staff import NO_ROLE, Officer, says
from tests.conftest import Walker
from tests.servers.directory import DirectoryServer
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

Server = TestSlapd | PrivateSamba

PASSED = "/logga-in/kod/"
WAY_ON = "Har lösenordet gått ut? Byt det på din arbetsdator"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    found: Server = request.getfixturevalue(f"{request.param}_settings")
    directory.reset()
    yield found
    directory.reset()


@pytest.fixture
def groups(server: Server, settings: Settings) -> Iterator[Groups]:
    made = Groups(server, settings)
    yield made
    made.remove_all()


def empty_group(groups: Groups) -> str:
    """OpenLDAP's usual class of groups must have a member: one that is nobody's account."""
    if isinstance(groups.server, TestSlapd):
        return groups.make("tom", "cn=ingen,dc=portal,dc=example")
    return groups.make_empty("tom")


# --- Who gets in ---------------------------------------------------------------------------------


def test_the_backend_is_djangos_own_way_in(server: Server) -> None:
    """The user with the flags of Django's admin; the session's own backend lets nobody in."""
    eva = authenticate(None, username=EVA.username, password=EVA.password)
    assert isinstance(eva, User)
    assert (eva.username, eva.is_staff, eva.is_superuser) == (EVA.username, True, True)
    assert eva.backend == "accounts.staff.backend.StaffBackend"
    assert User.objects.get() == eva
    per = authenticate(None, username=PER.username, password=PER.password)
    assert isinstance(per, User)
    assert (per.is_staff, per.is_superuser) == (False, False)
    for password in ("Fel-1", "", None):
        assert authenticate(None, username=EVA.username, password=password) is None
    with pytest.raises(auth_ldap.NoRole):
        authenticate(None, username=STEFAN.username, password=STEFAN.password)


def test_a_group_in_a_group_with_an_odd_name(groups: Groups) -> None:
    """Two deep, the inner one a member of itself by way of the outer; a comma is written in two ways."""
    inner = groups.make(r"inre\, ett", groups.dn(KARL.username))
    outer = groups.make("yttre (ö)", inner)
    groups.add(inner, outer)
    assert says(Officer(KARL).type_password(), NO_ROLE)
    groups.add(groups.top, outer)
    assert Officer(KARL).type_password()["Location"] == PASSED
    assert not User.objects.filter(is_staff=True).exists()


def rename(server: Server, old: str, new: str) -> None:
    """In OpenLDAP the user name is in the DN, which the group names."""
    dn, [group] = server.dn(old) or "", EVA.groups
    if isinstance(server, PrivateSamba):
        server.root.modify_s(dn, [(ldap.MOD_REPLACE, "sAMAccountName", [new.encode()])])
        return
    server.root.rename_s(dn, f"uid={new}")
    moved = server.dn(new) or ""
    change = [(ldap.MOD_DELETE, "member", [dn.encode()]), (ldap.MOD_ADD, "member", [moved.encode()])]
    server.root.modify_s(f"cn={group},{GROUPS}", change)


def test_a_renamed_user_is_the_same_and_a_recycled_name_is_not(server: Server) -> None:
    """G4: the row belongs to the immutable id."""
    eva = Officer(EVA)
    eva.type_password()
    row = User.objects.get()
    renamed = dataclasses.replace(EVA, username="admeva2")
    rename(server, EVA.username, "admeva2")
    try:
        assert Officer(renamed).type_password()["Location"] == PASSED
        row.refresh_from_db()
        assert (User.objects.count(), row.username) == (1, "admeva2")
    finally:
        server.remove("admeva2")
    server.put(EVA)
    assert Officer(EVA).type_password()["Location"] == PASSED
    assert User.objects.count() == 2


def test_sessions_that_end_meanwhile_stay_ended(server: Server) -> None:
    """R4: the backend saves the name and the flags, and nothing that it has not read."""
    Officer(EVA).type_password()
    resolve = auth_ldap.OneOfStaff.resolve

    def ended_meanwhile(query: auth_ldap.OneOfStaff, *arguments: object) -> bool:
        User.objects.update(session_epoch=7)
        return resolve(query, *arguments)

    with (
        mock.patch.object(LDAPSearch, "execute", LDAPSearch.execute),
        mock.patch.object(auth_ldap.OneOfStaff, "resolve", ended_meanwhile),
    ):
        Officer(EVA).type_password()
    assert User.objects.get().session_epoch == 7


def test_sessions_outlive_the_upgrade(server: Server) -> None:
    """They name the backend of before, which still finds their users."""
    eva = Officer(EVA)
    eva.come_in()
    assert eva.client.session[BACKEND_SESSION_KEY] == "accounts.passwords.sign_in.SessionBackend"
    assert eva.is_in()


# --- One message ---------------------------------------------------------------------------------


def test_one_message_for_all_that_is_no_way_in(server: Server) -> None:
    """E1: wrong, unknown, expired, must change, disabled; with the way to a new password, which isn't here (A2)."""
    pages = {text_of(Officer().type_password("Fel-1", name=name)) for name in (EVA.username, "admfinnsej")}
    for person, state in (
        (dataclasses.replace(EVA, days_left=-3), {}),
        (dataclasses.replace(EVA, days_left=30), {"must_change": True}),
        (EVA, {"disabled": True}),
    ):
        server.put(person, **state)  # type: ignore[arg-type]
        pages.add(text_of(Officer(person).type_password()))
        assert last(Event.LOGIN_REFUSED).result == "wrong"
    [words] = {page.replace("admfinnsej", EVA.username) for page in pages}
    assert WRONG_LOGIN in words
    assert WAY_ON in words


# --- Servers and TLS -----------------------------------------------------------------------------


def test_the_second_server_answers(server: Server, second: DirectoryServer, settings: Settings) -> None:
    """U1: for one that is down, or silent; and none is an outage and no wrong password."""
    settings.DIRECTORY_CONNECT_TIMEOUT = settings.DIRECTORY_OPERATION_TIMEOUT = 0.5
    directory.reset()
    with server.suspend():
        started = time.monotonic()
        assert Officer(EVA).type_password()["Location"] == PASSED
        assert time.monotonic() - started < 3
    server.stop()
    directory.reset()
    assert Officer(EVA).type_password()["Location"] == PASSED
    second.stop()
    assert Officer(EVA).type_password().status_code == 503
    server.start()
    assert FailedTry.objects.count() == 0


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_first_server_that_never_says_anything(server: Server, settings: Settings, scheme: str) -> None:
    """libldap alone would wait for StartTLS, and not go on."""
    settings.DIRECTORY_CONNECT_TIMEOUT = 0.5
    with Listener(hangs_up=False) as silent:
        settings.DIRECTORY_URLS = [f"{scheme}://127.0.0.1:{silent.port}", server.url]
        assert Officer(EVA).type_password()["Location"] == PASSED


def test_start_tls_and_a_wrong_authority(server: Server, settings: Settings, tmp_path: Path) -> None:
    settings.DIRECTORY_URLS = [server.plain_url]
    assert Officer(EVA).type_password()["Location"] == PASSED
    files.make_certificate(tmp_path)
    settings.DIRECTORY_CA_FILE = str(tmp_path / "ca.pem")
    for url in (server.plain_url, server.url):
        settings.DIRECTORY_URLS = [url]
        assert Officer(EVA).type_password().status_code == 503
        reached = mock.patch.object(
            directory.Directory, "server", lambda found, url=url: (url, url == server.plain_url)
        )
        with reached, pytest.raises(directory.DirectoryError):  # it trusts no more than the portal's own connections
            authenticate(None, username=EVA.username, password=EVA.password)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ldap.SERVER_DOWN, directory.DirectoryUnavailable),
        (ldap.TIMEOUT, directory.DirectoryUnavailable),
        (ldap.BUSY({"result": ldap.BUSY.errnum}), directory.DirectoryUnavailable),
        (ldap.INSUFFICIENT_ACCESS, directory.DirectoryMisconfigured),
    ],
    ids=["down", "timeout", "busy", "refused"],
)
@pytest.mark.parametrize("of", ["the name", "the groups"])
def test_an_error_is_the_outage_page(
    openldap_settings: TestSlapd, error: Exception, raised: type[Exception], of: str
) -> None:
    """Where django-auth-ldap would say that the password is wrong; and no try is counted (T3)."""
    where = LDAPSearch if of == "the name" else auth_ldap.OneOfStaff
    method = "execute" if of == "the name" else "resolve"
    with mock.patch.object(where, method, side_effect=error):
        assert Officer(EVA).type_password().status_code == 503
        with pytest.raises(raised):
            authenticate(None, username=EVA.username, password=EVA.password)
    assert FailedTry.objects.count() == 0


# --- Groups that are empty, missing or hidden ----------------------------------------------------


def test_an_empty_group_is_an_empty_group(groups: Groups, settings: Settings, walker: Walker) -> None:
    """A first installation: employees get in, the other group's members do, and nobody complains."""
    settings.DIRECTORY_HELPDESK_GROUP = empty_group(groups)
    assert directory.connect().unreadable_groups() == []
    assert walker.log_in(STEFAN)["Location"] == "/registrera/mobil/"
    assert Officer(EVA).type_password()["Location"] == PASSED
    assert says(Officer(PER).type_password(), NO_ROLE)
    # Its first member counts at once (A2).
    groups.add(settings.DIRECTORY_HELPDESK_GROUP, groups.dn(STEFAN.username))
    found = directory.connect().find(STEFAN.username)
    assert found
    assert found.protected
    assert STEFAN.username in {one.username for one in directory.connect().accounts() if one.protected}


def is_missing(server: Server, settings: Settings) -> AbstractContextManager[None]:
    settings.DIRECTORY_HELPDESK_GROUP = f"cn=finns-inte,{settings.DIRECTORY_HELPDESK_GROUP.partition(',')[2]}"
    return nullcontext()


def is_hidden(server: Server, settings: Settings) -> AbstractContextManager[Any]:
    if isinstance(server, PrivateSamba):
        return hidden_members(server, settings.DIRECTORY_HELPDESK_GROUP)
    search = ldap.ldapobject.SimpleLDAPObject.search_ext

    def blind(connection: Any, base: str, scope: int, filterstr: str = "", *rest: Any, **named: Any) -> Any:
        condition = filterstr.replace("(member=", "(seeAlso=").replace("(objectClass=*)", "(&(objectClass=*))")
        attributes = [each for each in rest[0] if each != "member"] if rest and rest[0] else None
        return search(connection, base, scope, condition, attributes, *rest[1:], **named)

    return mock.patch.object(ldap.ldapobject.SimpleLDAPObject, "search_ext", blind)


@pytest.mark.parametrize("state", [is_missing, is_hidden])
def test_a_group_that_can_not_be_read_stops_the_portal_with_words(
    server: Server, settings: Settings, walker: Walker, state: object
) -> None:
    """A2: everybody is protected. An agent with the right password reads of an outage, and an administrator gets in."""
    out = StringIO()
    with state(server, settings):  # type: ignore[operator]
        directory.reset()
        assert says(walker.log_in(STEFAN), WRONG_LOGIN)
        assert Officer(PER).type_password().status_code == 503
        assert says(Officer(PER).type_password("Fel-1"), WRONG_LOGIN)
        problem = checks.staff_groups_can_be_read(None)[0]
        assert (problem.id, problem.msg.split(":")[0]) == ("accounts.E005", "DIRECTORY_HELPDESK_GROUP")
        assert overview.report()["unreadable_groups"][0] == "DIRECTORY_HELPDESK_GROUP"
        with pytest.raises(SystemExit):
            call_command("doctor", stdout=out)
        assert "FAIL  DIRECTORY_HELPDESK_GROUP: is not there or hides its members" in out.getvalue()


def test_an_administrator_reads_of_it_on_the_overview(server: Server, settings: Settings) -> None:
    is_missing(server, settings)
    eva = Officer(EVA)
    eva.enrol()
    page = eva.get("/admin/oversikt/")
    assert says(page, "Det gäller DIRECTORY_HELPDESK_GROUP. Gruppen finns inte")


def test_without_any_group_nobody_gets_in(server: Server, settings: Settings) -> None:
    """No group to ask for is no group to be in."""
    settings.DIRECTORY_HELPDESK_GROUP = settings.DIRECTORY_ADMIN_GROUP = ""
    for person in (EVA, PER):
        assert says(Officer(person).type_password(), NO_ROLE)
    assert backend.StaffBackend().settings.USER_FLAGS_BY_GROUP == {}
