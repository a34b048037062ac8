"""Staff signs in with the directory's password and an app: issues 3 and 4; security.md T1, T3, S1, P4."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from accounts import limits
from accounts.models import Authenticator, Event, FailedTry, User
from accounts.sessions.store import row_key
from deploy.local.cast import ANNA, EVA, KARL, PER, STEFAN
from tests.accounts.helpers import WRONG_LOGIN, binds, entry, last, normalised, time_passes, trail
from tests.accounts.staff import NO_ROLE, Officer, says
from tests.conftest import Walker
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


@pytest.fixture
def eva() -> Officer:
    return Officer(EVA)


def session_id(officer: Officer, settings: Settings) -> str:
    morsel = officer.client.cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


# --- The way in ----------------------------------------------------------------------------------


def test_password_then_app_then_the_admin(eva: Officer) -> None:
    """The first sign-in connects an app, shows recovery codes, and leads to the admin."""
    page = eva.enrol()
    assert len(set(eva.recovery_codes)) == 10
    assert 'href="/admin/"' in page.content.decode()
    assert eva.is_in()
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert trail() == [
        *(Event.LOGIN_ATTEMPTED, Event.ENROLMENT_CODE_ISSUED, Event.ENROLMENT_CODE_ACCEPTED),
        *(Event.SECOND_FACTOR_ADDED, Event.LOGIN_DONE, Event.SECOND_FACTOR_ADDED),
    ]
    assert last(Event.LOGIN_DONE).result == "administrator"


def test_later_the_app_is_asked_for(eva: Officer) -> None:
    eva.has_app()
    assert not eva.is_in()
    assert eva.sign_in()["Location"] == "/admin/"
    assert eva.is_in()
    assert last(Event.SECOND_FACTOR_ACCEPTED).result == "app"


def test_neither_factor_alone_opens_anything(eva: Officer) -> None:
    """The password alone logs nobody in: not to the admin, not to the pages of the journeys."""
    eva.has_app()
    assert eva.type_code()["Location"] == "/logga-in/?igen"
    eva.type_password()
    assert not eva.is_in()
    assert eva.get("/registrera/mobil/")["Location"] == "/registrera/"
    assert eva.get("/logga-in/koder/")["Location"].startswith("/logga-in/?")
    assert eva.client.post("/session/forlang/").status_code == 403
    assert trail(Event.LOGIN_DONE) == []


def test_a_log_in_to_register_a_number_is_none_to_the_admin(walker: Walker) -> None:
    """A signed-in person without a role comes to the log-in page, and to no loop."""
    walker.log_in(KARL)
    assert walker.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert walker.get("/admin/login/?next=/admin/")["Location"] == "/logga-in/?next=%2Fadmin%2F"
    assert walker.get("/logga-in/?next=%2Fadmin%2F").status_code == 200


def test_the_right_password_without_a_role(server: TestSlapd, eva: Officer) -> None:
    """Staff of a company don't get in. That is told after the right password only."""
    eva.person = STEFAN
    assert says(eva.type_password(), NO_ROLE)
    assert last(Event.LOGIN_REFUSED).result == "no role"
    assert eva.get("/logga-in/kod/")["Location"] == "/logga-in/?igen"
    assert not eva.is_in()
    assert says(eva.type_password("Fel-1"), WRONG_LOGIN)
    assert not User.objects.filter(is_staff=True).exists()


def test_an_agent_comes_to_the_queue_and_not_to_the_admin(server: TestSlapd) -> None:
    """Whatever they asked for; and no flag opens the admin for them."""
    per = Officer(PER)
    assert 'href="/helpdesk/"' in per.enrol().content.decode()
    assert last(Event.LOGIN_DONE).result == "agent"
    per.leave()
    assert per.sign_in(query="?next=/admin/accounts/")["Location"] == "/helpdesk/"
    per.leave()
    assert per.sign_in(query="?next=/helpdesk/konton/")["Location"] == "/helpdesk/konton/"
    assert per.get("/admin/").status_code == 403
    assert not User.objects.filter(is_staff=True).exists()


