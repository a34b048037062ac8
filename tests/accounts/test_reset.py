"""A new password with a code by SMS, against OpenLDAP: security.md R1 to R8, P1, P2, P4. Samba: the file beside."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, load_handler
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import directory, limits
from accounts.directory.dialects.openldap import OpenLdap
from accounts.models import Challenge, Event, FailedTry, Purpose
from accounts.passwords import reset
from accounts.passwords.reset import ResetOutcome
from deploy.local.cast import ANNA, EVA, KARL, MARIA, STEFAN, Person
from tests.accounts.conftest import Heard
from tests.accounts.helpers import (
    NEW_PASSWORD,
    OTHER_PASSWORD,
    WRONG_CODE,
    binds,
    entry,
    last,
    text_of,
    time_passes,
    trail,
    verified,
    wrong_for,
)
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

PASSWORD_EVENTS = (Event.PASSWORD_ATTEMPTED, Event.PASSWORD_DONE, Event.PASSWORD_REFUSED)


def the_account(person: Person = STEFAN) -> directory.Served:
    """As the directory has it now."""
    account = directory.connect().find(person.username)
    assert account
    found = directory.connect().served(account.id)
    assert found
    return found


def test_the_manuals_steps(server: TestSlapd, walker: Walker, sms: Inbox, heard: list[Heard]) -> None:
    """manual-sv.md, "Återställa/byta lösenord", steps 1 to 7; R3: it logs nobody in; R4; L1."""
    has_number(STEFAN)
    assert "till exempel lovstlin32" in text_of(walker.get("/aterstall/"))
    assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    page = text_of(walker.get("/aterstall/kod/"))
    assert "Vänta upp till 3 minuter, ibland kan det dröja." in page
    assert [number for number, _ in sms.messages()] == [STEFAN.phone]
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    page = text_of(walker.get("/aterstall/losenord/"))
    assert "eller ett tidigare lösenord" in page
    assert STEFAN.username in page
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    page = text_of(walker.get("/aterstall/klart/"))
    assert "Klart! Du har bytt lösenord. Prova att logga in med ditt nya lösenord." in page
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    assert not binds(server, STEFAN.username, STEFAN.password)
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/", "nobody is logged in"
    assert trail() == [
        *(Event.CODE_REQUESTED, Event.CODE_ATTEMPTED, Event.CODE_SENT, Event.CODE_ACCEPTED),
        *(Event.PASSWORD_ATTEMPTED, Event.SESSIONS_ENDED, Event.PASSWORD_DONE),
    ]
    row = last(Event.PASSWORD_DONE)
    told = heard[0].arguments
    assert [one.name for one in heard] == ["password_reset"]
    assert (told["number"], told["account"].mail) == (STEFAN.phone, STEFAN.mail)
    assert (row.actor, row.subject, row.company) == (told["account"].id, told["account"].id, STEFAN.company)
    for event in (Event.PASSWORD_ATTEMPTED, Event.PASSWORD_DONE):
        assert (last(event).actor, last(event).subject, last(event).address) == (row.actor, row.subject, "127.0.0.1")


@pytest.mark.parametrize("name", [STEFAN.mail, STEFAN.username.upper(), f"  {STEFAN.username} "])
def test_the_account_is_found_by_e_mail_and_by_name_in_any_case(server: TestSlapd, walker: Walker, name: str) -> None:
    """design.md: user name or e-mail address."""
    has_number(STEFAN)
    walker.ask(name)
    walker.enter_code()
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


@pytest.mark.parametrize("reached", ["nothing", "asked", "wrong code"])
def test_r1_no_step_can_be_skipped(server: TestSlapd, walker: Walker, reached: str) -> None:
    """R1: by GET and by POST, from wherever one is; the directory is unchanged."""
    has_number(STEFAN)
    before = entry(server, STEFAN.username)
    if reached != "nothing":
        walker.ask(STEFAN.username)
    if reached == "wrong code":
        walker.enter_code(wrong_for(walker.sms.code()))
    for path in ("/aterstall/losenord/", "/aterstall/klart/"):
        assert walker.get(path)["Location"] == "/aterstall/"
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    if reached == "nothing":
        assert walker.get("/aterstall/kod/")["Location"] == "/aterstall/"
        assert walker.enter_code("123456")["Location"] == "/aterstall/"
        assert walker.ask_again()["Location"] == "/aterstall/"
    assert entry(server, STEFAN.username) == before
    assert trail(*PASSWORD_EVENTS) == []
    assert binds(server, STEFAN.username, STEFAN.password)


def test_r2_a_code_works_in_its_own_session_only(server: TestSlapd, walker: Walker, another_walker: Walker) -> None:
    """R2: who reads the SMS over a shoulder needs the browser too."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    code = walker.sms.code()
    assert another_walker.enter_code(code)["Location"] == "/aterstall/"
    another_walker.ask("lovfinnsej1")
    assert WRONG_CODE in text_of(another_walker.enter_code(code))
    another_walker.ask(STEFAN.username)  # withheld: within the minute
    assert WRONG_CODE in text_of(another_walker.enter_code(code))
    assert walker.enter_code(code)["Location"] == "/aterstall/losenord/"
    assert another_walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, STEFAN.password)


