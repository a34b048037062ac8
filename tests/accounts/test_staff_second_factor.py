"""The app and the recovery codes: security.md K1 to K3, X1; RFC 6238."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO

import pytest
import segno
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings
from simple_history.utils import get_history_model_for_model

from accounts import limits, signals, users
from accounts.models import AuditEvent, Authenticator, Event, FailedTry, Orderer, RecoveryCodes, User
from accounts.staff import second_factor
from deploy.local.cast import CARIN, EVA, KARL
from tests.accounts.helpers import last, text_of, trail
from tests.accounts.staff import WRONG_FACTOR, App, Officer, later, says
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

NEW_KEY = "a new key, as long as keys should be, or so"
DAY_USED_UP = "too many wrong codes in a day"
WRONG_ON_PAPER = "000000000000"


@pytest.fixture
def eva() -> Officer:
    """She has an app that is connected, and is about to sign in."""
    officer = Officer(EVA)
    officer.has_app()
    officer.type_password()
    return officer


def app_of(officer: Officer) -> App:
    assert officer.app
    return officer.app


# --- Connecting an app ---------------------------------------------------------------------------


def test_the_page_shows_the_key_in_three_ways() -> None:
    """As a picture, as a link for who is on the phone itself, and as text in groups of four."""
    officer = Officer()
    officer.type_password()
    app = officer.look_at_the_picture()
    body = officer.answers[-1].content.decode()
    in_groups = " ".join(re.findall("....", app.secret))
    assert in_groups in text_of(officer.answers[-1])
    assert len(app.secret) == 32
    assert 'role="img" aria-label="QR-kod' in body
    assert "style=" not in body


def test_the_picture_is_the_address_as_a_qr_code() -> None:
    """Each dark square of segno's matrix, its quiet zone included, and no other."""
    address = "otpauth://totp/L%C3%B6senordsportalen:admeva?secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"
    picture = second_factor.picture(address)
    dark = set()
    x = y = 0.0
    for step, right, down in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", picture):
        if step == "h":  # a line as wide as a square is high, drawn through the middle of its squares
            dark |= {(int(x) + at, int(y)) for at in range(int(right))}
        x, y = (0, 0) if step == "M" else (x, y)
        x, y = x + float(right), y + float(down or 0)
    wanted = [bytes(row) for row in segno.make_qr(address, error="m").matrix_iter(border=4)]
    assert f'viewBox="0 0 {len(wanted)} {len(wanted)}"' in picture
    assert 'stroke="#000"' in picture
    assert dark == {(x, y) for y, row in enumerate(wanted) for x, square in enumerate(row) if square}


def test_the_key_stays_the_same_when_the_page_is_loaded_again() -> None:
    """And after a wrong code: what was scanned stays good."""
    officer = Officer()
    officer.type_password()
    app = officer.look_at_the_picture()
    assert says(officer.type_code(app.wrong_code()), WRONG_FACTOR)
    assert officer.look_at_the_picture().secret == app.secret
    later(seconds=2)
    assert officer.type_code(app.code())["Location"] == "/logga-in/koder/"


def test_who_has_looked_at_a_key_does_not_know_the_one_that_is_connected() -> None:
    """Somebody with a stolen password looks at the page and waits; its owner connects another key."""
    thief, owner = Officer(), Officer()
    thief.type_password()
    seen = thief.look_at_the_picture()
    owner.enrol()
    assert app_of(owner).secret != seen.secret
    assert says(thief.type_code(seen.code()), WRONG_FACTOR)
    assert "otpauth:" not in thief.get("/logga-in/kod/").content.decode()
    assert [app.secret for app in Authenticator.objects.all()] == [app_of(owner).secret]


def test_keys_that_were_only_looked_at_do_not_pile_up() -> None:
    for _ in range(3):
        officer = Officer()
        officer.type_password()
        officer.look_at_the_picture()
        Authenticator.objects.update(created_at="2026-01-01T00:00:00Z")
    assert Authenticator.objects.count() == 1


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "٠٠٠٠٠٠", "-00001", "0" * 41])
def test_what_is_no_code_connects_nothing(code: str) -> None:
    officer = Officer()
    officer.type_password()
    officer.look_at_the_picture()
    assert officer.type_code(code).status_code == 200
    assert not officer.is_in()


# --- The app's codes -----------------------------------------------------------------------------


def test_a_code_is_good_for_a_step_before_and_after(eva: Officer) -> None:
    """RFC 6238 5.2: clocks differ a little."""
    for step in (-1, 0, 1):
        eva.type_password()
        assert eva.type_code(app_of(eva).code(step))["Location"] == "/admin/"
    later(minutes=5)
    for step in (-3, 3):
        eva.type_password()
        assert says(eva.type_code(app_of(eva).code(step)), WRONG_FACTOR)
        later(minutes=5)


