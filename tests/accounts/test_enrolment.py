"""A password alone makes nobody staff: the code without which no second factor is connected (security.md A1)."""

from __future__ import annotations

import logging
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import limits, signals
from accounts.models import AuditEvent, Authenticator, EnrolmentCode, Event, User
from accounts.privacy import retention
from accounts.staff import enrolment, second_factor
from deploy.local.cast import EVA, PER, STEFAN
from tests.accounts.helpers import last, normalised, text_of, time_passes, trail
from tests.accounts.staff import ASKS_FOR_CODE, WRONG_ENROLMENT_CODE, Officer, later, says
from tests.conftest import Inbox, has_number
from tests.notifications.helpers import in_clear
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

WRONG = "00000000"


@pytest.fixture
def eva() -> Officer:
    """She has typed the right password, and no app is connected."""
    officer = Officer(EVA)
    officer.type_password()
    return officer


def printed(name: str) -> tuple[str, str]:
    """What the command says: the code, and to whom it is to be given."""
    out, err = StringIO(), StringIO()
    call_command("issue_enrolment_code", name, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def refused(name: str) -> str:
    with pytest.raises(CommandError) as error:
        printed(name)
    assert not EnrolmentCode.objects.exists()
    return str(error.value)


# --- Before anything is shown --------------------------------------------------------------------


def test_a1_a_password_alone_connects_no_app(eva: Officer) -> None:
    """Neither a picture nor a key is shown, and nothing that is posted connects one."""
    page = eva.get("/logga-in/kod/")
    assert says(page, ASKS_FOR_CODE)
    body = page.content.decode()
    assert "otpauth" not in body
    assert "qr" not in body
    assert 'name="enrolment_code"' in body
    assert 'name="code"' not in body
    for code in (WRONG, "", "123456"):
        eva.post("/logga-in/kod/", enrolment_code=code, code=code)
    assert not Authenticator.objects.exists()
    assert not eva.is_in()
    assert eva.get("/logga-in/koder/")["Location"].startswith("/logga-in/?next")


def test_a1_nor_does_a_thief_who_began_before_the_code_was_issued(eva: Officer) -> None:
    """The right to connect belongs to the sign-in in which the code was entered."""
    thief = Officer(EVA)
    thief.type_password()
    eva.type_enrolment_code()
    assert says(thief.get("/logga-in/kod/"), ASKS_FOR_CODE)
    app = eva.look_at_the_picture()
    assert says(thief.type_code(app.code()), ASKS_FOR_CODE)
    assert eva.type_code()["Location"] == "/logga-in/koder/"


def test_a1_the_first_sign_in_with_the_code(eva: Officer) -> None:
    """In any way of writing it. Each step leaves its event."""
    code, words = printed(EVA.username)
    assert f"Enrolment code for {EVA.username}" in words
    assert code not in words
    assert eva.type_enrolment_code(f" {code[:4]} {code[4:]}")["Location"] == "/logga-in/kod/"
    eva.look_at_the_picture()
    assert eva.type_code()["Location"] == "/logga-in/koder/"
    eva.get("/logga-in/koder/")
    assert eva.is_in()
    assert trail(Event.ENROLMENT_CODE_ISSUED, Event.ENROLMENT_CODE_ACCEPTED, Event.LOGIN_DONE) == [
        *(Event.ENROLMENT_CODE_ISSUED, Event.ENROLMENT_CODE_ACCEPTED, Event.LOGIN_DONE)
    ]
    issued = last(Event.ENROLMENT_CODE_ISSUED)
    assert (issued.actor, issued.subject_name, issued.address) == ("", EVA.username, None)
    assert not EnrolmentCode.objects.exists()


def test_a1_the_answer_is_the_same_whatever_the_reason(settings: Settings) -> None:
    """Wrong, never issued, too old, used, replaced by a newer one, or stopped after wrong ones."""
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 1000
    answers = []

    def refusal(code: str) -> None:
        officer = Officer(EVA)
        officer.type_password()
        answer = officer.type_enrolment_code(code)
        assert says(answer, WRONG_ENROLMENT_CODE)
        answers.append(normalised(answer, code))

    eva = Officer(EVA)
    refusal(WRONG)
    replaced, newer = eva.enrolment_code(), eva.enrolment_code()
    refusal(replaced)
    refusal(WRONG)
    time_passes(hours=24, seconds=1)
    refusal(newer)
    used = eva.enrolment_code()
    eva.type_password()
    eva.type_enrolment_code(used)
    refusal(used)
    stopped = eva.enrolment_code()
    for _ in range(limits.ENROLMENT_TRIES):
        refusal(WRONG)
    refusal(stopped)
    assert all(one == other for one, other in pairwise(answers))


def test_a1_it_is_good_for_a_day(eva: Officer) -> None:
    code = eva.enrolment_code()
    time_passes(hours=23, minutes=59)
    eva.type_password()
    assert eva.type_enrolment_code(code)["Location"] == "/logga-in/kod/"


def test_a1_it_is_good_once_also_if_no_app_was_connected(eva: Officer) -> None:
    """A sign-in that was left half-way needs another."""
    code = eva.enrolment_code()
    eva.type_enrolment_code(code)
    app = eva.look_at_the_picture()
    time_passes(minutes=11)
    assert eva.type_code(app.code())["Location"] == "/logga-in/?igen"
    eva.type_password()
    assert says(eva.type_enrolment_code(code), WRONG_ENROLMENT_CODE)


def test_a1_a_new_code_ends_the_right_that_the_earlier_one_gave(eva: Officer) -> None:
    """So an administrator who learns of a theft can stop it."""
    eva.type_enrolment_code()
    app = eva.look_at_the_picture()
    eva.enrolment_code()
    assert says(eva.type_code(app.code()), ASKS_FOR_CODE)
    assert not Authenticator.objects.filter(confirmed=True).exists()


def test_a1_after_a_removal_a_new_code_is_needed() -> None:
    eva = Officer(EVA)
    eva.enrol()
    eva.leave()
    user = User.objects.get()
    second_factor.remove(user)
    eva.type_password()
    assert says(eva.get("/logga-in/kod/"), ASKS_FOR_CODE)
    assert says(eva.type_code(), ASKS_FOR_CODE), "the app is none any more"
    code = eva.enrolment_code()
    second_factor.remove(user)
    eva.type_password()
    assert says(eva.type_enrolment_code(code), WRONG_ENROLMENT_CODE), "nor is a code from before the removal"
    assert eva.type_enrolment_code()["Location"] == "/logga-in/kod/"


def test_a1_few_wrong_tries_and_the_code_is_dead(eva: Officer, mailoutbox: list[object]) -> None:
    """The tries count over sign-ins; a new code has its own."""
    code = eva.enrolment_code()
    mailoutbox.clear()
    for number in range(limits.ENROLMENT_TRIES):
        if number == 2:
            eva = Officer(EVA)
            eva.type_password()
        assert not mailoutbox
        assert says(eva.type_enrolment_code(WRONG), WRONG_ENROLMENT_CODE)
    assert len(mailoutbox) == 2, "one to her, one for the administrators"
    assert says(eva.type_enrolment_code(code), WRONG_ENROLMENT_CODE)
    assert len(mailoutbox) == 2
    events = AuditEvent.objects.filter(event=Event.ENROLMENT_CODE_REFUSED).values_list("result", flat=True)
    assert list(events) == ["wrong"] * limits.ENROLMENT_TRIES + ["no valid code"]
    assert eva.type_enrolment_code()["Location"] == "/logga-in/kod/"


def test_a_notice_that_fails_does_not_undo_the_count(eva: Officer) -> None:
    """Or guesses would have no end."""

    def fails(**others: object) -> None:
        raise RuntimeError

    code = eva.enrolment_code()
    signals.enrolment_stopped.connect(fails)
    try:
        for _ in range(limits.ENROLMENT_TRIES):
            eva.type_enrolment_code(WRONG)
    finally:
        signals.enrolment_stopped.disconnect(fails)
    assert says(eva.type_enrolment_code(code), WRONG_ENROLMENT_CODE)


def test_the_limit_of_failed_log_ins_counts_them(eva: Officer, settings: Settings) -> None:
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 3
    for _ in range(3):
        assert eva.type_enrolment_code(WRONG).status_code == 200
    assert eva.type_enrolment_code(WRONG).status_code == 429


def test_it_is_asked_for_after_the_right_password_only() -> None:
    eva = Officer(EVA)
    eva.type_password("Fel-1")
    assert eva.type_enrolment_code(WRONG)["Location"] == "/logga-in/?igen"


def test_it_is_kept_as_a_hash_and_in_no_log(eva: Officer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = eva.enrolment_code()
    eva.type_enrolment_code(code)
    assert code not in in_clear()
    row = EnrolmentCode.objects.get()
    assert code not in f"{row.token} {caplog.text}"
    assert code not in " ".join(str(each) for each in AuditEvent.objects.values_list())


def test_an_agent_signs_in_by_sms_as_before_and_connects_an_app_with_a_code(settings: Settings, sms: Inbox) -> None:
    settings.HELPDESK_SMS_FACTOR = True
    has_number(PER)
    per = Officer(PER)
    per.type_password()
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"
    per.leave()
    per.type_password()
    assert per.post("/logga-in/kod/", code=sms.code(), app="1")["Location"] == "/logga-in/kod/"
    assert says(per.get("/logga-in/kod/"), ASKS_FOR_CODE)
    per.look_at_the_picture()
    assert per.type_code()["Location"] == "/logga-in/koder/"


# --- The shell -----------------------------------------------------------------------------------


def test_a1_the_shell_says_why_it_makes_no_code(server: TestSlapd) -> None:
    assert refused("nobody") == "Nobody among the staff in the directory is called nobody. No code was made."
    assert "lovstlin32 is neither an agent nor an administrator" in refused(STEFAN.username)
    Officer(EVA).has_app()
    assert "admeva has a second factor. If it is lost, run reset_second_factor first." in refused(EVA.username)
    server.put(PER, disabled=True)
    assert "The account hdpernil is disabled" in refused(PER.username)
    server.slapd.stop()
    assert "The directory did not say who hdpernil is" in refused(PER.username)


def test_a_code_for_a_predecessor_is_none_for_who_has_the_name_now(server: TestSlapd, eva: Officer) -> None:
    """G4."""
    code = eva.enrolment_code()
    server.put(EVA)
    successor = Officer(EVA)
    successor.type_password()
    assert says(successor.type_enrolment_code(code), WRONG_ENROLMENT_CODE)


def test_the_command_that_takes_an_app_away_names_the_one_that_follows() -> None:
    out = StringIO()
    call_command("reset_second_factor", EVA.username, stdout=out)
    assert "issue_enrolment_code admeva" in out.getvalue()


def test_old_codes_are_purged(eva: Officer) -> None:
    eva.enrolment_code()
    time_passes(hours=47)
    retention.purge()
    assert EnrolmentCode.objects.exists()
    time_passes(hours=2)
    assert retention.purge()["enrolment codes"] == 1


def test_the_page_says_who_gives_the_code(eva: Officer) -> None:
    words = text_of(eva.get("/logga-in/kod/"))
    assert "Be en av portalens administratörer om den" in words
    assert "Koden gäller i 24 timmar och går att använda en gång." in words
    later(minutes=1)
    assert isinstance(enrolment.issue(EVA.username), enrolment.Issued)
