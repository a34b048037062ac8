"""Codes by SMS: security.md K1, K2, K4, K5. Parallel use (K3) is in test_races.py, leaks (K2) in test_secrets.py."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings

from accounts import codes, directory, limits, users
from accounts.models import AuditEvent, Challenge, Event, FailedTry, Purpose, SendQuota, SmsDay
from deploy.local.cast import ANNA, EVA, KARL, MARIA, STEFAN
from idportal.channels import sms as messages
from idportal.runtime import written_sql
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    WRONG_CODE,
    last,
    normalised,
    text_of,
    time_passes,
    trail,
    wrong_for,
)
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd
from tests.servers.smsgateway import Mood, SmsGateway

pytestmark = pytest.mark.django_db(transaction=True)

ACCEPTED = "/aterstall/losenord/"


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd) -> TestSlapd:
    has_number(STEFAN)
    return openldap_settings


def guess_wrongly(walker: Walker, times: int) -> None:
    wrong = wrong_for(walker.sms.code())
    for _ in range(times):
        assert WRONG_CODE in text_of(walker.enter_code(wrong))


def test_k1_six_digits_with_leading_zeros() -> None:
    """K1."""
    challenge = Challenge(purpose=Purpose.RESET)
    made = {challenge.make_code() for _ in range(300)}
    assert all(re.fullmatch("[0-9]{6}", code) for code in made)
    assert any(code.startswith("0") for code in made)
    assert len(made) > 290, "not drawn from a million"


def test_leading_zeros_are_sent_and_needed(walker: Walker) -> None:
    """K1."""
    with mock.patch("accounts.models.codes.random_number_token", return_value="000042"):
        walker.ask(STEFAN.username)
    assert walker.sms.code() == "000042"
    assert "Koden har sex siffror." in text_of(walker.enter_code("42"))
    assert walker.enter_code("000042")["Location"] == ACCEPTED


@pytest.mark.parametrize(
    "typed",
    [
        *(" 123 456 ", "123-456", "123\N{NO-BREAK SPACE}456", "123\N{FIGURE DASH}456", "12 34 56"),
        *("１２３４５６", "１２３　４５６", "\N{LEFT-TO-RIGHT MARK}123456", "𝟏𝟐𝟑𝟒𝟓𝟔"),
    ],
)
def test_a_code_may_be_written_in_groups_and_in_full_width(walker: Walker, typed: str) -> None:
    """Telephones show codes in groups; keyboards in Asia write such digits."""
    with mock.patch("accounts.models.codes.random_number_token", return_value="123456"):
        walker.ask(STEFAN.username)
    assert walker.enter_code(typed)["Location"] == ACCEPTED
    assert trail(Event.CODE_REFUSED) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "Skriv koden med sex siffror från ditt sms."),
        *(
            (code, "Koden har sex siffror.")
            for code in ("12345", "1234567", "abcdef", "123456789012345678901", "१२३४५६", "-00042", "12345l", "12345\n")
        ),
    ],
)
def test_what_is_no_code_is_told_so_and_is_no_try(walker: Walker, code: str, words: str) -> None:
    """K1: five tries at a code, none of which is spent on a slip. Whoever asked is told the same."""
    walker.ask(STEFAN.username)
    for _ in range(limits.CODE_TRIES + 1):
        answer = walker.client.post("/aterstall/kod/", {"code": code})
        assert answer.status_code == 200
        assert words in html.unescape(answer.content.decode())
    assert not FailedTry.objects.exists()
    assert walker.enter_code()["Location"] == ACCEPTED


@pytest.mark.parametrize(("seconds", "good"), [(595, True), (601, False)])
def test_a_code_lives_for_ten_minutes(walker: Walker, seconds: int, good: bool) -> None:
    """K1."""
    walker.ask(STEFAN.username)
    time_passes(seconds=seconds)
    answer = walker.enter_code()
    if good:
        assert answer["Location"] == ACCEPTED
    else:
        assert WRONG_CODE in text_of(answer)
        assert _counted(STEFAN.username) == 0, "an expired code counts against nobody"


def _counted(username: str) -> int:
    challenge = Challenge.objects.filter(user__username=username).select_related("user").first()
    assert challenge
    assert challenge.user
    return codes.failures(challenge.user.directory_id, Purpose.RESET)


def test_k1_single_use(walker: Walker) -> None:
    """K1."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    code = walker.sms.code()
    challenge = Challenge.objects.get()
    assert walker.enter_register_code(code)["Location"] == "/registrera/klart/"
    assert codes.check(challenge.pk, code, None) is None
    assert trail(Event.CODE_ACCEPTED, Event.CODE_REFUSED) == [Event.CODE_ACCEPTED, Event.CODE_REFUSED]