def test_without_a_group_nobody_is_an_administrator(settings: Settings, eva: Officer) -> None:
    settings.DIRECTORY_ADMIN_GROUP = ""
    assert says(eva.type_password(), NO_ROLE)


def test_the_name_may_be_typed_as_people_do(eva: Officer) -> None:
    for name in (EVA.username.upper(), f" {EVA.username} ", EVA.mail):
        assert eva.type_password(name=name)["Location"] == "/logga-in/kod/"


# --- Wrong passwords -----------------------------------------------------------------------------


def test_known_and_unknown_names_get_the_same_answer(eva: Officer) -> None:
    """E1; protected accounts, too."""
    pages = []
    for name in (EVA.username, STEFAN.username, "lovfinnsej1"):
        answer = Officer().type_password("Fel-1", name=name)
        assert says(answer, WRONG_LOGIN)
        pages.append(normalised(answer, name))
    assert pages[0] == pages[1] == pages[2]


@pytest.mark.parametrize("password", ["", "\x00"])
def test_an_empty_password_is_never_sent(server: TestSlapd, eva: Officer, password: str) -> None:
    """P4."""
    before = entry(server, EVA.username)
    assert eva.type_password(password).status_code == 200
    assert entry(server, EVA.username) == before
    assert eva.get("/logga-in/kod/").status_code == 302
    assert trail(Event.LOGIN_ATTEMPTED) == []


