"""Agents without an app sign in with a code by SMS, where HELPDESK_SMS_FACTOR is on: issue 4; security.md K1 to K5."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import ldap
import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from pytest_django import Settings

from accounts import directory, limits, signals
from accounts.models import Authenticator, Challenge, Event, FailedTry, Phone, RecoveryCodes, StaffSession, User
from accounts.privacy import retention
from accounts.users import for_account
from deploy.local.cast import EVA, PER, STEFAN
from tests.accounts.helpers import NEW_NUMBER, WRONG_CODE, last, purge_trail, trail, wrong_for
from tests.accounts.staff import ASKS_FOR_CODE, WRONG_FACTOR, Officer, later, says
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import ADMIN_GROUP, TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

SENT = "Vi har skickat en kod till ditt registrerade nummer."
PAGE = "/helpdesk/konton/"


@pytest.fixture
def per(sms: Inbox, settings: Settings) -> Officer:
    """He has a number on file and no app; agents may sign in by SMS."""
    has_number(PER)
    settings.HELPDESK_SMS_FACTOR = True
    return Officer(PER)


def is_in(officer: Officer) -> bool:
    """Whether the agents' pages open."""
    return officer.get(PAGE).status_code == 200


# --- The way in ----------------------------------------------------------------------------------


def test_password_then_a_code_by_sms(per: Officer, sms: Inbox) -> None:
    """No recovery codes are owed: there is no app that could be lost."""
    assert per.type_password()["Location"] == "/logga-in/kod/"
    page = per.get("/logga-in/kod/")
    assert says(page, SENT)
    assert "otpauth:" not in page.content.decode()
    assert [number for number, _ in sms.messages()] == [PER.phone]
    assert sms.messages()[0][1].endswith(f"@127.0.0.1 #{sms.code()}")
    assert not is_in(per)
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"
    assert is_in(per)
    assert last(Event.SECOND_FACTOR_ACCEPTED).result == "sms"
    assert last(Event.LOGIN_DONE).result == "agent"
    assert not RecoveryCodes.objects.exists()
    assert per.get("/admin/").status_code == 403


def test_the_page_shows_no_digit_of_the_number(per: Officer) -> None:
    """E3: who has typed the password alone learns nothing of where the code went."""
    per.type_password()
    page = per.get("/logga-in/kod/").content.decode()
    assert PER.phone not in page
    assert not any(part in page for part in (PER.phone[-4:], "06 41", "070-"))


def test_it_leads_to_where_one_wanted(per: Officer, sms: Inbox) -> None:
    per.type_password(query="?next=/helpdesk/konton/")
    assert per.type_code(sms.code())["Location"] == "/helpdesk/konton/"


def test_it_lasts_as_long_as_any_other_sign_in(per: Officer, sms: Inbox) -> None:
    """Eight hours, over the nightly purge of codes, which leaves those of the last day."""
    per.type_password()
    per.type_code(sms.code())
    for _ in range(47):
        later(minutes=10)
        assert is_in(per)
    retention.purge()
    assert is_in(per)
    later(minutes=10, seconds=1)
    assert not is_in(per)


def test_another_code_after_a_minute(per: Officer, sms: Inbox) -> None:
    """K5; the new one kills the old one (K1)."""
    per.type_password()
    first = sms.code()
    assert per.post("/logga-in/kod/igen/")["Location"] == "/logga-in/kod/"
    assert says(per.get("/logga-in/kod/"), "Du kan be om en ny kod 1 minut efter den förra.")
    assert len(sms) == 1
    later(minutes=1)
    per.post("/logga-in/kod/igen/")
    assert says(per.get("/logga-in/kod/"), "En kod är på väg. Bara den senaste koden gäller.")
    assert len(sms) == 2
    assert says(per.type_code(first), WRONG_CODE)
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"


def test_to_load_the_page_again_sends_nothing(per: Officer, sms: Inbox) -> None:
    """K5; and who goes back and types the password again within the minute can use the code that is on its way."""
    per.type_password()
    per.get("/logga-in/kod/")
    per.get("/logga-in/kod/")
    per.type_password()
    assert len(sms) == 1
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"


# --- The code ------------------------------------------------------------------------------------


def test_a_wrong_code_opens_nothing(per: Officer, sms: Inbox) -> None:
    per.type_password()
    assert says(per.type_code(wrong_for(sms.code())), WRONG_CODE)
    assert last(Event.SECOND_FACTOR_REFUSED).result == "sms"
    assert not is_in(per)
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"