def test_k1_five_tries_and_the_right_one_is_dead_too(walker: Walker) -> None:
    """K1; tries at the dead code count against nobody, so that the owner's own day is not used up."""
    walker.ask(STEFAN.username)
    guess_wrongly(walker, 5)
    for _ in range(3):
        assert WRONG_CODE in text_of(walker.enter_code())
    assert _counted(STEFAN.username) == 5
    time_passes(seconds=61)
    walker.ask_again()
    assert walker.enter_code()["Location"] == ACCEPTED


def test_the_fifth_try_still_counts(walker: Walker) -> None:
    """K1: five tries, not four."""
    walker.ask(STEFAN.username)
    guess_wrongly(walker, 4)
    assert walker.enter_code()["Location"] == ACCEPTED


def test_a_new_code_kills_the_old_one(walker: Walker) -> None:
    """K1."""
    walker.ask(STEFAN.username)
    old = walker.sms.code()
    time_passes(seconds=61)
    walker.ask_again()
    if walker.sms.code() != old:
        assert WRONG_CODE in text_of(walker.enter_code(old))
    assert walker.enter_code()["Location"] == ACCEPTED


def test_a_new_code_in_another_session_kills_it_too(walker: Walker, another_walker: Walker) -> None:
    """K1: the older session can ask again, and then kills the newer one's."""
    walker.ask(STEFAN.username)
    first = walker.sms.code()
    time_passes(seconds=61)
    another_walker.ask(STEFAN.username)
    second = walker.sms.code()
    assert len(walker.sms) == 2
    assert WRONG_CODE in text_of(walker.enter_code(first))
    time_passes(seconds=61)
    walker.ask_again()
    assert len(walker.sms) == 3
    assert WRONG_CODE in text_of(another_walker.enter_code(second))
    assert walker.enter_code()["Location"] == ACCEPTED


def test_a_code_for_one_purpose_leaves_the_other_alone(walker: Walker, another_walker: Walker) -> None:
    """K1 and R2: and opens nothing there."""
    walker.ask(STEFAN.username)
    to_reset = walker.sms.code()
    another_walker.log_in(STEFAN)
    another_walker.give_number(NEW_NUMBER_TYPED)
    to_register = walker.sms.code()
    if to_reset != to_register:
        assert WRONG_CODE in text_of(walker.enter_code(to_register))
        assert WRONG_CODE in text_of(another_walker.enter_register_code(to_reset))
    assert walker.enter_code(to_reset)["Location"] == ACCEPTED


def test_k1_ten_failures_a_day_over_all_codes_and_sessions(walker: Walker, another_walker: Walker) -> None:
    """K1: then the right code is refused too, no more are sent, and the page is the same; a day later it works."""
    walker.ask(STEFAN.username)
    guess_wrongly(walker, 4)
    time_passes(seconds=61)
    another_walker.ask(STEFAN.username)
    guess_wrongly(another_walker, 4)
    time_passes(seconds=61)
    walker.ask(STEFAN.username)
    guess_wrongly(walker, 2)
    assert WRONG_CODE in text_of(walker.enter_code()), "the right one, at the third try of this code"
    time_passes(minutes=11)
    sent = len(walker.sms)
    assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    assert len(walker.sms) == sent
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    time_passes(hours=24)
    walker.ask(STEFAN.username)
    assert walker.enter_code()["Location"] == ACCEPTED


