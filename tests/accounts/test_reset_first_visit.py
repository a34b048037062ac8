"""A reset in a browser that is new to the portal: security.md R2, E1. The account may be new to it, too."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Challenge, Event, User
from deploy.local.cast import EVA, KARL, MARIA, STEFAN, Person
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, NEW_PASSWORD, OTHER_PASSWORD, last, time_passes, trail
from tests.accounts.linking import link
from tests.conftest import Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

AGAIN = ("the button", "the same name")


def ask_again(walker: Walker, how: str, person: Person) -> None:
    """Once another code may be asked for."""
    time_passes(seconds=61)
    if how == "the button":
        walker.ask_again()
    else:
        walker.ask(person.username)


def asked_in_vain(walker: Walker, person: Person, why: str) -> None:
    """Before the portal has ever heard of the account."""
    assert not User.objects.exists()
    assert walker.ask(person.username)["Location"] == "/aterstall/kod/"
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == why


@pytest.mark.parametrize("how", AGAIN)
def test_who_registers_after_asking_gets_a_code_where_they_asked(
    walker: Walker, another_walker: Walker, how: str
) -> None:
    """The help of the code page leads there: "Registrera ditt mobilnummer … Kom sedan tillbaka hit."

    In production that is another host name, and so another session.
    """
    asked_in_vain(walker, KARL, "no number")
    assert another_walker.register(KARL, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    before = len(walker.sms)
    ask_again(walker, how, KARL)
    assert len(walker.sms) == before + 1
    assert last(Event.CODE_SENT).subject_name == KARL.username
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


@pytest.mark.parametrize("how", AGAIN)
def test_who_gets_a_number_from_the_helpdesk_gets_a_code_where_they_asked(walker: Walker, how: str) -> None:
    asked_in_vain(walker, KARL, "no number")
    link(KARL, NEW_NUMBER)
    for _ in range(2):
        time_passes(minutes=8)
        walker.get("/aterstall/kod/")  # or the session would end
    ask_again(walker, how, KARL)
    number, _text = walker.sms.messages()[-1]
    assert number == NEW_NUMBER
    assert last(Event.CODE_SENT).subject_name == KARL.username


@pytest.mark.parametrize("how", AGAIN)
def test_a_disabled_account_that_is_enabled_gets_a_code_where_it_was_asked_for(
    server: TestSlapd, walker: Walker, how: str
) -> None:
    """R6: not before that."""
    server.add_value(STEFAN.username, "pwdAccountLockedTime", b"000001010000Z")
    asked_in_vain(walker, STEFAN, "disabled account")
    has_number(STEFAN)
    ask_again(walker, how, STEFAN)
    assert len(walker.sms) == 0
    server.root.modify_s(server.dn(STEFAN.username), [(1, "pwdAccountLockedTime", None)])
    ask_again(walker, how, STEFAN)
    assert len(walker.sms) == 1
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_a_protected_account_gets_none_again(walker: Walker) -> None:
    """R6: the trail says why, each time."""
    asked_in_vain(walker, EVA, "protected account")
    has_number(EVA)
    ask_again(walker, "the button", EVA)
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "protected account"


def test_an_account_that_is_made_after_it_was_asked_for(server: TestSlapd, walker: Walker) -> None:
    """What was typed is not kept; typed once more, it is looked up once more."""
    server.remove(STEFAN.username)
    asked_in_vain(walker, STEFAN, "no such account")
    assert Challenge.objects.get().username == ""
    server.put(STEFAN)
    has_number(STEFAN)
    ask_again(walker, "the same name", STEFAN)
    assert len(walker.sms) == Challenge.objects.count() == 1
    assert Challenge.objects.get().username == ""
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_a_name_that_a_new_person_got_meanwhile_gets_nothing_of_the_old_ones(server: TestSlapd, walker: Walker) -> None:
    """G4: the browser asks for the account that it asked for."""
    asked_in_vain(walker, KARL, "no number")
    server.remove(KARL.username)
    server.put(KARL)
    has_number(KARL, NEW_NUMBER)
    ask_again(walker, "the button", KARL)
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "no such account"


def twin_of(walker: Walker) -> Walker:
    """The same browser before its first session: it has seen the first page, and has the cookie of its form alone."""
    walker.get("/aterstall/")
    twin = Walker(Client(), walker.sms)
    twin.client.cookies[settings.CSRF_COOKIE_NAME] = walker.client.cookies[settings.CSRF_COOKIE_NAME].value
    return twin


@pytest.mark.parametrize("kept", ["first", "second"])
def test_a_double_click_without_a_session_leaves_one_code(walker: Walker, kept: str) -> None:
    """R2: whichever answer's cookie the browser keeps, the code in the SMS works there."""
    has_number(STEFAN)
    twin = twin_of(walker)
    assert walker.ask(STEFAN.username)["Location"] == twin.ask(STEFAN.username)["Location"] == "/aterstall/kod/"
    assert len(walker.sms) == Challenge.objects.count() == 1
    assert trail(Event.CODE_REQUESTED) == [Event.CODE_REQUESTED]
    entering, other = (walker, twin) if kept == "first" else (twin, walker)
    assert entering.enter_code()["Location"] == "/aterstall/losenord/"
    assert other.get("/aterstall/losenord/")["Location"] == "/aterstall/", "the right is the session's alone"
    assert other.choose(OTHER_PASSWORD)["Location"] == "/aterstall/"
    assert entering.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"


def test_it_is_a_double_click_within_a_minute_for_one_name_and_before_the_code(walker: Walker) -> None:
    has_number(STEFAN)
    has_number(MARIA)
    twins = [twin_of(walker) for _ in range(3)]
    walker.ask(STEFAN.username)
    twins[0].ask(MARIA.username)
    assert Challenge.objects.count() == 2
    walker.enter_code(_code_to(walker, STEFAN))
    twins[1].ask(STEFAN.username)
    assert Challenge.objects.count() == 3
    time_passes(seconds=61)
    twins[2].ask(STEFAN.username)
    assert Challenge.objects.count() == 4
    assert twins[2].enter_code()["Location"] == "/aterstall/losenord/"


def _code_to(walker: Walker, person: Person) -> str:
    [text] = [text for number, text in walker.sms.messages() if number == person.phone]
    return text.rpartition("#")[2]