def test_half_a_sign_is_a_wrong_password(eva: Officer) -> None:
    """P4: bytes that are no UTF-8."""
    data = f"username={EVA.username}&password=".encode() + "\udcff".encode("utf-8", "surrogatepass")
    answer = eva.client.post("/logga-in/", data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert eva.get("/logga-in/kod/").status_code == 302


def test_nobody_is_locked_out_through_this_page(server: TestSlapd, eva: Officer) -> None:
    """T3: before the directory's threshold no more are passed on, the right one neither."""
    for attempt in range(server.lockout_threshold + 3):
        assert says(Officer().type_password(f"fel {attempt}"), WRONG_LOGIN)
    assert server.failures(EVA.username) == server.lockout_threshold - 2
    assert says(eva.type_password(), WRONG_LOGIN)
    assert last(Event.LOGIN_REFUSED).result == "stopped before lock-out"
    assert binds(server, EVA.username, EVA.password)


def test_both_log_in_pages_count_together(server: TestSlapd, walker: Walker) -> None:
    """T3: for Per, who may log in at both, the directory has one count."""
    for attempt in range(server.lockout_threshold):
        Officer(PER).type_password(f"fel {attempt}")
        walker.log_in(PER, f"fel {attempt}")
    assert server.failures(PER.username) == server.lockout_threshold - 2


def test_a_right_password_forgets_the_wrong_ones(server: TestSlapd, eva: Officer) -> None:
    for _ in range(3):
        for attempt in range(server.lockout_threshold - 3):
            eva.type_password(f"fel {attempt}")
        assert eva.type_password()["Location"] == "/logga-in/kod/"
    assert FailedTry.objects.count() == 0


def test_an_address_has_so_many_wrong_passwords_and_codes(settings: Settings, eva: Officer) -> None:
    """T1: they count together, over all names."""
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 3
    eva.has_app()
    eva.type_password()
    assert eva.type_code("000000000000").status_code == 200
    for attempt in range(2):
        Officer().type_password(f"fel {attempt}")
    assert eva.type_code().status_code == 429
    assert Officer().type_password().status_code == 429


def test_an_address_has_so_many_posts(settings: Settings, eva: Officer) -> None:
    """T1."""
    settings.LIMIT_ADDRESS_POSTS = 1
    assert eva.post("/logga-in/").status_code == 200
    for path in ("/logga-in/", "/logga-in/kod/", "/logga-in/koder/"):
        assert eva.post(path).status_code == 429


# --- Between the factors -------------------------------------------------------------------------


def test_a_new_id_at_each_step(eva: Officer, settings: Settings) -> None:
    """S1: and the ids from before are worth nothing."""
    eva.get("/logga-in/")
    seen = []
    for step in (eva.type_password, eva.look_at_the_picture, eva.type_code):
        step()
        seen.append(session_id(eva, settings))
    assert seen[0] == seen[1] != seen[2]
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = seen[0]
    assert thief.get("/admin/").status_code == 302
    assert thief.get("/logga-in/kod/").headers["Location"] == "/logga-in/?igen"
    assert set(Session.objects.values_list("session_key", flat=True)) == {row_key(seen[2])}


def test_a_log_in_as_somebody_else_ends_with_the_password(walker: Walker) -> None:
    """S1: one browser is one person at a time."""
    walker.log_in(STEFAN)
    Officer(EVA, walker.client).type_password()
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"


def test_the_password_waits_ten_minutes_for_the_code(eva: Officer) -> None:
    eva.type_password(query="?next=/admin/accounts/")
    eva.look_at_the_picture()
    time_passes(seconds=limits.SIGN_IN_LIFETIME - 1)
    assert eva.get("/logga-in/kod/").status_code == 200
    time_passes(seconds=2)
    assert eva.type_code()["Location"] == "/logga-in/?igen&next=%2Fadmin%2Faccounts%2F"
    assert says(eva.get("/logga-in/?igen"), "Det är en stund sedan du skrev ditt lösenord. Logga in igen.")
    assert not eva.is_in()


def test_the_way_ends_with_the_sessions_of_the_account(eva: Officer) -> None:
    """R4: somebody who knows the old password and waits for a code waits in vain."""
    eva.type_password()
    eva.look_at_the_picture()
    User.objects.update(session_epoch=7)
    assert eva.type_code()["Location"] == "/logga-in/?igen"
    assert not Authenticator.objects.filter(confirmed=True).exists()


def test_what_password_is_how_old_is_not_forgotten(eva: Officer) -> None:
    """G2: the time of the password is when it was typed, not when the code was."""
    eva.type_password()
    eva.look_at_the_picture()
    time_passes(minutes=9)
    typed = eva.client.session["password_at"]
    eva.type_code()
    assert eva.client.session["password_at"] == typed


# --- Where to ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["/admin/accounts/", "/admin/?q=1", "http://testserver/admin/", "/tillganglighet/"])
def test_one_comes_to_where_one_wanted(eva: Officer, wanted: str) -> None:
    eva.has_app()
    assert eva.type_password(query=f"?next={wanted}")["Location"] == "/logga-in/kod/"
    assert eva.type_code()["Location"] == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example"),
        *(
            "javascript:alert(1)",
            "http:evil.example",
            "http://testserver@evil.example/",
            "%09//evil.example",
            "http://[",
        ),
    ],
)
def test_but_never_to_another_host(eva: Officer, wanted: str) -> None:
    eva.has_app()
    assert eva.type_password(query=f"?next={wanted}")["Location"] == "/logga-in/kod/"
    assert eva.type_code()["Location"] == "/admin/"


def test_the_wish_rests_in_the_session(eva: Officer) -> None:
    """Neither a form nor the address of the second step can change it."""
    eva.has_app()
    eva.type_password(query="?next=/admin/accounts/")
    answer = eva.post("/logga-in/kod/?next=/tillganglighet/", code=eva.app.code() if eva.app else "", next="/")
    assert answer["Location"] == "/admin/accounts/"


def test_the_first_time_it_is_after_the_codes(eva: Officer) -> None:
    assert 'href="/admin/accounts/"' in eva.enrol("?next=/admin/accounts/").content.decode()


def test_the_log_in_page_is_not_stored_and_counts_no_one_in(eva: Officer) -> None:
    """S1."""
    eva.enrol()
    assert {answer["Cache-Control"] for answer in eva.answers} == {"no-store, private"}


def test_people_of_a_company_are_no_users_of_the_admin(eva: Officer) -> None:
    """Nothing but the group makes an administrator: a flag that somebody set by hand is taken back."""
    eva.person = ANNA
    Officer(STEFAN).type_password()
    User.objects.update(is_staff=True, is_superuser=True)
    Officer(STEFAN).type_password()
    assert not User.objects.filter(is_staff=True).exists()