def test_k2_only_a_keyed_hash_is_kept(walker: Walker, settings: Settings) -> None:
    """K2: not the code, nor a hash that a million guesses would open without the key."""
    walker.ask(STEFAN.username)
    code = walker.sms.code()
    row = _row()
    assert not any(code in value for name, value in row.items() if name not in _TIMES)
    assert re.fullmatch("[0-9a-f]{64}", row["token"])
    settings.SECRET_KEY = "another key, under which the same code hashes to something else"
    challenge = Challenge.objects.defer("username", "number").get()
    assert challenge._hash(code) != row["token"]


_TIMES = {"valid_until", "asked_at", "verified_at"}


def _row() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_challenge")
        names = [column[0] for column in cursor.description]
        return dict(zip(names, map(str, cursor.fetchall()[-1]), strict=True))


def test_k5_one_minute_between_two(walker: Walker, another_walker: Walker) -> None:
    """K5: in one session and over several."""
    walker.ask(STEFAN.username)
    time_passes(seconds=55)
    walker.ask_again()
    another_walker.ask(STEFAN.username)
    assert len(walker.sms) == 1
    assert last(Event.CODE_WITHHELD).result == "too many codes to this number"
    assert walker.enter_code()["Location"] == ACCEPTED, "the withheld ones took nothing away"


def test_k5_three_in_ten_minutes_and_five_a_day(walker: Walker) -> None:
    """K5."""
    arrived = []
    for _ in range(5):
        walker.ask(STEFAN.username)
        arrived.append(len(walker.sms))
        time_passes(seconds=61)
    assert arrived == [1, 2, 3, 3, 3]
    time_passes(minutes=10)
    for _ in range(4):
        walker.ask(STEFAN.username)
        arrived.append(len(walker.sms))
        time_passes(minutes=11)
    assert arrived[5:] == [4, 5, 5, 5]
    time_passes(hours=24)
    walker.ask(STEFAN.username)
    assert len(walker.sms) == 6