def test_a_code_serves_once(eva: Officer) -> None:
    """RFC 6238 5.2: whoever looked over the shoulder is too late, as with every code before it."""
    code = app_of(eva).code()
    assert eva.type_code(code)["Location"] == "/admin/"
    for again in (code, app_of(eva).code(-1)):
        other = Officer()
        other.type_password()
        assert says(other.type_code(again), WRONG_FACTOR)
        assert not other.is_in()
        later(seconds=2)
    assert last(Event.SECOND_FACTOR_REFUSED).result == "app"


@pytest.mark.parametrize("written", ["{0} {1}", "{0}-{1}", " {0}{1} ", "{0}\u00a0{1}"])
def test_a_code_may_be_typed_in_groups(eva: Officer, written: str) -> None:
    code = app_of(eva).code()
    assert eva.type_code(written.format(code[:3], code[3:]))["Location"] == "/admin/"


def test_after_a_wrong_code_there_is_a_pause_that_doubles(eva: Officer) -> None:
    """django-otp's throttling: in the pause no code is looked at. It is counted although the check failed."""
    for failures, pause in ((1, 1), (2, 2), (3, 4), (4, 8)):
        assert says(eva.type_code(app_of(eva).wrong_code()), WRONG_FACTOR)
        assert Authenticator.objects.get().throttling_failure_count == failures
        assert says(eva.type_code(), WRONG_FACTOR)
        assert last(Event.SECOND_FACTOR_REFUSED).result == "too soon after a wrong code"
        later(seconds=pause)
    assert eva.type_code()["Location"] == "/admin/"
    assert Authenticator.objects.get().throttling_failure_count == 0


def guess(code: str, times: int) -> None:
    """Somebody who has the password, in sessions of their own, waits out each pause and types a wrong code."""
    for _ in range(times):
        thief = Officer(EVA)
        thief.type_password()
        assert says(thief.type_code(code), WRONG_FACTOR)
        later(minutes=10)


def test_ten_wrong_codes_of_the_app_a_day(eva: Officer) -> None:
    """FACTOR_FAILURES_A_DAY, across sessions; then the right one is refused, too."""
    guess(app_of(eva).wrong_code(), limits.FACTOR_FAILURES_A_DAY)
    eva.type_password()
    assert says(eva.type_code(), WRONG_FACTOR)
    assert last(Event.SECOND_FACTOR_REFUSED).result == DAY_USED_UP
    later(hours=24)
    eva.type_password()
    assert eva.type_code()["Location"] == "/admin/"


def test_who_uses_up_the_codes_of_the_app_leaves_those_on_paper(eva: Officer) -> None:
    """Else a stolen password would be enough to lock its owner out. What the owner types right forgets it all."""
    guess(app_of(eva).wrong_code(), limits.FACTOR_FAILURES_A_DAY + 5)
    eva.type_password()
    assert eva.type_code(eva.recovery_codes[0])["Location"] == "/admin/"
    later(minutes=10)
    eva.type_password()
    assert eva.type_code()["Location"] == "/admin/"


def test_who_uses_up_the_codes_on_paper_leaves_the_app(eva: Officer) -> None:
    """RECOVERY_FAILURES_A_DAY, and the same the other way round."""
    guess(WRONG_ON_PAPER, limits.RECOVERY_FAILURES_A_DAY)
    eva.type_password()
    assert says(eva.type_code(eva.recovery_codes[0]), WRONG_FACTOR)
    assert last(Event.SECOND_FACTOR_REFUSED).result == DAY_USED_UP
    assert eva.type_code()["Location"] == "/admin/"
    eva.type_password()
    assert eva.type_code(eva.recovery_codes[0])["Location"] == "/admin/"


def test_a_notice_that_fails_does_not_undo_the_count(eva: Officer, caplog: pytest.LogCaptureFixture) -> None:
    """Else each third guess would be free."""

    def fail(**_: object) -> None:
        raise RuntimeError("the outbox is full")

    signals.second_factor_attacked.connect(fail)
    try:
        guess(app_of(eva).wrong_code(), limits.FACTOR_FAILURES_TOLD)
    finally:
        signals.second_factor_attacked.disconnect(fail)
    assert FailedTry.objects.filter(kind=FailedTry.Secret.FACTOR).count() == limits.FACTOR_FAILURES_TOLD
    assert "the outbox is full" in caplog.text


