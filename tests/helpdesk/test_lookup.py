"""Looking accounts up: whom a search finds, what one account's page tells, and what it never does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import audit, directory
from accounts.models import AuditEvent, Event, FailedTry, Phone, PhoneLink
from deploy.local.cast import ANNA, EVA, KARL, MARIA, STEFAN, Person
from helpdesk.models import Ticket
from tests.accounts.helpers import last, text_of, trail
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.asked import ask_for_number
from tests.helpdesk.conftest import Register
from tests.servers.slapd import TestSlapd

ACCOUNTS = "/helpdesk/konton/"


def address_of(person: Person) -> str:
    account = directory.connect().find(person.username)
    assert account, f"{person.username} is not in the directory"
    return f"{ACCOUNTS}{account.id}/"


def search(per: Officer, text: str) -> HttpResponse:
    assert per.post(ACCOUNTS, q=text)["Location"] == ACCOUNTS
    return per.get(ACCOUNTS)


def found(page: HttpResponse) -> list[str]:
    return [row["account"].username for row in page.context["found"]]  # type: ignore[attr-defined]


def test_a_search_finds_by_user_name_and_name(per: Officer, register: Register) -> None:
    for text in ["lovanber11", "Anna", "anna berg", "berg  ANNA", "lovanb", "anna.berg@hemtjanst"]:
        page = search(per, text)
        assert found(page) == [ANNA.username]
        assert "Anna Berg Hemtjänst Ett AB lösenordet har gått ut inget" in text_of(page)


def test_a_search_by_number_finds_all_that_have_it(per: Officer, register: Register) -> None:
    has_number(STEFAN), has_number(KARL, STEFAN.phone), has_number(MARIA)
    assert found(search(per, "070-174 06 05")) == [KARL.username, STEFAN.username]
    assert found(search(per, "+46 70 174 06 99")) == []


def test_a_part_of_a_number_finds_nobody(per: Officer, register: Register) -> None:
    has_number(STEFAN)
    for part in ("070-174", "0605", "+4670174"):
        assert found(search(per, part)) == []


def test_several_come_by_surname(per: Officer, register: Register) -> None:
    page = search(per, "Lind")
    assert found(page) == [KARL.username, STEFAN.username]
    assert "2 konton stämmer med Lind" in text_of(page)


def test_signs_of_a_filter_are_only_signs(per: Officer, register: Register) -> None:
    for text in ["*", ")(", ")(uid=*", "*)(objectClass=*", "a*", "\\2a", "(|(uid=*))", "lov*", "&", "ö" * 100]:
        page = search(per, text)
        assert page.status_code == 200
        assert found(page) == []
        assert "Inget konto stämmer" in text_of(page)


def test_what_is_typed_stands_in_no_address_and_in_clear_in_no_session(per: Officer, register: Register) -> None:
    has_number(STEFAN)
    for text in ("Anna Berg", "070-174 06 05"):
        answer = per.post(f"{ACCOUNTS}?q=x", q=text)
        assert answer["Location"] == ACCOUNTS
        kept = str(dict(per.client.session.items()))
        assert text not in kept
        assert "701740605" not in kept
    assert found(per.get(ACCOUNTS)) == [STEFAN.username]
    per.post(ACCOUNTS, rensa="1")
    assert "stämmer med" not in text_of(per.get(ACCOUNTS))


def test_a_search_looks_at_no_account_and_a_look_does(per: Officer, register: Register) -> None:
    search(per, "Lind")
    assert trail(Event.ACCOUNT_LOOKED_UP) == []
    assert per.get(address_of(STEFAN)).status_code == 200
    event = last(Event.ACCOUNT_LOOKED_UP)
    agent = directory.connect().find(per.person.username)
    assert agent
    assert (event.actor, event.subject_name, event.company) == (agent.id, STEFAN.username, STEFAN.company)
    per.get(address_of(STEFAN))  # the same look
    assert len(trail(Event.ACCOUNT_LOOKED_UP)) == 1


def test_whose_a_number_is_leaves_a_trail_for_each_account_found(per: Officer, register: Register) -> None:
    has_number(STEFAN), has_number(KARL, STEFAN.phone), has_number(MARIA)
    search(per, "070-174 06 05")
    per.get(ACCOUNTS)  # the same look
    search(per, "+46 70 174 06 99")
    rows = AuditEvent.objects.filter(event=Event.ACCOUNT_LOOKED_UP)
    assert sorted(rows.values_list("subject_name", "result")) == [
        (KARL.username, "found by number"),
        (STEFAN.username, "found by number"),
    ]
    per.get(address_of(STEFAN))
    assert last(Event.ACCOUNT_LOOKED_UP).result == ""
    assert "701740605" not in str(list(AuditEvent.objects.values()))


def test_the_page_tells_how_the_account_stands(per: Officer, register: Register, server: TestSlapd) -> None:
    page = text_of(per.get(address_of(STEFAN)))
    assert "Stefan Lind, lovstlin32 aktivt" in page
    assert "Företag Hemtjänst Ett AB" in page
    assert "Går ut om 15 dagar, 20" in page
    assert "Inget nummer är registrerat." in page
    assert "Låst Nej Avstängt Nej" in page
    page = text_of(per.get(address_of(ANNA)))
    assert "lösenordet har gått ut" in page
    assert "Gick ut för 4 dagar sedan, 20" in page
    server.put(KARL, must_change=True, locked=True)
    page = text_of(per.get(address_of(KARL)))
    assert "låst måste byta lösenord" in page
    assert "Måste bytas vid nästa inloggning" in page


def test_a_company_outside_of_the_register_is_told_apart(per: Officer, register: Register) -> None:
    register.tva.delete()
    page = text_of(per.get(address_of(MARIA)))
    assert "Företag Inget i registret Katalogen skriver ”Omsorg Två AB”." in page


def test_the_number_is_told_of_but_never_shown(per: Officer, register: Register) -> None:
    phone = has_number(STEFAN)
    has_number(KARL, STEFAN.phone)
    answer = per.get(address_of(STEFAN))
    assert f"Registrerat {timezone.localtime(phone.confirmed_at):%Y-%m-%d %H:%M}" in text_of(answer)
    assert "Finns på 1 konto till" in text_of(answer)
    digits = answer.content.decode().replace(" ", "").replace("-", "")
    assert "1740605" not in digits


def test_a_number_that_the_helpdesk_linked_says_in_which_ticket_and_until_when_it_waits(
    per: Officer, register: Register
) -> None:
    until = timezone.now() + timedelta(minutes=9)
    phone = has_number(STEFAN)
    Phone.objects.update(usable_from=until)
    PhoneLink.objects.create(user=phone.user, number=phone.number, reference="2026-00042", usable_from=until)
    answer = per.get(address_of(STEFAN))
    assert "Kopplat av helpdesk i ärende 2026-00042" in text_of(answer)
    assert 'href="/helpdesk/arenden/2026-00042/"' in answer.content.decode()
    assert f"Skickas dit från klockan {timezone.localtime(until):%H:%M}" in text_of(answer)


def test_wrong_codes_say_what_they_mean(per: Officer, register: Register) -> None:
    account = directory.connect().find(STEFAN.username)
    assert account
    first = timezone.now() - timedelta(hours=3)
    made = [
        FailedTry(subject=account.id, kind=FailedTry.Secret.CODE, at=first + timedelta(minutes=n)) for n in range(11)
    ]
    FailedTry.objects.bulk_create(made)
    page = text_of(per.get(address_of(STEFAN)))
    assert "Fel koder 11 av 10" in page
    # Of eleven the second has to be forgotten, too, before there are fewer than ten.
    room = timezone.localtime(made[1].at + timedelta(days=1))
    assert f"inga koder för att byta lösenord går ut förrän {room:%Y-%m-%d %H:%M}" in page


def test_tickets_about_the_account_are_listed(per: Officer, register: Register) -> None:
    account = directory.connect().find(ANNA.username)
    assert account
    one = ask_for_number(register, account=account.id)
    page = per.get(address_of(ANNA))
    assert f"{one.number} Koppla nytt mobil nr, nytt" in text_of(page)
    assert "Ärenden om kontot Inga." in text_of(per.get(address_of(STEFAN)))
    assert Ticket.objects.count() == 1


def test_the_history_is_the_trail_in_swedish_newest_first(per: Officer, register: Register) -> None:
    account = directory.connect().find(STEFAN.username)
    user = has_number(STEFAN).user
    audit.record(Event.PASSWORD_DONE, account, actor=user)
    audit.record(Event.CODE_WITHHELD, account, result="too many codes to this number")
    audit.record(Event.PHONE_LINK_STOPPED, account, actor=register.carin)
    page = text_of(per.get(address_of(STEFAN)))
    lines = ["Konto: visat i helpdesk", "koppling stoppad", "Kod: skickas inte (för många", "Lösenord: bytt"]
    at = [page.index(line) for line in lines]
    assert at == sorted(at)
    assert ", hdpernil" in page
    assert ", beställaren" in page
    assert ", medarbetaren själv" in page


def test_the_history_is_no_longer_than_fifty(per: Officer, register: Register) -> None:
    account = directory.connect().find(STEFAN.username)
    for _ in range(55):
        audit.record(Event.LOGIN_REFUSED, account, result="wrong")
    page = per.get(address_of(STEFAN))
    assert len(page.context["page"]["history"]) == 50  # type: ignore[attr-defined]


@pytest.mark.parametrize("person", [EVA, STEFAN])
def test_of_a_protected_or_disabled_account_nothing_can_be_done(
    per: Officer, register: Register, server: TestSlapd, person: Person
) -> None:
    server.put(person, locked=True, disabled=person == STEFAN)
    page = per.get(address_of(person))
    words = "Kontot är skyddat." if person == EVA else "Kontot är avstängt i katalogen."
    assert words in text_of(page)
    assert "las-upp" not in page.content.decode()
    assert "nollstall" not in page.content.decode()


def test_nobody_has_no_page(per: Officer, register: Register) -> None:
    assert per.get(f"{ACCOUNTS}{uuid.uuid4()}/").status_code == 404
    assert per.get(f"{ACCOUNTS}lovstlin32/").status_code == 404
    assert trail(Event.ACCOUNT_LOOKED_UP) == []


@pytest.fixture
def stopped(per: Officer, register: Register, server: TestSlapd) -> Iterator[str]:
    """Stefan's page, and the directory is down."""
    address = address_of(STEFAN)
    server.stop()
    yield address
    server.start()


def test_without_the_directory_the_page_says_so(per: Officer, stopped: str) -> None:
    for path in (ACCOUNTS, stopped):
        assert per.get(path).status_code == 503
    assert per.post(f"{stopped}las-upp/").status_code == 503


def test_the_pages_are_for_agents(server: TestSlapd, register: Register, carin: Client) -> None:
    address = address_of(STEFAN)
    for client in (Client(), carin):
        for path in (ACCOUNTS, address):
            assert client.get(path)["Location"].startswith("/logga-in/")
        for verb in ("las-upp", "nollstall"):
            assert client.post(f"{address}{verb}/")["Location"].startswith("/logga-in/")
    assert trail(Event.ACCOUNT_LOOKED_UP) == []