def test_the_code_of_one_account_opens_no_other(server: TestSlapd, walker: Walker, another_walker: Walker) -> None:
    """R2: Maria's code in the session that asked for Stefan's."""
    has_number(STEFAN)
    has_number(MARIA)
    another_walker.ask(MARIA.username)
    hers = walker.sms.code()
    walker.ask(STEFAN.username)
    if hers == walker.sms.code():
        hers = wrong_for(hers)  # one in a million
    assert WRONG_CODE in text_of(walker.enter_code(hers))
    assert another_walker.enter_code(hers)["Location"] == "/aterstall/losenord/"


def test_r2_the_account_comes_from_no_form_field_or_link(server: TestSlapd, walker: Walker) -> None:
    """R2: it is state of the server; another name in any field or query is not looked at."""
    has_number(STEFAN)
    has_number(MARIA)
    other = {"username": MARIA.username, "account": MARIA.username, "user": MARIA.username}
    walker.ask(STEFAN.username)
    walker.client.post(f"/aterstall/kod/?username={MARIA.username}", {"code": walker.sms.code(), **other})
    passwords = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    answer = walker.client.post(f"/aterstall/losenord/?username={MARIA.username}", {**passwords, **other})
    assert answer["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    assert binds(server, MARIA.username, MARIA.password)


def test_another_name_asked_for_in_between_takes_the_right_away(server: TestSlapd, walker: Walker) -> None:
    """R2, R3: the right belongs to the account of the code, and the session has one journey."""
    verified(walker, STEFAN)
    has_number(MARIA)
    walker.ask(MARIA.username)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, STEFAN.password)
    assert binds(server, MARIA.username, MARIA.password)


def test_r3_a_verified_session_sets_one_password_once(server: TestSlapd, walker: Walker) -> None:
    """R3."""
    verified(walker)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/"
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert walker.get("/aterstall/kod/")["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


def test_r3_the_right_lasts_ten_minutes(server: TestSlapd, walker: Walker) -> None:
    """R3."""
    verified(walker)
    time_passes(minutes=9, seconds=55)
    assert walker.get("/aterstall/losenord/").status_code == 200
    time_passes(seconds=6)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, STEFAN.password)


@pytest.mark.parametrize(
    "since",
    [
        {"ended_at": timezone.now()},
        {"refusals": limits.PASSWORD_REFUSALS},
        {"verified_at": timezone.now() - timedelta(seconds=limits.VERIFIED_LIFETIME + 5)},
    ],
    ids=["used", "refused too often", "too late"],
)
def test_a_right_that_is_gone_since_it_was_read_sets_nothing(
    server: TestSlapd, walker: Walker, since: dict[str, Any]
) -> None:
    """R3: the page asks before, and the write itself once more."""
    verified(walker)
    challenge = Challenge.objects.get()
    Challenge.objects.update(**since)
    assert reset.set_password(challenge, the_account(), NEW_PASSWORD, None).outcome is ResetOutcome.NOT_VERIFIED
    assert trail(*PASSWORD_EVENTS) == []
    assert binds(server, STEFAN.username, STEFAN.password)


