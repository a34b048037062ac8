"""A role lasts as long as the directory says so (security.md S2); and who may open the admin."""

from __future__ import annotations

from collections.abc import Callable

import ldap
import pytest
from django.test import Client
from pytest_django import Settings

from accounts import directory
from accounts.models import Event, User
from deploy.local.cast import EVA, KARL, PER
from tests.accounts.helpers import last, trail
from tests.accounts.staff import ASKS_FOR_CODE, NO_ROLE, Officer, later, says
from tests.conftest import Walker
from tests.servers.slapd import ADMIN_GROUP, DISABLED, TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

DOWN = "Systemet där ditt konto och ditt lösenord finns svarar inte."


@pytest.fixture
def eva() -> Officer:
    """She is in."""
    officer = Officer(EVA)
    officer.come_in()
    assert officer.is_in()
    return officer


@pytest.fixture
def enrolled() -> Officer:
    """She is in, and has the app in her hand."""
    officer = Officer(EVA)
    officer.enrol()
    assert officer.is_in()
    return officer


def leaves_the_group(server: TestSlapd) -> None:
    server.root.modify_s(ADMIN_GROUP, [(ldap.MOD_DELETE, "member", [(server.dn(EVA.username) or "").encode()])])


def is_disabled(server: TestSlapd) -> None:
    server.add_value(EVA.username, "pwdAccountLockedTime", DISABLED.encode())


def is_gone(server: TestSlapd) -> None:
    server.remove(EVA.username)


def has_a_successor(server: TestSlapd) -> None:
    """Somebody new with the same name, in the same group."""
    server.put(EVA)


ENDS = [
    (leaves_the_group, "administrator"),
    (is_disabled, "account disabled"),
    (is_gone, "account gone"),
    (has_a_successor, "account gone"),
]


@pytest.mark.parametrize(("end", "result"), ENDS, ids=[end.__name__ for end, _ in ENDS])
def test_s2_losing_the_role_ends_access_at_the_next_request(
    server: TestSlapd, eva: Officer, end: Callable[[TestSlapd], None], result: str
) -> None:
    """S2: between two clicks, and for good: the session is gone, and the flags that Django's admin asks for."""
    end(server)
    answer = eva.get("/admin/")
    assert answer["Location"] == "/logga-in/?slut"
    assert says(eva.get("/logga-in/?slut"), "Din inloggning gäller inte längre")
    assert last(Event.ROLE_ENDED).result == result
    assert last(Event.ROLE_ENDED).subject_name == EVA.username
    assert User.objects.filter(is_staff=True).count() == User.objects.filter(is_superuser=True).count() == 0
    server.put(EVA)
    assert eva.get("/admin/").status_code == 302
    assert eva.get("/session/forlang/").status_code == 405
    assert eva.post("/session/forlang/").status_code == 403


@pytest.mark.parametrize(
    "path", ["/admin/login/", "/admin/logout/", "/admin/jsi18n/", "/admin/finns-inte/", "/logga-in/koder/"]
)
def test_at_every_page_of_the_role(server: TestSlapd, eva: Officer, path: str) -> None:
    leaves_the_group(server)
    assert eva.get(path)["Location"] == "/logga-in/?slut"
    assert not eva.is_in()


def test_a_post_of_somebody_without_the_role_changes_nothing(server: TestSlapd, enrolled: Officer) -> None:
    leaves_the_group(server)
    assert enrolled.post("/admin/", anything="1")["Location"] == "/logga-in/?slut"
    assert enrolled.post("/logga-in/koder/").status_code == 302
    assert trail(Event.SECOND_FACTOR_ADDED) == [Event.SECOND_FACTOR_ADDED] * 2, "those of the enrolment"


def test_losing_the_role_between_password_and_code(server: TestSlapd, enrolled: Officer) -> None:
    """S2: and the code is not spent."""
    enrolled.leave()
    enrolled.type_password()
    leaves_the_group(server)
    assert enrolled.type_code()["Location"] == "/logga-in/?slut"
    assert enrolled.get("/logga-in/kod/")["Location"] == "/logga-in/?igen"
    assert trail(Event.SECOND_FACTOR_ACCEPTED) == []


def test_a_successor_with_the_same_name_inherits_nothing(server: TestSlapd, enrolled: Officer) -> None:
    """G4: neither the session, nor the app, nor the recovery codes."""
    server.put(EVA)
    successor = Officer(EVA)
    successor.type_password()
    assert says(successor.get("/logga-in/kod/"), ASKS_FOR_CODE), "a new app is to be connected"
    assert successor.type_code(enrolled.recovery_codes[0]).status_code == 200
    assert not successor.is_in()
    assert User.objects.count() == 2


def test_a_role_that_comes_back_needs_a_new_sign_in(server: TestSlapd, enrolled: Officer) -> None:
    leaves_the_group(server)
    assert says(Officer(EVA).type_password(), NO_ROLE)
    server.root.modify_s(ADMIN_GROUP, [(ldap.MOD_ADD, "member", [(server.dn(EVA.username) or "").encode()])])
    assert enrolled.is_in(), "nobody asked meanwhile, and now she has it"
    later(minutes=2)
    assert enrolled.sign_in()["Location"] == "/admin/"


# --- The directory is down -----------------------------------------------------------------------