def test_register_and_reset_right_after_each_other(walker: Walker) -> None:
    """design.md: limits count per number and purpose, so that what the manual suggests works."""
    assert walker.register(KARL, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    walker.ask(KARL.username)
    assert walker.enter_code()["Location"] == ACCEPTED


def test_a_number_on_two_accounts_shares_its_limits(walker: Walker, another_walker: Walker) -> None:
    """K5: per number, not per account."""
    has_number(MARIA, STEFAN.phone)
    walker.ask(STEFAN.username)
    another_walker.ask(MARIA.username)
    assert len(walker.sms) == 1
    assert walker.enter_code()["Location"] == ACCEPTED


def test_k5_a_daily_ceiling_for_all(
    walker: Walker, another_walker: Walker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """K5: SMS_DAILY_LIMIT; the answer is the same."""
    settings.SMS_DAILY_LIMIT = 1
    has_number(MARIA)
    walker.ask(STEFAN.username)
    assert another_walker.ask(MARIA.username)["Location"] == "/aterstall/kod/"
    assert len(walker.sms) == 1
    assert last(Event.CODE_WITHHELD).result == "daily limit of SMS"
    assert SmsDay.objects.get().sent == 1
    assert "the daily limit of SMS is reached: no more codes are sent today" in caplog.messages


def test_k5_a_reload_sends_nothing(walker: Walker) -> None:
    """K5: a page reload sends nothing, and GET on the button's address neither."""
    walker.ask(STEFAN.username)
    time_passes(seconds=61)
    for _ in range(3):
        assert walker.get("/aterstall/kod/").status_code == 200
    assert walker.get("/aterstall/kod/igen/").status_code == 405
    assert len(walker.sms) == 1


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_k4_the_sms_is_one_segment_with_the_host_on_its_last_line(
    settings: Settings, language: str, purpose: Purpose
) -> None:
    """K4: exactly ``@<host where it is entered> #<code>``."""
    settings.PORTAL_URL = "https://losenord.orebro.se"
    settings.REGISTER_HOST, settings.RESET_HOST = "pwreg.orebro.se", "pwreset.orebro.se"
    text = codes.text("012345", purpose, language)
    length = messages.septets(text)
    assert length is not None
    assert length <= 160
    register, reset = "pwreg.orebro.se", "pwreset.orebro.se"
    hosts = {Purpose.REGISTER: register, Purpose.OLD_NUMBER: register, Purpose.RESET: reset}
    assert text.splitlines()[-1] == f"@{hosts.get(purpose, 'losenord.orebro.se')} #012345"
    assert text.splitlines()[-2] == "", "the line stands alone"
    assert ("säkerhetskod" in text) == (language == "sv")


def test_the_sms_as_it_arrives(walker: Walker, sms: Inbox) -> None:
    """K4: the host without its port, as the WICG draft has it."""
    walker.ask(STEFAN.username)
    number, text = sms.messages()[0]
    assert number == STEFAN.phone
    assert text.endswith(f"\n\n@127.0.0.1 #{sms.code()}")


def test_the_sms_of_each_journey_names_its_own_host(settings: Settings, sms: Inbox) -> None:
    """K4."""
    settings.REGISTER_HOST, settings.RESET_HOST = "pwreg.orebro.se", "pwreset.orebro.se"
    account = directory.connect().find(KARL.username)
    assert account
    codes.ask(Purpose.REGISTER, address=None, user=users.for_account(account), number=NEW_NUMBER)
    codes.ask(Purpose.RESET, address=None, username=STEFAN.username)
    hosts = [text.splitlines()[-1].partition(" ")[0] for _, text in sms.messages()]
    assert hosts == ["@pwreg.orebro.se", "@pwreset.orebro.se"]


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.RESET])
def test_a_gateway_that_fails_does_not_show(
    sms_gateway: SmsGateway, mood: Mood, caplog: pytest.LogCaptureFixture
) -> None:
    """E1, U1: the page is the same; the trail says that nothing was sent to whom, and the log which and why."""
    sms_gateway.mood = mood
    unknown, known = Client(), Client()
    assert normalised(known.post("/aterstall/", {"username": STEFAN.username})) == normalised(  # type: ignore[arg-type]
        unknown.post("/aterstall/", {"username": "lovfinnsej1"})  # type: ignore[arg-type]
    )
    assert sms_gateway.attempts >= 1
    assert trail(Event.CODE_ATTEMPTED, Event.CODE_SENT, Event.CODE_NOT_SENT) == [
        Event.CODE_ATTEMPTED,
        Event.CODE_NOT_SENT,
    ]
    failed = last(Event.CODE_NOT_SENT)
    assert (failed.subject, failed.result) == (last(Event.CODE_ATTEMPTED).subject, "no gateway took it")
    assert "a code for reset was not sent: No SMS gateway took the message." in caplog.messages


def test_u1_the_next_gateway_takes_over(sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway, client: Client) -> None:
    """U1: the next provider is tried, and the trail names the one that took it, without its credentials."""
    sms_gateway.mood = Mood.FAIL
    client.post("/aterstall/", {"username": STEFAN.username})
    [message] = spare_sms_gateway.received
    assert message.to == STEFAN.phone
    assert last(Event.CODE_SENT).result == "reset by gateway 2 (form)"


def test_each_row_says_who_whom_where_and_for_what(sms: Inbox) -> None:
    """L1: whoever asks or mistypes has not proved to be the owner. A task has no address of its own."""
    there = Walker(Client(REMOTE_ADDR="192.0.2.77"), sms)
    there.ask(STEFAN.username)
    there.enter_code(wrong_for(sms.code()))
    time_passes(seconds=61)
    there.ask_again()
    there.enter_code()
    account = directory.connect().find(STEFAN.username)
    assert account
    asked, stefan, where, sent = "reset", account.id, "192.0.2.77", "reset by gateway 1 (file)"
    assert list(AuditEvent.objects.values_list("event", "actor", "subject", "result", "address")) == [
        (Event.CODE_REQUESTED, "", "", asked, where),
        (Event.CODE_ATTEMPTED, "", stefan, asked, where),
        (Event.CODE_SENT, "", stefan, sent, None),
        (Event.CODE_REFUSED, "", stefan, asked, where),
        (Event.CODE_REQUESTED, "", stefan, asked, where),
        (Event.CODE_ATTEMPTED, "", stefan, asked, where),
        (Event.CODE_SENT, "", stefan, sent, None),
        (Event.CODE_ACCEPTED, stefan, stefan, asked, where),
    ]