@pytest.mark.parametrize("purpose", [Purpose.REGISTER, Purpose.SIGN_IN, Purpose.VERIFY])
def test_an_accepted_code_for_anything_else_sets_nothing(server: TestSlapd, walker: Walker, purpose: Purpose) -> None:
    """R3."""
    verified(walker)
    Challenge.objects.update(purpose=purpose)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, STEFAN.password)


def test_a_right_that_is_nobodys_sets_nothing(server: TestSlapd, walker: Walker) -> None:
    verified(walker)
    challenge = Challenge.objects.get()
    challenge.user = None
    assert reset.set_password(challenge, the_account(), NEW_PASSWORD, None).outcome is ResetOutcome.NOT_ALLOWED
    assert trail(*PASSWORD_EVENTS) == []
    assert binds(server, STEFAN.username, STEFAN.password)


def test_an_account_that_is_gone_since_it_was_read_gets_no_password(server: TestSlapd, walker: Walker) -> None:
    """S2: the directory has nothing to change."""
    verified(walker)
    challenge, account = Challenge.objects.get(), the_account()
    server.remove(STEFAN.username)
    assert reset.set_password(challenge, account, NEW_PASSWORD, None).outcome is ResetOutcome.NOT_ALLOWED
    assert trail(*PASSWORD_EVENTS) == [Event.PASSWORD_ATTEMPTED, Event.PASSWORD_REFUSED]


def test_a_process_that_dies_at_the_write_keeps_the_right_busy_for_as_long_as_a_write_may_take(
    server: TestSlapd, walker: Walker
) -> None:
    """R3, R8: the attempt is on record before the directory is touched. Nobody gives the right back; it comes back."""
    verified(walker)
    with mock.patch.object(OpenLdap, "set_password", side_effect=SystemExit), pytest.raises(SystemExit):
        walker.choose(NEW_PASSWORD)
    time_passes(seconds=limits.SETTING_LEASE - 5)
    assert "Ett byte pågår redan." in _errors(walker.choose(OTHER_PASSWORD).content.decode())
    assert trail(*PASSWORD_EVENTS) == [Event.PASSWORD_ATTEMPTED]
    time_passes(seconds=6)
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, OTHER_PASSWORD)


def test_a_new_password_forgets_the_wrong_ones_of_its_account_alone(walker: Walker) -> None:
    """R7; T3: those that are on their way stay counted, and so do wrong codes."""
    verified(walker)
    account = directory.connect().find(STEFAN.username)
    assert account
    password, code = FailedTry.Secret.PASSWORD, FailedTry.Secret.CODE
    for subject, kind, answered in (
        *((account.id, password, True), (account.id, password, False), (account.id, code, False)),
        ("another", password, True),
    ):
        FailedTry.objects.create(subject=subject, kind=kind, answered=answered)
    walker.choose(NEW_PASSWORD)
    left = set(FailedTry.objects.values_list("subject", "kind", "answered"))
    assert left == {(account.id, password, False), (account.id, code, False), ("another", password, True)}


def test_thirty_refusals_and_the_right_is_gone(server: TestSlapd, walker: Walker) -> None:
    """design.md, last section: up to 30 refused passwords."""
    verified(walker)
    for _ in range(30):
        assert walker.choose("kort").status_code == 200
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, STEFAN.password)
    assert trail(*PASSWORD_EVENTS) == [Event.PASSWORD_REFUSED] * 30


def test_r3_the_right_opens_nothing_else(walker: Walker) -> None:
    """R3: a verified session can do nothing else."""
    verified(walker)
    for path in ("/registrera/mobil/", "/registrera/kod/", "/registrera/klart/"):
        assert walker.get(path)["Location"] == "/registrera/"
    assert walker.give_number("070-174 06 90")["Location"] == "/registrera/"


def test_r4_every_session_and_every_right_of_the_account_ends(
    server: TestSlapd, walker: Walker, another_walker: Walker, third_walker: Walker
) -> None:
    """R4."""
    another_walker.log_in(STEFAN)
    assert another_walker.get("/registrera/mobil/").status_code == 200
    verified(third_walker)
    time_passes(seconds=61)
    verified(walker)
    walker.choose(NEW_PASSWORD)
    assert another_walker.get("/registrera/mobil/")["Location"] == "/registrera/"
    assert third_walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