def test_a_right_code_forgets_the_wrong_ones(eva: Officer, settings: Settings) -> None:
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 100  # of the address, whose clock stands still here
    for _ in range(3):
        for _ in range(limits.FACTOR_FAILURES_A_DAY - 1):
            eva.type_password()
            eva.type_code(app_of(eva).wrong_code())
            later(minutes=10)
        eva.type_password()
        assert eva.type_code()["Location"] == "/admin/"
        later(minutes=2)
    assert not FailedTry.objects.filter(kind__in=second_factor.A_DAY).exists()


def test_codes_by_sms_that_others_mistype_do_not_count(eva: Officer) -> None:
    """Anyone may ask for a code to reset a password and get it wrong."""
    subject = User.objects.get().directory_id
    for _ in range(limits.CODE_FAILURES_A_DAY):
        FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.CODE)
    assert eva.type_code()["Location"] == "/admin/"


def test_the_app_of_one_opens_nothing_for_another(server: TestSlapd, eva: Officer, settings: Settings) -> None:
    """R2: the account is the session's, and the code is that account's."""
    settings.DIRECTORY_ADMIN_GROUP = "cn=both,ou=groups,dc=portal,dc=example"
    members = [(server.dn(person.username) or "").encode() for person in (EVA, KARL)]
    server.root.add_s(settings.DIRECTORY_ADMIN_GROUP, [("objectClass", [b"groupOfNames"]), ("member", members)])
    try:
        karl = Officer(KARL)
        karl.enrol()
        eva.type_password()
        for code in (app_of(karl).code(1), karl.recovery_codes[0]):
            assert says(eva.type_code(code), WRONG_FACTOR)
            later(seconds=5)
    finally:
        server.root.delete_s(settings.DIRECTORY_ADMIN_GROUP)


# --- Recovery codes ------------------------------------------------------------------------------


def test_a_recovery_code_stands_in_for_the_app_once(eva: Officer) -> None:
    assert eva.type_code(eva.recovery_codes[3])["Location"] == "/admin/"
    assert last(Event.SECOND_FACTOR_ACCEPTED).result == "recovery code"
    assert eva.is_in()
    eva.type_password()
    assert says(eva.type_code(eva.recovery_codes[3]), WRONG_FACTOR)
    later(seconds=2)
    assert eva.type_code(eva.recovery_codes[4].replace(" ", "-"))["Location"] == "/admin/"
    assert second_factor.recovery_codes_left(User.objects.get()) == 8


def test_they_are_shown_once() -> None:
    """Neither when the page is loaded again, nor to anybody else."""
    officer = Officer()
    officer.enrol()
    again = officer.get("/logga-in/koder/")
    assert not any(code in text_of(again) for code in officer.recovery_codes)
    assert says(again, "Du har 10 återställningskoder kvar.")
    assert says(again, "Koderna har redan visats")
    assert Client().get("/logga-in/koder/").headers["Location"] == "/logga-in/?next=%2Flogga-in%2Fkoder%2F"


def test_of_two_requests_that_both_read_that_they_are_owed_one_shows_them() -> None:
    """The second one must not put other codes in the place of those that are being read."""
    officer = Officer()
    officer.type_password()
    officer.look_at_the_picture()
    officer.type_code()
    shown = re.findall(r"<code>", officer.get("/logga-in/koder/").content.decode())
    session = officer.client.session
    session["codes_owed"] = True  # the first has not saved its session yet
    session.save()
    again = re.findall(r"<code>", officer.get("/logga-in/koder/").content.decode())
    assert (len(shown), len(again)) == (10, 0)
    assert says(officer.answers[-1], "Koderna har redan visats")


def test_another_app_is_owed_codes_of_its_own(eva: Officer) -> None:
    second_factor.remove(User.objects.get())
    before = eva.recovery_codes
    eva.enrol()
    assert len(eva.recovery_codes) == 10
    assert not set(before) & set(eva.recovery_codes)


def test_whoever_asks_for_the_head_of_the_page_does_not_use_them_up() -> None:
    officer = Officer()
    officer.type_password()
    officer.look_at_the_picture()
    officer.type_code()
    officer.client.head("/logga-in/koder/")
    assert says(officer.get("/logga-in/koder/"), "Spara dina återställningskoder")


def test_new_ones_end_the_old_ones(eva: Officer) -> None:
    eva.type_code()
    page = eva.post("/logga-in/koder/")
    fresh = re.findall(r"<code>([\d ]{14})</code>", page.content.decode())
    assert len(fresh) == 10
    assert not set(fresh) & set(eva.recovery_codes)
    eva.type_password()
    assert says(eva.type_code(eva.recovery_codes[0]), WRONG_FACTOR)
    later(seconds=2)
    assert eva.type_code(fresh[0])["Location"] == "/admin/"
    assert last(Event.SECOND_FACTOR_ADDED).result == "recovery codes"