def test_five_tries_and_ten_a_day(per: Officer, sms: Inbox) -> None:
    """K1: then the code is dead, and after ten the right one of another code, too."""
    for _ in range(2):
        per.type_password()
        for _ in range(limits.CODE_TRIES):
            assert says(per.type_code(wrong_for(sms.code())), WRONG_CODE)
        assert says(per.type_code(sms.code()), WRONG_CODE)
        later(minutes=11)
    per.type_password()
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    assert says(per.type_code(sms.code()), WRONG_CODE)
    assert not is_in(per)


def test_the_owner_is_told_of_wrong_codes(per: Officer, sms: Inbox, mailoutbox: list[EmailMessage]) -> None:
    """As with an app: three in a row, by somebody who has the right password."""
    per.type_password()
    for _ in range(limits.FACTOR_FAILURES_TOLD - 1):
        per.type_code(wrong_for(sms.code()))
    assert mailoutbox == []
    per.type_code(wrong_for(sms.code()))
    per.type_code(wrong_for(sms.code()))
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [([PER.mail], "Fel kod har skrivits för ditt konto")]


def test_wrong_codes_are_told_of_over_several_codes_and_once(
    per: Officer, sms: Inbox, mailoutbox: list[EmailMessage]
) -> None:
    """Two tries for each code would else go on in silence; a right code begins a new row."""
    for expected in (0, 1, 1):
        per.type_password()
        for _ in range(limits.FACTOR_FAILURES_TOLD - 1):
            per.type_code(wrong_for(sms.code()))
        assert len(mailoutbox) == expected
        later(minutes=11)
        purge_trail()
    per.type_password()
    per.type_code(sms.code())
    assert is_in(per)
    mailoutbox.clear()  # that he signed in
    per.post("/logga-ut/")
    later(minutes=11)
    per.type_password()
    for _ in range(limits.FACTOR_FAILURES_TOLD - 1):
        per.type_code(wrong_for(sms.code()))
    assert len(mailoutbox) == 0


def test_a_right_code_of_an_app_begins_a_new_row_too(per: Officer, sms: Inbox, settings: Settings) -> None:
    settings.HELPDESK_SMS_FACTOR = False
    per.has_app()
    settings.HELPDESK_SMS_FACTOR = True
    user = User.objects.get(username=PER.username)
    FailedTry.objects.create(subject=user.directory_id, kind=FailedTry.Secret.SMS)
    per.sign_in()
    assert is_in(per)
    assert not FailedTry.objects.filter(kind=FailedTry.Secret.SMS).exists()


def test_a_notice_that_fails_does_not_undo_the_count(per: Officer, sms: Inbox) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the outbox is full")

    signals.second_factor_attacked.connect(fail)
    try:
        per.type_password()
        for _ in range(limits.FACTOR_FAILURES_TOLD):
            per.type_code(wrong_for(sms.code()))
    finally:
        signals.second_factor_attacked.disconnect(fail)
    assert Challenge.objects.get().failures == limits.FACTOR_FAILURES_TOLD


def test_a_code_that_is_too_old(per: Officer, sms: Inbox) -> None:
    """K1. Who still has it has the password in time as well: both last ten minutes."""
    per.type_password()
    Challenge.objects.update(valid_until=timezone.now())
    assert says(per.type_code(sms.code()), WRONG_CODE)
    later(minutes=11)
    assert per.type_code(sms.code())["Location"] == "/logga-in/?igen"
    assert per.post("/logga-in/kod/igen/")["Location"] == "/logga-in/?igen"


def test_a_code_serves_once(per: Officer, sms: Inbox) -> None:
    """K1: neither in another browser nor later in the same."""
    per.type_password()
    code = sms.code()
    thief = Officer(PER)
    thief.type_password()
    assert says(thief.type_code(code), WRONG_CODE)
    assert per.type_code(code)["Location"] == "/helpdesk/"
    assert says(thief.type_code(code), WRONG_CODE)
    per.leave()
    per.type_password()
    assert says(per.type_code(code), WRONG_CODE)
    assert not is_in(per)


def test_a_code_for_something_else_is_none(
    per: Officer, sms: Inbox, walker: Walker, server: TestSlapd, settings: Settings
) -> None:
    """R2, K4: what was asked for to register a number, before the person was an agent, signs nobody in."""
    agents = settings.DIRECTORY_HELPDESK_GROUP
    server.root.modify_s(agents, [(ldap.MOD_DELETE, "member", [(server.dn(PER.username) or "").encode()])])
    walker.log_in(PER)
    walker.give_number(NEW_NUMBER)
    code = sms.code()
    server.root.modify_s(agents, [(ldap.MOD_ADD, "member", [(server.dn(PER.username) or "").encode()])])
    per.type_password()
    assert says(per.type_code(code), WRONG_CODE)