def test_no_access_while_the_directory_can_not_tell(server: TestSlapd, eva: Officer) -> None:
    """U1, S2: the page that says so, and neither access nor the end of the session."""
    server.slapd.stop()
    for path in ("/admin/", "/admin/logout/", "/logga-in/koder/"):
        answer = eva.get(path)
        assert answer.status_code == 503
        assert says(answer, DOWN)
    server.start()
    assert eva.is_in()
    assert trail(Event.ROLE_ENDED) == []


def test_an_outage_is_no_wrong_password(server: TestSlapd) -> None:
    """U1: 503, and the try that reached nobody is not counted (T3)."""
    eva = Officer(EVA)
    server.slapd.stop()
    for _ in range(6):
        answer = eva.type_password()
        assert (answer.status_code, says(answer, DOWN)) == (503, True)
    server.start()
    assert eva.type_password()["Location"] == "/logga-in/kod/"


def test_an_outage_between_password_and_code_spends_no_code(server: TestSlapd, enrolled: Officer) -> None:
    enrolled.leave()
    enrolled.type_password()
    server.slapd.stop()
    assert enrolled.type_code().status_code == 503
    server.start()
    assert enrolled.type_code()["Location"] == "/admin/"


def test_a_service_account_that_is_refused_is_no_wrong_password(settings: Settings, server: TestSlapd) -> None:
    settings.DIRECTORY_BIND_PASSWORD = "wrong"
    assert Officer(EVA).type_password().status_code == 503
    directory.reset()


# --- The admin's door ----------------------------------------------------------------------------


def test_its_own_log_in_page_is_the_portals(enrolled: Officer) -> None:
    """Django's own would ask past the limits; posts to it lead nowhere."""
    assert enrolled.get("/admin/login/?next=/admin/accounts/")["Location"] == "/admin/"
    stranger = Client()
    fields = {"username": EVA.username, "password": EVA.password}
    for answer in (stranger.get("/admin/login/"), stranger.post("/admin/login/", fields)):
        assert answer.headers["Location"] == "/logga-in/?next=%2Fadmin%2F"
    assert trail(Event.LOGIN_ATTEMPTED) == [Event.LOGIN_ATTEMPTED], "Eva's"


def test_it_is_left_as_the_portal_is(eva: Officer) -> None:
    """S1: by a post, with a line in the trail; and the admin's own button leads there."""
    assert eva.get("/admin/logout/").status_code == 405
    assert eva.post("/admin/logout/")["Location"] == "/"
    assert last(Event.LOGGED_OUT).subject_name == EVA.username
    assert not eva.is_in()


@pytest.mark.parametrize("path", ["/admin/password_change/", "/admin/password_change/done/"])
def test_it_changes_no_passwords(eva: Officer, path: str) -> None:
    assert eva.get(path).status_code == 404
    assert "password_change" not in eva.get("/admin/").content.decode()


def test_idle_for_fifteen_minutes(eva: Officer) -> None:
    """S1."""
    later(minutes=14)
    assert eva.is_in()
    later(minutes=15, seconds=1)
    assert not eva.is_in()


def test_eight_hours_whatever_happens(eva: Officer) -> None:
    """S1."""
    for _ in range(47):
        later(minutes=10)
        assert eva.is_in()
    later(minutes=10, seconds=1)
    assert not eva.is_in()


def test_no_flag_in_the_database_opens_it(walker: Walker) -> None:
    """What counts is the directory's word at this request, and the second factor of this session."""
    walker.log_in(KARL)
    User.objects.update(is_staff=True, is_superuser=True)
    assert walker.get("/admin/").status_code == 302


# --- Two roles -----------------------------------------------------------------------------------

AGENTS_PAGE = "/helpdesk/oversikt/"


def joins(server: TestSlapd, settings: Settings, name: str) -> None:
    """Somebody more in the helpdesk's group. The next test finds the group as it was."""
    member = (server.dn(name) or "").encode()
    server.root.modify_s(settings.DIRECTORY_HELPDESK_GROUP, [(ldap.MOD_ADD, "member", [member])])


def test_each_role_opens_its_own_pages() -> None:
    """An agent comes to the agents' pages and meets 403 in the admin, whatever the flags say: no loop."""
    per = Officer(PER)
    per.enrol()
    assert per.get(AGENTS_PAGE).status_code == 200
    User.objects.update(is_staff=True, is_superuser=True)
    refused = per.get("/admin/")
    assert refused.status_code == 403
    assert says(refused, "Du kan inte se den här sidan")
    per.leave()
    assert per.sign_in(query="?next=/admin/")["Location"] == "/helpdesk/"
    eva = Officer(EVA)
    eva.enrol()
    assert eva.get(AGENTS_PAGE).status_code == 403
    assert eva.is_in()


def test_losing_one_role_of_two_ends_the_session(server: TestSlapd, settings: Settings) -> None:
    joins(server, settings, EVA.username)
    eva = Officer(EVA)
    eva.enrol()
    assert eva.is_in()
    leaves_the_group(server)
    assert eva.get(AGENTS_PAGE)["Location"] == "/logga-in/?slut"
    assert last(Event.ROLE_ENDED).result == "administrator"
    later(minutes=2)
    assert eva.sign_in()["Location"] == "/helpdesk/"


def test_without_a_group_nobody_is_an_agent(settings: Settings) -> None:
    settings.DIRECTORY_HELPDESK_GROUP = ""
    assert says(Officer(PER).type_password(), NO_ROLE)
