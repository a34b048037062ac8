"""Registering, checking and changing a mobile number, as manual-sv.md has it: security.md G1 and G2, E3, K4, K5."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import Client

from accounts import directory, phones
from accounts.models import Challenge, Event, FailedTry, Phone
from deploy.local.cast import ANNA, EVA, KARL, MARIA, STEFAN
from tests.accounts.conftest import Heard
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    OTHER_NUMBER,
    OTHER_NUMBER_TYPED,
    WRONG_CODE,
    WRONG_LOGIN,
    last,
    normalised,
    text_of,
    time_passes,
    trail,
    wrong_for,
)
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

PHONE_EVENTS = (Event.PHONE_CONFIRMED, Event.PHONE_REGISTERED, Event.PHONE_REPLACED)


def number_of(username: str) -> str:
    phone = Phone.objects.filter(user__username=username).first()
    return phone.number if phone else ""


def test_the_manuals_steps_for_a_first_number(walker: Walker, sms: Inbox, heard: list[Heard]) -> None:
    """manual-sv.md, "Registrera/Kontrollera/ändra mobil-nummer", steps 1 to 5; G1; L1."""
    assert "Logga in med ditt nuvarande lösenord" in text_of(walker.get("/registrera/"))
    assert walker.log_in(KARL)["Location"] == "/registrera/mobil/"
    page = walker.get("/registrera/mobil/")
    assert KARL.username in text_of(page)
    assert "Använd arbetsmobilen om du har en, annars din egen." in text_of(page)
    assert 'type="tel" name="phone"' in page.content.decode()
    assert 'name="phone" value' not in page.content.decode(), "blank if none was ever registered"
    assert walker.give_number(NEW_NUMBER_TYPED)["Location"] == "/registrera/kod/"
    assert NEW_NUMBER_TYPED in text_of(walker.get("/registrera/kod/"))
    assert [number for number, _ in sms.messages()] == [NEW_NUMBER]
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"
    done = walker.get("/registrera/klart/")
    assert 'href="/aterstall/"' in done.content.decode()
    assert number_of(KARL.username) == NEW_NUMBER
    assert trail() == [
        *(Event.LOGIN_ATTEMPTED, Event.LOGIN_DONE, Event.CODE_REQUESTED, Event.CODE_ATTEMPTED),
        *(Event.CODE_SENT, Event.CODE_ACCEPTED, Event.PHONE_REGISTERED),
    ]
    assert [one.name for one in heard] == ["phone_registered"]
    assert heard[0].arguments["number"] == NEW_NUMBER
    assert heard[0].arguments["account"].mail == KARL.mail


@pytest.mark.parametrize("typed", ["070-174 06 05", "+46701740605", "0046 70 174 06 05", "+46 (0)70 174 06 05"])
def test_a_number_that_is_confirmed_unchanged_goes_straight_to_done(
    walker: Walker, sms: Inbox, heard: list[Heard], typed: str
) -> None:
    """manual-sv.md step 4, "Kontrollera att ditt mobilnummer stämmer"; G3."""
    has_number(STEFAN)
    walker.log_in(STEFAN)
    page = walker.get("/registrera/mobil/")
    assert 'name="phone" value="070-174 06 05"' in page.content.decode()
    assert "Kontrollera att ditt mobilnummer stämmer, eller ändra det." in text_of(page)
    assert walker.give_number(typed)["Location"] == "/registrera/klart/"
    assert walker.get("/registrera/klart/").status_code == 200
    assert (len(sms), heard, trail(*PHONE_EVENTS)) == (0, [], [Event.PHONE_CONFIRMED])


def test_a_changed_number_replaces_the_old_one_which_is_told(walker: Walker, sms: Inbox, heard: list[Heard]) -> None:
    """G2: the receiver of phone_replaced tells the old number, after the code to the new one."""
    has_number(STEFAN)
    assert walker.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    assert number_of(STEFAN.username) == NEW_NUMBER
    assert [number for number, _ in sms.messages()] == [NEW_NUMBER, STEFAN.phone]
    assert [one.name for one in heard] == ["phone_replaced"]
    told = heard[0].arguments
    assert (told["old_numbers"], told["number"]) == ([STEFAN.phone], NEW_NUMBER)
    assert told["account"].mail == STEFAN.mail
    assert trail(*PHONE_EVENTS) == [Event.PHONE_REPLACED]
    row = last(Event.PHONE_REPLACED)
    assert (row.actor, row.subject, row.company) == (told["account"].id, told["account"].id, STEFAN.company)


def test_g1_a_typed_number_counts_only_after_its_code(walker: Walker, another_walker: Walker, sms: Inbox) -> None:
    """G1: until then the code for a new password goes to the number on file."""
    has_number(STEFAN)
    walker.log_in(STEFAN)
    walker.give_number(NEW_NUMBER_TYPED)
    assert number_of(STEFAN.username) == STEFAN.phone
    another_walker.ask(STEFAN.username)
    assert [number for number, _ in sms.messages()] == [NEW_NUMBER, STEFAN.phone]
    walker.log_in(KARL)
    walker.give_number(OTHER_NUMBER_TYPED)
    assert number_of(KARL.username) == ""
    another_walker.ask(KARL.username)
    assert len(sms) == 3


def test_a_wrong_code_changes_nothing_and_the_right_one_still_works(walker: Walker, heard: list[Heard]) -> None:
    """G1."""
    has_number(STEFAN)
    walker.log_in(STEFAN)
    walker.give_number(NEW_NUMBER_TYPED)
    answer = walker.enter_register_code(wrong_for(walker.sms.code()))
    assert answer.status_code == 200
    assert WRONG_CODE in text_of(answer)
    assert walker.get("/registrera/klart/")["Location"] == "/registrera/mobil/"
    assert (number_of(STEFAN.username), heard) == (STEFAN.phone, [])
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"
    assert number_of(STEFAN.username) == NEW_NUMBER


def test_the_code_of_an_earlier_number_does_not_register_a_later_one(walker: Walker, sms: Inbox) -> None:
    """G1: the code shows that this number is the person's, not the one typed before it."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    first = sms.code()
    walker.give_number(OTHER_NUMBER_TYPED)
    assert [number for number, _ in sms.messages()] == [NEW_NUMBER, OTHER_NUMBER]
    assert WRONG_CODE in text_of(walker.enter_register_code(first))
    assert number_of(KARL.username) == ""
    assert walker.enter_register_code(sms.code())["Location"] == "/registrera/klart/"
    assert number_of(KARL.username) == OTHER_NUMBER