def test_r5_asking_changes_nothing_in_the_directory(server: TestSlapd, walker: Walker) -> None:
    """R5: nor do codes, right or wrong."""
    has_number(STEFAN)
    before = entry(server, STEFAN.username)
    walker.ask(STEFAN.username)
    for _ in range(6):
        walker.enter_code(wrong_for(walker.sms.code()))
    time_passes(seconds=61)
    walker.ask_again()
    walker.enter_code()
    assert entry(server, STEFAN.username) == before


@pytest.mark.parametrize("state", ["disabled", "protected", "outside the filter", "removed"])
@pytest.mark.parametrize("when", ["from the start", "after asking", "after the code"])
def test_r6_who_is_not_served_gets_the_same_pages_no_sms_and_no_write(
    server: TestSlapd, walker: Walker, settings: Settings, state: str, when: str
) -> None:
    """R6, at whatever step it becomes so; S2."""
    has_number(STEFAN)
    account = directory.connect().find(STEFAN.username)
    assert account
    if when != "from the start":
        walker.ask(STEFAN.username)
    if when == "after the code":
        walker.enter_code()
    sent = len(walker.sms)
    if state == "disabled":
        server.add_value(STEFAN.username, "pwdAccountLockedTime", b"000001010000Z")
    elif state == "outside the filter":
        settings.DIRECTORY_USER_FILTER = f"(!(uid={STEFAN.username}))"
    elif state == "removed":
        server.remove(STEFAN.username)
    else:
        settings.DIRECTORY_PROTECTED_FILTER = f"(uid={STEFAN.username})"
    if when == "from the start":
        assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
        assert walker.get("/aterstall/kod/").status_code == 200
        assert WRONG_CODE in text_of(walker.enter_code("123456"))
    elif when == "after asking":
        walker.enter_code()  # a right code is a right code; what it is good for is asked at the next step
    time_passes(seconds=61)
    walker.client.post("/aterstall/kod/igen/")
    assert len(walker.sms) == sent
    before = None if state == "removed" else entry(server, STEFAN.username)
    walker.get("/aterstall/losenord/")  # which asks the directory nothing, and shows the user name alone
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert before is None or entry(server, STEFAN.username) == before
    assert Event.PASSWORD_DONE not in trail()


def test_the_protected_person_of_the_cast(server: TestSlapd, walker: Walker) -> None:
    """R6: by the membership that DIRECTORY_PROTECTED_FILTER names."""
    has_number(EVA)
    walker.ask(EVA.username)
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "protected account"


def test_r7_a_locked_account_is_unlocked(server: TestSlapd, walker: Walker) -> None:
    """R7."""
    server.put(STEFAN, locked=True)
    assert not binds(server, STEFAN.username, STEFAN.password)
    has_number(STEFAN)
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    account = directory.connect().find(STEFAN.username)
    assert account
    assert not account.locked
    assert walker.log_in(STEFAN, NEW_PASSWORD)["Location"] == "/registrera/mobil/"


@pytest.mark.parametrize("person", [ANNA, KARL], ids=["expired", "must change"])
def test_r7_an_expired_password_is_renewed_and_not_to_be_changed_again(
    server: TestSlapd, walker: Walker, person: Person
) -> None:
    """R7: a password set by reset does not come back as "must change at next logon"."""
    if person is KARL:
        server.put(KARL, must_change=True)
    has_number(person, person.phone or "+46701740690")
    assert walker.reset(person, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert Client().post("/registrera/", {"username": person.username, "password": NEW_PASSWORD}).headers[
        "Location"
    ] == ("/registrera/mobil/")
    assert "pwdReset" not in entry(server, person.username)


def test_r8_an_earlier_password_is_refused_as_what_it_is(server: TestSlapd, walker: Walker) -> None:
    """R8, P3: the present one and one before; the verified state survives; "klart" only after the directory's yes."""
    verified(walker)
    walker.choose(NEW_PASSWORD)
    time_passes(seconds=61)
    verified(walker)
    for earlier in (STEFAN.password, NEW_PASSWORD):
        answer = walker.choose(earlier)
        assert answer.status_code == 200
        assert "Du kan inte återanvända ett tidigare lösenord." in _errors(answer.content.decode())
        assert walker.get("/aterstall/klart/")["Location"] == "/aterstall/"
        assert last(Event.PASSWORD_REFUSED).result == "in history"
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, OTHER_PASSWORD)


