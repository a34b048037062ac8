"""What an agent may do to an account: unlock it, and clear what is counted against it. Nothing else."""

from __future__ import annotations

import uuid

import pytest
from django.http import HttpResponse

from accounts import directory
from accounts.directory import Account
from accounts.models import Event, FailedTry
from deploy.local.cast import EVA, STEFAN, Person
from tests.accounts.helpers import binds, entry, last, text_of, trail
from tests.accounts.staff import Officer
from tests.helpdesk.conftest import Register
from tests.servers.slapd import TestSlapd

ACCOUNTS = "/helpdesk/konton/"


def account_of(person: Person) -> Account:
    account = directory.connect().find(person.username)
    assert account, f"{person.username} is not in the directory"
    return account


def press(per: Officer, person: Person, verb: str) -> HttpResponse:
    """Presses a button of the account's page, and reads the page that follows."""
    address = f"{ACCOUNTS}{account_of(person).id}/"
    assert per.post(f"{address}{verb}/")["Location"] == address
    return per.get(address)


def test_a_locked_account_is_unlocked(per: Officer, register: Register, server: TestSlapd) -> None:
    server.put(STEFAN, locked=True)
    before = entry(server, STEFAN.username)["userPassword"]
    assert not binds(server, STEFAN.username, STEFAN.password)
    assert "Lås upp kontot" in text_of(per.get(f"{ACCOUNTS}{account_of(STEFAN).id}/"))
    assert "Kontot är upplåst." in text_of(press(per, STEFAN, "las-upp"))
    assert binds(server, STEFAN.username, STEFAN.password)
    assert entry(server, STEFAN.username)["userPassword"] == before
    event = last(Event.ACCOUNT_UNLOCKED)
    assert (event.actor, event.subject) == (account_of(per.person).id, account_of(STEFAN).id)


def test_who_is_second_is_told_that_there_was_nothing_to_do(per: Officer, register: Register) -> None:
    assert "Kontot är inte låst längre." in text_of(press(per, STEFAN, "las-upp"))
    assert trail(Event.ACCOUNT_UNLOCKED) == []


@pytest.mark.parametrize("person", [EVA, STEFAN])
def test_protected_and_disabled_accounts_stay_as_they_are(
    per: Officer, register: Register, server: TestSlapd, person: Person
) -> None:
    server.put(person, locked=True, disabled=person == STEFAN)
    FailedTry.objects.create(subject=account_of(person).id, kind=FailedTry.Secret.CODE)
    before = entry(server, person.username)
    words = "Kontot är skyddat." if person == EVA else "Kontot är avstängt."
    for verb in ("las-upp", "nollstall"):
        assert f"{words} Portalen ändrar inget i det." in text_of(press(per, person, verb))
    assert entry(server, person.username) == before
    assert trail(Event.ACCOUNT_UNLOCKED, Event.TRIES_FORGOTTEN) == []
    assert FailedTry.objects.count() == 1


def test_wrong_codes_are_wiped_with_a_word(per: Officer, register: Register) -> None:
    FailedTry.objects.create(subject=account_of(STEFAN).id, kind=FailedTry.Secret.CODE)
    page = text_of(press(per, STEFAN, "nollstall"))
    assert "Felen är nollställda." in page
    assert "Fel koder 0 av 10" in page
    assert "Det finns inget att nollställa. Portalen räknar inga fel" in text_of(press(per, STEFAN, "nollstall"))
    assert trail(Event.TRIES_FORGOTTEN) == [Event.TRIES_FORGOTTEN]


def test_the_fourth_time_in_a_day_is_refused(per: Officer, register: Register) -> None:
    for _ in range(3):
        FailedTry.objects.create(subject=account_of(STEFAN).id, kind=FailedTry.Secret.CODE)
        press(per, STEFAN, "nollstall")
    FailedTry.objects.create(subject=account_of(STEFAN).id, kind=FailedTry.Secret.CODE)
    page = per.get(f"{ACCOUNTS}{account_of(STEFAN).id}/")
    assert "nollstall/" not in page.content.decode()
    assert "Felen har nollställts 3 gånger det senaste dygnet" in text_of(page)
    assert "oftare går det inte" in text_of(press(per, STEFAN, "nollstall"))
    assert FailedTry.objects.count() == 1


@pytest.mark.parametrize("verb", ["las-upp", "nollstall"])
def test_a_link_changes_nothing_and_nobody_is_no_one(per: Officer, register: Register, verb: str) -> None:
    assert per.get(f"{ACCOUNTS}{account_of(STEFAN).id}/{verb}/").status_code == 405
    assert per.post(f"{ACCOUNTS}{uuid.uuid4()}/{verb}/").status_code == 404


def test_no_button_of_the_page_sets_anything_else(per: Officer, register: Register, server: TestSlapd) -> None:
    """Every form goes to one of the two verbs, or is on each page: log out, stay, language. None asks for anything."""
    server.put(STEFAN, locked=True)
    FailedTry.objects.create(subject=account_of(STEFAN).id, kind=FailedTry.Secret.CODE)
    address = f"{ACCOUNTS}{account_of(STEFAN).id}/"
    page = per.get(address).content.decode()
    targets = {part.partition('"')[0] for part in page.split('action="')[1:]}
    assert targets - {"/logga-ut/", "/session/forlang/", "/sprak/"} == {f"{address}las-upp/", f"{address}nollstall/"}
    kinds = {part.partition('"')[0] for part in page.split('<input type="')[1:]}
    assert kinds <= {"hidden"}