def test_somebody_elses_code_in_the_same_browser_is_none(per: Officer, sms: Inbox) -> None:
    """R2: a challenge that the session holds for another person, or for an orderer, is not taken for this one's."""
    per.type_password()
    challenge = Challenge.objects.get()
    account = directory.connect().find(EVA.username)
    assert account
    for other in (for_account(account), None):
        Challenge.objects.filter(pk=challenge.pk).update(user=other)
        assert per.type_code(sms.code())["Location"] == "/logga-in/?igen"
        assert per.get("/logga-in/kod/")["Location"] == "/logga-in/?igen"
    assert trail(Event.CODE_ACCEPTED) == []


def test_no_challenge_but_that_of_the_sign_in_is_a_second_factor(per: Officer, sms: Inbox) -> None:
    """One that was asked for, or accepted for something else, opens no session."""
    per.type_password()
    assert not StaffSession.objects.exists()
    per.type_code(sms.code())
    assert per.client.session[DEVICE_ID_SESSION_KEY] == StaffSession.objects.get().persistent_id
    StaffSession.objects.all().delete()
    assert not is_in(per)


# --- An app is better ----------------------------------------------------------------------------


def test_who_wants_an_app_connects_it_after_the_code(per: Officer, sms: Inbox) -> None:
    """The password alone does not: else a stolen one would be enough for who has a number."""
    per.type_password()
    assert says(per.post("/logga-in/kod/", code=wrong_for(sms.code()), app="1"), WRONG_CODE)
    assert not Authenticator.objects.exists()
    assert per.post("/logga-in/kod/", code=sms.code(), app="1")["Location"] == "/logga-in/kod/"
    assert not is_in(per)
    app = per.look_at_the_picture()
    assert says(per.type_code(app.wrong_code()), WRONG_FACTOR)
    later(seconds=2)
    assert per.type_code()["Location"] == "/logga-in/koder/"
    assert is_in(per)


def test_who_has_an_app_is_asked_for_that(per: Officer, sms: Inbox, settings: Settings) -> None:
    settings.HELPDESK_SMS_FACTOR = False
    per.has_app()
    settings.HELPDESK_SMS_FACTOR = True
    assert per.sign_in()["Location"] == "/helpdesk/"
    assert len(sms) == 0


# --- Who gets none -------------------------------------------------------------------------------


def connects_an_app(officer: Officer, sms: Inbox) -> bool:
    """Whether the first sign-in goes as without the setting."""
    officer.enrol()
    return len(sms) == 0 and officer.app is not None


def test_off_it_is_the_app_alone(per: Officer, sms: Inbox, settings: Settings) -> None:
    settings.HELPDESK_SMS_FACTOR = False
    assert connects_an_app(per, sms)


def test_turned_off_it_ends_no_session(per: Officer, sms: Inbox, settings: Settings) -> None:
    per.type_password()
    per.type_code(sms.code())
    settings.HELPDESK_SMS_FACTOR = False
    assert is_in(per)


def test_turned_off_between_password_and_code(per: Officer, sms: Inbox, settings: Settings) -> None:
    per.type_password()
    settings.HELPDESK_SMS_FACTOR = False
    assert says(per.type_code(sms.code()), ASKS_FOR_CODE)
    assert not is_in(per)
    assert per.post("/logga-in/kod/igen/")["Location"] == "/logga-in/?igen"


def test_without_a_number_it_is_the_app(per: Officer, sms: Inbox) -> None:
    Phone.objects.all().delete()
    assert connects_an_app(per, sms)


def test_a_number_on_hold_is_not_used(per: Officer, sms: Inbox) -> None:
    """H4: the helpdesk has just linked it, and somebody may still stop it."""
    Phone.objects.update(usable_from=timezone.now() + timedelta(minutes=5))
    assert connects_an_app(per, sms)


def test_a_number_that_was_replaced_meanwhile_is_not_used(per: Officer, sms: Inbox) -> None:
    per.type_password()
    has_number(PER, NEW_NUMBER)
    assert per.type_code(sms.code())["Location"] == "/logga-in/?igen"
    assert per.post("/logga-in/kod/igen/")["Location"] == "/logga-in/?igen"
    assert len(sms) == 1


def test_administrators_never(per: Officer, sms: Inbox, server: TestSlapd) -> None:
    """Neither Eva nor Per, once he is one as well."""
    has_number(EVA)
    eva = Officer(EVA)
    assert connects_an_app(eva, sms)
    server.root.modify_s(ADMIN_GROUP, [(ldap.MOD_ADD, "member", [(server.dn(PER.username) or "").encode()])])
    assert connects_an_app(per, sms)