def test_r8_too_young_is_refused_as_what_it_is(server: TestSlapd, walker: Walker) -> None:
    """R8."""
    server.put(STEFAN)
    verified(walker)
    walker.choose(NEW_PASSWORD)
    time_passes(seconds=61)
    verified(walker)
    with server.min_age(timedelta(days=1)):
        answer = walker.choose(OTHER_PASSWORD)
    assert "Lösenordet byttes nyligen och kan inte bytas igen ännu." in _errors(answer.content.decode())
    assert last(Event.PASSWORD_REFUSED).result == "too young"
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/klart/"


def test_what_the_directory_alone_finds_too_weak(server: TestSlapd, walker: Walker, settings: Settings) -> None:
    """R8: the directory's policy is stricter than the portal's rules."""
    settings.PASSWORD_MIN_LENGTH = 4
    verified(walker)
    answer = walker.choose("Ab-1234")
    assert "Lösenordet godkändes inte: det är för kort eller för enkelt." in _errors(answer.content.decode())
    assert trail(*PASSWORD_EVENTS) == [Event.PASSWORD_ATTEMPTED, Event.PASSWORD_REFUSED]
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Ab-1234", "Lösenordet ska ha minst 8 tecken."),
        ("bergochdal", "Lösenordet ska ha minst 3 av de här fyra: stora bokstäver (A–Z)"),
        ("Bergåsen-12", "Lösenordet får inte innehålla å, ä eller ö."),
        ("Bergo\N{COMBINING DIAERESIS}sen-12", "Lösenordet får inte innehålla å, ä eller ö."),
        ("Xx-LOVstlin32-9", "Lösenordet får inte innehålla ditt användarnamn."),
        (
            "Password123",
            "Välj ett lösenord som är svårt att gissa, inget vanligt ord som i Sommar2026! eller P@ssw0rd1.",
        ),
        ("Orebro-2026", "Lösenordet får inte innehålla ditt namn, företagets namn eller kommunens namn."),
        ("Stefan-2026", "Lösenordet får inte innehålla ditt namn, företagets namn eller kommunens namn."),
        ("Lind-Skog-2026", "Lösenordet får inte innehålla ditt namn, företagets namn eller kommunens namn."),
        ("Hemtjanst-2026", "Lösenordet får inte innehålla ditt namn, företagets namn eller kommunens namn."),
        ("Berg\tDal-4711", "Lösenordet får inte innehålla osynliga tecken, som radbrytning eller tabb."),
        ("Aa1-" * 64 + "x", "Lösenordet får ha högst 256 tecken."),
        ("", "Skriv ett nytt lösenord."),
    ],
)
def test_every_rule_is_told_in_its_own_sentence(server: TestSlapd, walker: Walker, password: str, words: str) -> None:
    """P1, P2, and R8's survival of the verified state."""
    verified(walker)
    answer = walker.choose(password)
    assert answer.status_code == 200
    assert words in _errors(answer.content.decode())
    assert Event.PASSWORD_ATTEMPTED not in trail(), "the directory is not asked"
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


@pytest.mark.parametrize(
    ("password", "why"), [("abc", "broken rules, length, kinds, common"), (STEFAN.password, "in history")]
)
def test_a_refused_password_stands_in_the_trail_with_who_where_and_why(
    server: TestSlapd, walker: Walker, password: str, why: str
) -> None:
    verified(walker)
    walker.choose(password)
    refused = last(Event.PASSWORD_REFUSED)
    assert refused.result == why
    walker.choose(NEW_PASSWORD)
    done = last(Event.PASSWORD_DONE)
    assert (refused.actor, refused.subject, refused.address) == (done.actor, done.subject, "127.0.0.1")