def test_each_row_of_a_withheld_one_says_who_whom_where_and_why(
    sms: Inbox, server: TestSlapd, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """L1; R6, H4, U1. Of an outage, the log says what it was."""
    has_number(EVA)
    held = has_number(ANNA)
    held.usable_from = timezone.now() + timedelta(days=1)
    held.save()
    server.add_value(MARIA.username, "pwdAccountLockedTime", b"000001010000Z")
    persons = (KARL, EVA, MARIA, ANNA, STEFAN, STEFAN)
    for name in ("lovfinnsej1", *(person.username for person in persons)):
        there = Walker(Client(REMOTE_ADDR="192.0.2.77"), sms)
        there.ask(name)
    time_passes(seconds=61)
    settings.DIRECTORY_URLS = ["ldaps://127.0.0.1:1"]
    there.ask_again()
    assert len(sms) == 1
    rows = AuditEvent.objects.filter(event=Event.CODE_WITHHELD, actor="", address="192.0.2.77")
    # The company is the directory's: of an account that was just read.
    assert list(rows.values_list("subject_name", "company", "result")) == [
        ("", "", "no such account"),
        (KARL.username, KARL.company, "no number"),
        (EVA.username, EVA.company, "protected account"),
        (MARIA.username, MARIA.company, "disabled account"),
        (ANNA.username, ANNA.company, "number on hold"),
        (STEFAN.username, "", "too many codes to this number"),
        (STEFAN.username, "", "directory unavailable"),
    ]
    kept = {challenge.number for challenge in Challenge.objects.all()}
    assert kept == {"", STEFAN.phone}, "a number that gets no code is not kept with the challenge"
    assert "a code for reset was not sent: DirectoryUnavailable" in caplog.messages


def test_what_no_browser_asked_for_is_never_taken_for_anothers_click(sms: Inbox) -> None:
    """R2: an error of the database is one, and gives nobody a challenge of somebody else."""
    codes.ask(Purpose.RESET, address=None, username=STEFAN.username)
    with (
        mock.patch.object(written_sql, "add", side_effect=IntegrityError("its owner is gone")),
        pytest.raises(IntegrityError),
    ):
        codes.ask(Purpose.RESET, address=None, username="lovfinnsej1")
    assert Challenge.objects.count() == 1


def test_a_click_that_the_queue_did_not_take_is_no_first_of_two(sms: Inbox) -> None:
    """R2: the next one begins anew, and brings a code."""
    ask = partial(codes.ask, Purpose.RESET, address=None, username=STEFAN.username, browser="its secret")
    with (
        mock.patch("accounts.tasks.send_code.apply_async", side_effect=OperationalError("down")),
        pytest.raises(OperationalError),
    ):
        ask()
    begun = ask()
    assert (len(sms), Challenge.objects.count()) == (1, 2)
    assert ask() == begun, "the second of two"
    assert ask(browser="another's") != begun


@pytest.mark.parametrize(("seconds", "sent"), [(595, 1), (601, 0)])
def test_a_code_that_waited_too_long_is_not_sent(walker: Walker, seconds: int, sent: int) -> None:
    """K1: a queue that was down for ten minutes sends no code that nobody waits for."""
    held: list[Any] = []
    with mock.patch("accounts.tasks.send_code.apply_async", side_effect=lambda *args, **kwargs: held.append(kwargs)):
        walker.ask(STEFAN.username)
    assert held == [{"expires": 600}]
    time_passes(seconds=seconds)
    codes.send_code(Challenge.objects.get().pk)
    assert len(walker.sms) == sent


def test_failures_that_count_against_nobody_are_noted(walker: Walker) -> None:
    """E2: the same is done for an unknown name; T1: a row that names no person."""
    walker.ask("lovfinnsej1")
    for _ in range(7):
        assert WRONG_CODE in text_of(walker.enter_code("123456"))
    challenge = Challenge.objects.get()
    subjects = set(FailedTry.objects.values_list("subject", flat=True))
    assert subjects == {f"challenge {challenge.pk}"}
    assert challenge.number == ""


def test_one_account_does_not_send_codes_to_the_whole_country(walker: Walker, settings: Settings) -> None:
    """K5: another number is another limit, but not another account."""
    walker.log_in(KARL)
    for number in range(30, 40):
        walker.give_number(f"070-174 06 {number}")
    assert len(walker.sms) == 3
    assert last(Event.CODE_WITHHELD).result == "too many codes for this account"
    time_passes(minutes=11)
    walker.log_in(KARL)
    walker.give_number("070-174 06 40")
    assert len(walker.sms) == 4


def test_an_outage_of_the_gateways_uses_up_nobodys_codes(
    walker: Walker, sms_gateway: SmsGateway, server: TestSlapd
) -> None:
    """K5: what no gateway took is none of the five a day."""
    sms_gateway.mood = Mood.FAIL
    for _ in range(6):
        walker.ask(STEFAN.username)
        time_passes(minutes=11)
    assert trail(Event.CODE_NOT_SENT) == [Event.CODE_NOT_SENT] * 6
    sms_gateway.mood = Mood.ACCEPT
    walker.ask(STEFAN.username)
    assert len(sms_gateway.received) == 1
    assert last(Event.CODE_SENT).subject_name == STEFAN.username


def test_an_outage_of_the_gateways_uses_up_no_numbers_to_register(walker: Walker, sms_gateway: SmsGateway) -> None:
    """K5: neither the number's codes nor the account's."""
    sms_gateway.mood = Mood.FAIL
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    assert [(quota.sent, len(quota.failed)) for quota in SendQuota.objects.all()] == [([], 1)] * 2


def test_a_gateway_that_sends_and_says_no_floods_nobody(walker: Walker, sms_gateway: SmsGateway) -> None:
    """K5: the pauses hold for what is said to have failed, too."""
    sms_gateway.mood = Mood.FAIL
    for _ in range(8):
        Walker(Client(), walker.sms).ask(STEFAN.username)
    assert trail(Event.CODE_NOT_SENT) == [Event.CODE_NOT_SENT], "one minute"
    for _ in range(8):
        time_passes(seconds=61)
        Walker(Client(), walker.sms).ask(STEFAN.username)
    assert trail(Event.CODE_NOT_SENT) == [Event.CODE_NOT_SENT] * 3, "three in ten minutes"


def test_a_code_that_is_refused_is_counted_nowhere(walker: Walker, another_walker: Walker, settings: Settings) -> None:
    """K5: else whoever is past a limit of their own could use up somebody else's."""
    settings.SMS_DAILY_LIMIT = 3
    walker.log_in(KARL)
    for number in (30, 31, 32, 33):
        walker.give_number(f"070-174 06 {number}")
    assert last(Event.CODE_WITHHELD).result == "too many codes for this account"
    another_walker.log_in(MARIA)
    another_walker.give_number("070-174 06 33")
    assert last(Event.CODE_WITHHELD).result == "daily limit of SMS"
    settings.SMS_DAILY_LIMIT = 4
    time_passes(seconds=61)
    another_walker.client.post("/registrera/kod/igen/")
    assert len(walker.sms) == 4


def test_what_a_gateway_may_have_sent_is_counted(walker: Walker) -> None:
    """K5: one that gives no answer in time may have sent it all the same."""
    lost = messages.SmsError("lost", perhaps_sent=True)
    with mock.patch.object(messages, "send", side_effect=lost):
        walker.ask(STEFAN.username)
        for _ in range(5):
            time_passes(seconds=61)
            walker.ask_again()
        assert SmsDay.objects.get().sent == 3, "in ten minutes"
        for _ in range(3):
            time_passes(minutes=11)
            walker.ask(STEFAN.username)
    assert SmsDay.objects.get().sent == 5, "in a day"


def test_a_challenge_that_the_owner_ended_begins_anew_when_asked_again(walker: Walker, another_walker: Walker) -> None:
    """E1: as for a name that nobody has; the clock of the session goes on, and another code comes when it has run."""
    another_walker.ask("lovfinnsej1")
    walker.ask(STEFAN.username)
    challenge = Challenge.objects.latest("pk")
    assert challenge.user
    codes.end_challenges(challenge.user)
    challenge.refresh_from_db()
    ended = challenge.ended_at
    assert (bool(ended), challenge.token) == (True, ""), "else the code would be good again with the challenge"
    assert Challenge.objects.filter(ended_at=None).count() == 1, "somebody else's"
    codes.end_challenges(challenge.user)
    challenge.refresh_from_db()
    assert challenge.ended_at == ended
    time_passes(seconds=40)
    pages = []
    for each, name in ((walker, STEFAN.username), (another_walker, "lovfinnsej1")):
        each.ask(name)
        pages.append(re.search(r'data-resend-in="(\d+)"', each.get("/aterstall/kod/").content.decode()))
    [known, unknown] = [int(page[1]) for page in pages if page]
    assert abs(known - unknown) <= 1
    assert len(walker.sms) == 1
    time_passes(seconds=61)
    walker.ask_again()
    assert len(walker.sms) == 2
    assert walker.enter_code()["Location"] == ACCEPTED


@pytest.mark.parametrize("what", ["ended_at", "verified_at"])
def test_a_challenge_that_is_over_while_the_directory_is_asked_gets_no_code(walker: Walker, what: str) -> None:
    """What the owner does meanwhile, in another browser or with the code before, stands."""
    connect = directory.connect

    def slowly() -> directory.Directory:
        Challenge.objects.update(**{what: timezone.now()})
        return connect()

    with mock.patch.object(directory, "connect", slowly):
        walker.ask(STEFAN.username)
    assert len(walker.sms) == 0
    assert getattr(Challenge.objects.get(), what)


def test_the_log_says_when_most_of_the_days_messages_are_used(
    walker: Walker, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SMS_DAILY_LIMIT = 29
    SmsDay.objects.create(day=timezone.localdate(), sent=15)
    warned = []
    for _ in range(3):
        walker.ask(STEFAN.username)
        warned.append(caplog.messages.count("60 % of the daily limit of SMS is used"))
        time_passes(seconds=61)
    assert warned == [0, 1, 1], "once, at 17 of 29"


@pytest.mark.parametrize("gone", [False, True], ids=["accepted", "purged"])
def test_another_code_for_a_challenge_that_is_over_is_none(walker: Walker, gone: bool) -> None:
    """R3: the page looked before; the row is read again under its lock."""
    walker.ask(STEFAN.username)
    challenge = Challenge.objects.get()
    time_passes(seconds=61)
    if gone:
        Challenge.objects.all().delete()
    else:
        assert walker.enter_code()["Location"] == ACCEPTED
    assert codes.ask_again(challenge, None) is False
    assert len(walker.sms) == 1


def test_a_task_that_comes_twice_sends_once(walker: Walker) -> None:
    """K5: a queue may deliver what it has delivered."""
    walker.ask(STEFAN.username)
    challenge = Challenge.objects.get()
    codes.send_code(challenge.pk)
    assert len(walker.sms) == 1
    assert walker.enter_code()["Location"] == ACCEPTED
    codes.send_code(challenge.pk)
    assert len(walker.sms) == 1


@pytest.mark.parametrize("over", ["verified_at", "ended_at"])
def test_a_task_that_comes_when_all_is_over_counts_nothing(walker: Walker, over: str) -> None:
    """K5; L1: nor does the trail tell of a code that was never made."""
    walker.ask(STEFAN.username)
    time_passes(seconds=61)
    before = trail()
    Challenge.objects.update(**{over: timezone.now()})
    codes.send_code(Challenge.objects.get().pk)
    assert (trail(), len(walker.sms), SmsDay.objects.get().sent) == (before, 1, 1)