def test_who_becomes_an_administrator_between_password_and_code(per: Officer, sms: Inbox, server: TestSlapd) -> None:
    per.type_password()
    server.root.modify_s(ADMIN_GROUP, [(ldap.MOD_ADD, "member", [(server.dn(PER.username) or "").encode()])])
    assert says(per.type_code(sms.code()), ASKS_FOR_CODE)
    assert not is_in(per)
    assert trail(Event.SECOND_FACTOR_ACCEPTED) == []


def test_losing_the_role_between_password_and_code(per: Officer, sms: Inbox, server: TestSlapd) -> None:
    """S2: and the code is not spent."""
    per.type_password()
    server.put(PER, disabled=True)
    assert per.type_code(sms.code())["Location"] == "/logga-in/?slut"
    assert trail(Event.CODE_ACCEPTED) == []


def test_nobody_asks_for_a_code_without_the_password(per: Officer, sms: Inbox) -> None:
    assert Client().post("/logga-in/kod/igen/").headers["Location"] == "/logga-in/?igen"
    assert Client().get("/logga-in/kod/igen/").status_code == 405
    per.type_password("Fel-1")
    assert len(sms) == 0


# --- A lost telephone ----------------------------------------------------------------------------


def test_a_second_factor_that_is_reset_takes_the_number_along(per: Officer, sms: Inbox) -> None:
    """The command for who lost the telephone: the next sign-in connects an app, and sends nothing to the old number."""
    per.type_password()
    per.type_code(sms.code())
    out = StringIO()
    call_command("reset_second_factor", PER.username, stdout=out)
    assert "is removed" in out.getvalue()
    assert last(Event.PHONE_FORGOTTEN).result == "second factor removed"
    assert not is_in(per)
    later(minutes=2)
    per.enrol()
    assert is_in(per)
    assert len(sms) == 1


def test_the_number_of_others_stays(per: Officer, settings: Settings) -> None:
    """With the setting off a number is no second factor."""
    settings.HELPDESK_SMS_FACTOR = False
    call_command("reset_second_factor", PER.username, stdout=StringIO())
    assert Phone.objects.count() == 1


# --- The number, which no page changes ------------------------------------------------------------


def test_a2_no_page_of_the_public_takes_an_agents_number(per: Officer, walker: Walker, settings: Settings) -> None:
    """Whether codes by SMS are on or not: their accounts are protected, as every staff account is."""
    for is_on in (True, False):
        settings.HELPDESK_SMS_FACTOR = is_on
        assert says(walker.log_in(PER), "Fel användarnamn eller lösenord")
        assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"
        walker.ask(PER.username)
        assert last(Event.CODE_WITHHELD).result == "protected account"


def test_a2_the_shell_enters_an_agents_number(sms: Inbox, settings: Settings, mailoutbox: list[EmailMessage]) -> None:
    settings.HELPDESK_SMS_FACTOR = True
    out = StringIO()
    call_command("agent_number", PER.username, "070-174 06 93", stdout=out)
    assert out.getvalue() == f"{PER.username} gets codes to 070-174 06 93.\n"
    assert last(Event.PHONE_REGISTERED).subject_name == PER.username
    assert [mail.to for mail in mailoutbox] == [[PER.mail]]
    per = Officer(PER)
    per.type_password()
    assert [number for number, _ in sms.messages()] == ["+46701740693"]
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"


def test_a2_the_number_before_is_told(per: Officer, sms: Inbox, mailoutbox: list[EmailMessage]) -> None:
    """And a code that is on its way to it is good no more."""
    per.type_password()
    code = sms.code()
    call_command("agent_number", PER.username, NEW_NUMBER, stdout=StringIO())
    assert sms.messages()[-1][0] == PER.phone
    assert [mail.to for mail in mailoutbox] == [[PER.mail]]
    assert last(Event.PHONE_REPLACED).subject_name == PER.username
    assert per.type_code(code)["Location"] == "/logga-in/?igen"


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        (STEFAN.username, "070-174 06 93", "No agent in the directory is called"),
        (EVA.username, "070-174 06 93", "No agent in the directory is called"),
        ("finnsinte", "070-174 06 93", "No agent in the directory is called"),
        (PER.username, "08-123 45 67", "Nothing was changed."),
    ],
)
def test_nobody_elses_and_no_other_number(name: str, number: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("agent_number", name, number)
    assert not Phone.objects.exists()