def test_g2_changing_needs_a_password_typed_within_five_minutes(walker: Walker, sms: Inbox) -> None:
    """G2."""
    has_number(STEFAN)
    walker.log_in(STEFAN)
    time_passes(minutes=4, seconds=50)
    assert walker.give_number(OTHER_NUMBER_TYPED)["Location"] == "/registrera/kod/"
    time_passes(seconds=11)
    answer = walker.give_number(NEW_NUMBER_TYPED)
    assert answer["Location"] == "/registrera/?igen"
    assert "Det är en stund sedan du skrev ditt lösenord." in text_of(walker.get("/registrera/?igen"))
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/", "logged out"
    assert (number_of(STEFAN.username), len(sms)) == (STEFAN.phone, 1)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("019-21 10 00", "Det är inget mobilnummer."),
        ("+47 406 12 345", "Vi kan bara skicka koder till svenska mobilnummer."),
        ("070-174", "Kontrollera numret. Det ska se ut så här: 070-174 06 05."),
        ("min mobil", "Kontrollera numret. Det ska se ut så här: 070-174 06 05."),
        ("", "Skriv ditt mobilnummer, till exempel 070-174 06 05."),
    ],
)
def test_what_is_no_swedish_mobile_number_is_refused_with_words(
    walker: Walker, sms: Inbox, typed: str, words: str
) -> None:
    """K5: only mobile numbers of the allowed countries; the message says what is accepted."""
    walker.log_in(KARL)
    answer = walker.give_number(typed)
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert (len(sms), trail(Event.CODE_REQUESTED)) == (0, [])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("expired", "Du skrev rätt lösenord, men det har gått ut."),
        ("must change", "Du skrev rätt lösenord, men det måste bytas innan du kan logga in."),
    ],
)
def test_a_password_that_lets_nobody_in_is_told_after_the_right_one_only(
    server: TestSlapd, walker: Walker, state: str, words: str
) -> None:
    """design.md, last section: told what it is and what to do next (the manual's Support section)."""
    person = ANNA
    if state == "must change":
        person = KARL
        server.put(KARL, must_change=True)
    wrong = walker.log_in(person, "inte lösenordet")
    assert WRONG_LOGIN in text_of(wrong)
    assert words not in text_of(wrong)
    answer = walker.log_in(person)
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert 'href="/aterstall/"' in answer.content.decode(), "the way on, with a number on file"
    assert "att begära ett nytt mobilnummer åt dig" in text_of(answer), "the way on, without one"
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"
    assert trail(Event.LOGIN_DONE) == []


def test_wrong_unknown_protected_locked_and_stopped_get_the_same_page(server: TestSlapd, walker: Walker) -> None:
    """design.md, last section: one message for all that can't be told apart safely; T3; E1 for the log-in."""
    unknown = dataclasses.replace(KARL, username="lovfinnsej1")
    stopped = MARIA
    server.put(KARL, locked=True)
    for _ in range(server.lockout_threshold - 1):
        Walker(Client(), walker.sms).log_in(stopped, "inte lösenordet")
    people = {
        "unknown": (unknown, unknown.password),
        "wrong": (ANNA, "inte lösenordet"),
        "protected": (EVA, EVA.password),
        "locked, right": (KARL, KARL.password),
        "locked, wrong": (KARL, "inte lösenordet"),
        "stopped, right": (stopped, stopped.password),
        "no name at all": (dataclasses.replace(KARL, username="*)(uid=*"), KARL.password),
    }
    pages = {}
    for case, (person, password) in people.items():
        client = Client()
        client.get("/registrera/")
        answer = Walker(client, walker.sms).log_in(person, password)
        pages[case] = normalised(answer, person.username)
    assert WRONG_LOGIN in pages["unknown"][3]
    for case, page in pages.items():
        assert page == pages["unknown"], case


