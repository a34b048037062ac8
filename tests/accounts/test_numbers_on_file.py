"""Whose number it is: security.md G3, G4, G5, and X1's encryption."""

from __future__ import annotations

import dataclasses

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import Event, Phone, User
from accounts.privacy.encryption import digest
from deploy.local.cast import ANNA, KARL, MARIA, PER, STEFAN
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    WRONG_CODE,
    binds,
    last,
    text_of,
    time_passes,
    trail,
)
from tests.conftest import Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

CROWDED = "Numret används redan av flera andra konton."
SUCCESSOR = dataclasses.replace(
    STEFAN, given_name="Sofia", surname="Ny", mail="sofia.ny@hemtjanst-ett.example", password="Annat-Hus-2031"
)


@pytest.mark.parametrize(
    "typed",
    [
        *("070-174 06 90", "+46701740690", "0046 70 174 06 90", "+46 (0)70 174 06 90", "070.174.06.90"),
        *(
            "(070) 174 06 90",
            "070\u2013174\u00a006\u202f90",
            "０７０１７４０６９０",
            "\u2066070 174 06 90\u2069",
            " 0701740690 ",
        ),
    ],
)
def test_g3_every_way_of_writing_it_is_one_number(walker: Walker, typed: str) -> None:
    """G3."""
    walker.log_in(KARL)
    assert walker.give_number(typed)["Location"] == "/registrera/kod/"
    assert [number for number, _ in walker.sms.messages()] == [NEW_NUMBER]
    walker.enter_register_code()
    assert Phone.objects.get().number == NEW_NUMBER
    assert walker.give_number(NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/", "unchanged"


def test_g4_a_name_given_to_a_new_person_carries_nothing_along(server: TestSlapd, walker: Walker) -> None:
    """G4: neither the number, nor a code for it; the newcomer begins with a blank field."""
    has_number(STEFAN)
    server.put(SUCCESSOR)
    walker.ask(SUCCESSOR.username)
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "no number"
    walker.log_in(SUCCESSOR)
    assert "Du har inte registrerat något nummer än." in text_of(walker.get("/registrera/mobil/"))
    walker.give_number(NEW_NUMBER_TYPED)
    walker.enter_register_code()
    assert User.objects.filter(username=STEFAN.username).count() == 2
    assert set(Phone.objects.values_list("user__directory_id", flat=True)) == {
        user.directory_id for user in User.objects.all()
    }
    assert Event.PHONE_REPLACED not in trail(), "the predecessor's number was not the newcomer's"


@pytest.mark.parametrize("reached", ["asked", "verified"])
def test_a_name_given_away_in_mid_journey_is_safe_too(server: TestSlapd, walker: Walker, reached: str) -> None:
    """G4, R2: the predecessor's code does not set the newcomer's password."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    if reached == "verified":
        walker.enter_code()
    server.put(SUCCESSOR)
    if reached == "asked":
        walker.enter_code()
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, SUCCESSOR.username, SUCCESSOR.password)
    time_passes(seconds=61)
    walker.client.post("/aterstall/kod/igen/")
    assert len(walker.sms) == 1


def test_a_session_of_the_predecessor_is_not_the_newcomers(server: TestSlapd, walker: Walker) -> None:
    """G4, S2."""
    has_number(STEFAN)
    walker.log_in(STEFAN)
    server.put(SUCCESSOR)
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"


def test_an_account_that_is_renamed_keeps_its_number(server: TestSlapd, walker: Walker) -> None:
    """G4: the id is what counts; the name on record follows the directory."""
    has_number(STEFAN)
    server.root.rename_s(server.dn(STEFAN.username), "uid=lovststen01", delold=1)
    walker.ask(STEFAN.username)
    assert len(walker.sms) == 0
    renamed = dataclasses.replace(STEFAN, username="lovststen01")
    assert walker.reset(renamed, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, renamed.username, NEW_PASSWORD)
    assert last(Event.PASSWORD_DONE).subject_name == renamed.username
    walker.log_in(renamed, NEW_PASSWORD)
    assert User.objects.get().username == renamed.username


def test_g5_a_number_on_three_accounts_and_no_more(walker: Walker) -> None:
    """G5: refused before a code is sent, in words that name nobody."""
    for person in (STEFAN, MARIA, ANNA):
        has_number(person, NEW_NUMBER)
    walker.log_in(KARL)
    answer = walker.give_number(NEW_NUMBER_TYPED)
    assert answer.status_code == 200
    assert CROWDED in text_of(answer)
    assert not any(person.username in text_of(answer) for person in (STEFAN, MARIA, ANNA))
    assert len(walker.sms) == 0


def test_the_third_account_is_welcome(walker: Walker) -> None:
    """G5: default 3."""
    for person in (STEFAN, MARIA):
        has_number(person, NEW_NUMBER)
    assert walker.register(KARL, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    assert Phone.objects.filter(number_digest=digest(NEW_NUMBER, "number")).count() == 3


def test_who_has_the_number_already_may_confirm_it(walker: Walker) -> None:
    """G5: the cap is on others."""
    for person in (STEFAN, MARIA, KARL, PER):
        has_number(person, NEW_NUMBER)
    walker.log_in(KARL)
    assert walker.give_number(NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"


def test_a_place_that_was_taken_meanwhile(walker: Walker, settings: Settings) -> None:
    """G5: asked again when the code comes; the cap is a setting."""
    settings.LIMIT_ACCOUNTS_PER_NUMBER = 1
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    has_number(STEFAN, NEW_NUMBER)
    answer = walker.enter_register_code()
    assert answer.status_code == 200
    assert WRONG_CODE in text_of(answer)
    assert not Phone.objects.filter(user__username=KARL.username).exists()
    assert walker.get("/registrera/klart/")["Location"] == "/registrera/mobil/"


def test_x1_numbers_are_ciphertext_in_the_database(walker: Walker) -> None:
    """X1: in every table, in whatever way they were typed."""
    walker.register(KARL, NEW_NUMBER_TYPED)
    walker.ask(KARL.username)
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = str(cursor.fetchall())
        for written in (NEW_NUMBER, NEW_NUMBER.removeprefix("+"), NEW_NUMBER_TYPED, "0701740690", "701740690"):
            assert written not in rows, table