def test_new_ones_need_a_password_that_was_just_typed(eva: Officer) -> None:
    """As a new number does (G2): a screen that was left alone makes nobody a way in."""
    eva.type_code()
    later(minutes=11)
    assert eva.post("/logga-in/koder/")["Location"] == "/logga-in/?igen&next=%2Flogga-in%2Fkoder%2F"
    assert second_factor.recovery_codes_left(User.objects.get()) == 10


def test_there_is_a_warning_when_three_are_left(eva: Officer) -> None:
    for number, code in enumerate(eva.recovery_codes[:9], start=1):
        eva.type_password()
        assert eva.type_code(code)["Location"] == "/admin/"
        page = eva.get("/admin/")
        left = 10 - number
        words = f"Du har {left} återställningskod{'er' if left > 1 else ''} kvar."
        assert says(page, words) == (left <= 3)
        assert ('<a href="/logga-in/koder/">' in page.content.decode()) == (left <= 3)


def test_they_go_on_when_the_keys_of_the_portal_are_renewed(eva: Officer, settings: Settings) -> None:
    """X1: those on paper and the app alike, also when the old key is gone."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW_KEY, [settings.SECRET_KEY]
    call_command("rotate_keys", stdout=StringIO())
    settings.SECRET_KEY_FALLBACKS = []
    for code in (eva.recovery_codes[0], app_of(eva).code()):
        officer = Officer()
        officer.type_password()
        assert officer.type_code(code)["Location"] == "/admin/"


def test_the_numbers_of_orderers_are_encrypted_anew_too(settings: Settings) -> None:
    """X1: in the register and in its history, where no new line says that anything changed."""
    Orderer.objects.create(name=CARIN.name, email=CARIN.mail, mobile=CARIN.phone)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW_KEY, [settings.SECRET_KEY]
    call_command("rotate_keys", stdout=StringIO())
    settings.SECRET_KEY_FALLBACKS = []
    assert Orderer.objects.get().mobile == CARIN.phone
    assert [line.mobile for line in get_history_model_for_model(Orderer).objects.all()] == [CARIN.phone]


# --- When the phone and the paper are gone -------------------------------------------------------


def reset(name: str) -> str:
    out = StringIO()
    call_command("reset_second_factor", name, stdout=out)
    return out.getvalue()


def test_the_system_owner_takes_a_lost_app_away(eva: Officer) -> None:
    """The sessions end, and with them any way that somebody is on; the next sign-in connects a new app."""
    eva.type_code()
    waiting = Officer()
    waiting.type_password()
    assert "The second factor of admeva is removed" in reset(EVA.username)
    assert trail(Event.SECOND_FACTOR_REMOVED, Event.SESSIONS_ENDED)[-2:] == [
        *(Event.SESSIONS_ENDED, Event.SECOND_FACTOR_REMOVED),
    ]
    assert not eva.is_in()
    assert waiting.get("/logga-in/kod/")["Location"] == "/logga-in/?igen"
    assert (Authenticator.objects.count(), RecoveryCodes.objects.count()) == (0, 0)
    old = app_of(eva)
    eva.enrol()
    assert app_of(eva).secret != old.secret
    assert eva.is_in()


def test_it_says_so_if_there_is_nothing_to_take_away(server: TestSlapd, settings: Settings) -> None:
    assert "has no second factor" in reset(EVA.username)
    with pytest.raises(CommandError, match="Nobody in the directory is called admfinnsej"):
        reset("admfinnsej")
    server.slapd.stop()
    with pytest.raises(CommandError, match=r"The directory did not say who admeva is .* Nothing was changed\."):
        reset(EVA.username)
    assert AuditEvent.objects.count() == 0


def test_a_name_is_the_directorys(server: TestSlapd, eva: Officer) -> None:
    """G4: somebody new with the name of somebody who left is meant by that name."""
    server.put(EVA)  # another entry: its immutable id is another one
    assert "has no second factor" in reset(EVA.username)
    assert Authenticator.objects.count() == 1


def test_an_account_that_is_removed_takes_its_app_along(eva: Officer) -> None:
    User.objects.all().delete()
    assert (Authenticator.objects.count(), RecoveryCodes.objects.count()) == (0, 0)


@pytest.mark.parametrize("end", [users.end_sessions, second_factor.remove])
def test_a_session_ends_with_the_others_of_its_account(eva: Officer, end: Callable[[User], object]) -> None:
    """R4."""
    eva.type_code()
    assert eva.is_in()
    end(User.objects.get())
    assert not eva.is_in()