@pytest.mark.parametrize("path", ["/registrera/mobil/", "/registrera/kod/", "/registrera/kod/igen/"])
def test_every_step_needs_the_log_in(walker: Walker, sms: Inbox, path: str) -> None:
    """E3 and G1: nothing is shown or done before the person has proved who they are."""
    has_number(STEFAN)
    if path != "/registrera/kod/igen/":
        assert walker.get(path)["Location"] == "/registrera/"
    answer = walker.client.post(path, {"phone": NEW_NUMBER_TYPED, "code": "123456", "username": STEFAN.username})
    assert answer["Location"] == "/registrera/"
    assert walker.get("/registrera/klart/")["Location"] == "/registrera/"
    assert (len(sms), number_of(STEFAN.username), trail()) == (0, STEFAN.phone, [])


def test_done_is_shown_only_when_it_is_done(walker: Walker) -> None:
    """G1: the page of step 5 can't be asked for beforehand, nor after a second number was begun."""
    walker.log_in(KARL)
    assert walker.get("/registrera/klart/")["Location"] == "/registrera/mobil/"
    walker.give_number(NEW_NUMBER_TYPED)
    assert walker.get("/registrera/klart/")["Location"] == "/registrera/mobil/"
    walker.enter_register_code()
    assert walker.get("/registrera/klart/").status_code == 200
    walker.give_number(OTHER_NUMBER_TYPED)
    assert walker.get("/registrera/klart/")["Location"] == "/registrera/mobil/"


def test_the_code_page_needs_a_number_first(walker: Walker) -> None:
    """G1."""
    walker.log_in(KARL)
    assert walker.get("/registrera/kod/")["Location"] == "/registrera/mobil/"
    assert walker.client.post("/registrera/kod/", {"code": "123456"})["Location"] == "/registrera/mobil/"
    assert not FailedTry.objects.filter(kind__in=[FailedTry.Secret.CODE, FailedTry.Secret.REGISTER]).exists()


def test_who_never_saw_the_answer_to_the_right_code_is_led_on(walker: Walker, sms: Inbox) -> None:
    """U1: as when the web process ends between the commit and the answer. The page comes again, the code does not."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    assert walker.get("/registrera/kod/").status_code == 200
    account, code = directory.connect().find(KARL.username), sms.code()
    assert account
    assert phones.register(Challenge.objects.get().pk, code, account, None)
    assert walker.get("/registrera/kod/")["Location"] == "/registrera/klart/"
    assert walker.get("/registrera/klart/").status_code == 200


def test_a_reload_sends_nothing_and_the_button_does(walker: Walker, sms: Inbox) -> None:
    """K5: a page reload sends nothing."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    for _ in range(3):
        assert walker.get("/registrera/kod/").status_code == 200
    assert walker.client.post("/registrera/kod/igen/")["Location"] == "/registrera/kod/"
    assert len(sms) == 1, "not within the minute"
    time_passes(seconds=61)
    assert walker.client.get("/registrera/kod/igen/").status_code == 405
    walker.client.post("/registrera/kod/igen/")
    assert [number for number, _ in sms.messages()] == [NEW_NUMBER, NEW_NUMBER]
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_sms_speaks_the_language_of_the_page(walker: Walker, sms: Inbox, language: str) -> None:
    """issue 2: text in Swedish or English by the page's language."""
    walker.client.post("/sprak/", {"language": language, "next": "/registrera/"})
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    assert ("Din säkerhetskod är" in sms.messages()[-1][1]) == (language == "sv")
    assert walker.get("/registrera/kod/").headers["Content-Language"] == language


def test_another_person_in_the_same_browser_inherits_nothing(walker: Walker, sms: Inbox) -> None:
    """S1, R2: a log-in begins a new session, with none of the steps of the one before."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    walker.log_in(STEFAN)
    assert walker.get("/registrera/kod/")["Location"] == "/registrera/mobil/"
    walker.client.post("/registrera/kod/", {"code": sms.code()})
    assert (number_of(KARL.username), number_of(STEFAN.username)) == ("", "")


def test_the_code_of_a_new_number_needs_a_password_typed_a_while_ago(walker: Walker) -> None:
    """G2: five minutes to type the number, and ten for its code; one code after another does not go on for hours."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    for _ in range(2):
        time_passes(minutes=7)
        walker.get("/registrera/kod/")
        walker._post("/registrera/kod/igen/")
    time_passes(minutes=2)
    assert walker.enter_register_code()["Location"] == "/registrera/?igen"
    assert Phone.objects.count() == 0


def test_a_session_that_another_tab_kept_is_not_said_to_have_ended(walker: Walker) -> None:
    away = "Du har loggats ut eftersom du inte gjorde något på en stund."
    assert away in text_of(walker.get("/registrera/?borta"))
    walker.log_in(KARL)
    assert away not in text_of(walker.get("/registrera/?borta"))