def test_two_different_lines(server: TestSlapd, walker: Walker) -> None:
    """manual-sv.md step 6: on both lines."""
    verified(walker)
    answer = walker.choose(NEW_PASSWORD, OTHER_PASSWORD)
    assert "Lösenorden stämmer inte överens." in _errors(answer.content.decode())
    assert NEW_PASSWORD not in answer.content.decode()
    assert binds(server, STEFAN.username, STEFAN.password)
    assert walker.get("/aterstall/losenord/").status_code == 200


@pytest.mark.parametrize("password", ["  Berg och Dal 4711  ", "Aa1-" * 64, "Bergvik<&>\"'\\4711", "Bergß-€-4711"])
def test_p1_a_password_is_taken_verbatim(server: TestSlapd, walker: Walker, password: str) -> None:
    """P1: up to 256 characters, spaces at the ends kept."""
    verified(walker)
    assert walker.choose(password)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, password)


@pytest.mark.parametrize(
    "name", ["*", "lovstlin32)(uid=*", "lov*32", "lovstlin32\x00", "\u202e", "x" * 300, 'å,+"\\<>;=']
)
def test_p4_a_name_is_no_filter(walker: Walker, name: str) -> None:
    """P4: escaped in filters; NUL and control characters are refused."""
    has_number(STEFAN)
    answer = walker.ask(name)
    assert answer.status_code in (200, 302)
    assert len(walker.sms) == 0


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_sms_speaks_the_language_of_the_page(walker: Walker, language: str) -> None:
    """issue 2."""
    has_number(STEFAN)
    walker.client.post("/sprak/", {"language": language, "next": "/aterstall/"})
    walker.ask(STEFAN.username)
    assert ("Din säkerhetskod är" in walker.sms.messages()[-1][1]) == (language == "sv")
    assert Challenge.objects.get().language == language


@pytest.mark.parametrize("again", ["the button", "the same name"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_next_sms_speaks_the_language_that_the_page_has_by_then(walker: Walker, language: str, again: str) -> None:
    has_number(STEFAN)
    before = "en" if language == "sv" else "sv"
    walker.client.post("/sprak/", {"language": before, "next": "/aterstall/"})
    walker.ask(STEFAN.username)
    time_passes(seconds=61)
    walker.client.post("/sprak/", {"language": language, "next": "/aterstall/kod/"})
    if again == "the button":
        walker.ask_again()
    else:
        walker.ask(STEFAN.username)
    assert len(walker.sms) == 2
    assert ("Din säkerhetskod är" in walker.sms.messages()[-1][1]) == (language == "sv")


def test_who_goes_back_with_an_accepted_code_is_led_on(server: TestSlapd, walker: Walker) -> None:
    """R3: the right is the session's until it is used. The answer to a name is the same for all."""
    verified(walker)
    walker.get("/aterstall/")
    assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    assert walker.get("/aterstall/kod/")["Location"] == "/aterstall/losenord/"
    assert walker.ask_again()["Location"] == "/aterstall/kod/"
    assert len(walker.sms) == 1, "no other code is needed"
    assert trail(Event.CODE_REQUESTED) == [Event.CODE_REQUESTED]
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


def test_who_goes_back_when_the_right_is_gone_begins_anew(walker: Walker) -> None:
    """R3. The code page would wait for a code that is spent."""
    verified(walker)
    time_passes(minutes=10, seconds=5)
    assert walker.ask_again()["Location"] == "/aterstall/kod/"
    assert walker.get("/aterstall/kod/")["Location"] == "/aterstall/losenord/"
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert "Det tog för lång tid." in text_of(walker.get("/aterstall/"))
    assert walker.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    assert walker.get("/aterstall/kod/").status_code == 200
    assert len(walker.sms) == 2
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def older_browser(walker: Walker) -> Client:
    """One that never got the answer to the right code: its cookie is from before."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    late, cookie = Client(), django_settings.JOURNEY_COOKIE_NAME
    late.cookies[cookie] = walker.client.cookies[cookie].value
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    return late


def test_a_session_that_is_gone_sees_what_a_wrong_code_sees(walker: Walker) -> None:
    """K3: also if another click was faster, and has a new id. Its cookie is left alone: it may be the new one."""
    late, cookie = older_browser(walker), django_settings.JOURNEY_COOKIE_NAME
    answer = Walker(late, walker.sms).enter_code()
    assert answer.status_code == 200
    assert WRONG_CODE in text_of(answer)
    assert cookie not in answer.cookies
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


def _errors(body: str) -> str:
    """The part of the password page that says what is wrong: the summary that a screen reader meets first."""
    found = body.partition('id="error-summary-title"')[2].partition("</section>")[0]
    assert found, "no error is shown"
    return found


def test_a_file_that_is_sent_along_is_kept_nowhere(walker: Walker, settings: Settings) -> None:
    """No form takes one; whoever sends a large one would fill the disk."""
    sent = SimpleUploadedFile("stor.bin", b"0" * 3_000_000)
    with mock.patch("tempfile.NamedTemporaryFile", side_effect=AssertionError("kept on disk")):
        answer = walker.client.post("/aterstall/", {"username": STEFAN.username, "file": sent})
    assert answer["Location"] == "/aterstall/kod/"
    assert not answer.wsgi_request.FILES
    assert all(handler.chunk_size <= 2**16 for handler in uploadhandlers()), "read piece by piece, not as a whole"


def uploadhandlers() -> list[FileUploadHandler]:
    """Those that a request gets."""
    return [load_handler(name) for name in django_settings.FILE_UPLOAD_HANDLERS]


def test_whoever_takes_too_long_is_told(walker: Walker) -> None:
    """R3: ten minutes. The page on which one starts again says why, once."""
    verified(walker)
    time_passes(minutes=10, seconds=5)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert "Det tog för lång tid. Lösenordet är inte bytt." in text_of(walker.get("/aterstall/"))
    assert "Det tog för lång tid." not in text_of(walker.get("/aterstall/"))


def test_whoever_never_had_the_right_is_told_nothing(walker: Walker) -> None:
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert "Det tog för lång tid." not in text_of(walker.get("/aterstall/"))


def test_asking_again_says_what_came_of_it(walker: Walker) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.ask_again()
    assert "Du kan be om en ny kod 1 minut efter den förra." in text_of(walker.get("/aterstall/kod/"))
    assert "efter den förra" not in text_of(walker.get("/aterstall/kod/"))
    time_passes(seconds=61)
    walker.ask_again()
    assert "Om kontot finns skickar vi en ny kod." in text_of(walker.get("/aterstall/kod/"))


@pytest.mark.parametrize("press", [False, True], ids=["the page again", "the button"])
def test_who_never_saw_the_answer_to_the_right_code_begins_anew(walker: Walker, press: bool) -> None:
    """R2: the right is the newer cookie's. The code page would wait for a code that is spent."""
    late, cookie = older_browser(walker), django_settings.JOURNEY_COOKIE_NAME
    time_passes(seconds=61)
    answer = late.post("/aterstall/kod/igen/") if press else late.get("/aterstall/kod/")
    assert (answer["Location"], cookie in answer.cookies) == ("/aterstall/", False)
    assert len(walker.sms) == 1
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


def test_who_asks_again_too_early_sees_how_long_to_wait(walker: Walker) -> None:
    """Also in a browser whose cookie is older than the last code."""
    walker.ask(STEFAN.username)
    time_passes(seconds=61)
    late = Client()
    late.cookies.load({name: morsel.value for name, morsel in walker.client.cookies.items()})
    walker.ask_again()
    time_passes(seconds=20)
    late.post("/aterstall/kod/igen/")
    page = late.get("/aterstall/kod/").content.decode()
    assert re.search(r'data-resend-in="(39|40|41)"', page)


def test_the_look_that_says_why_gives_nobody_a_code(walker: Walker) -> None:
    """R6: whom the first look leaves out, as with a filter that the server can't apply, gets none."""
    has_number(STEFAN)
    with mock.patch.object(directory.Directory, "served_by_name", return_value=None):
        walker.ask(STEFAN.username)
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "protected account"
