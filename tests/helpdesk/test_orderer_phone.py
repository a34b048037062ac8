"""The orderer asks for a new number for one of her own staff (manual-sv.md, "Support" 1; security.md H5)."""

import re
from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import directory
from accounts.models import Event
from deploy.local.cast import ANNA, EVA, HEMTJANST_ETT, KARL, MARIA, STEFAN, Person
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.orderer import employees
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, last, normalised, text_of
from tests.conftest import has_number
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import as_orderer
from tests.servers.slapd import TestSlapd

PATH = "/bestallare/mobilnummer/"
NOT_OURS = "Vi hittar inte kontot hos ert företag."
ALONE = "utan er hjälp"
NEWCOMER = replace(ANNA, username="lovnyanst1", given_name="Ny", surname="Anställd", mail="ny@hemtjanst-ett.example")

pytestmark = pytest.mark.usefixtures("server", "register")


def ask(client: Client, person: Person = ANNA, **fields: str) -> HttpResponse:
    """Posts the form; ``fields`` are what is typed otherwise."""
    typed = {"username": person.username, "name": person.name, "phone": NEW_NUMBER_TYPED, **fields}
    answer = client.post(PATH, typed)
    assert isinstance(answer, HttpResponse)
    return answer


def id_of(person: Person) -> str:
    found = directory.connect().find(person.username)
    assert found
    return found.id


def nothing_was_asked() -> bool:
    return not Ticket.objects.exists()


def test_asking_makes_a_ticket_with_the_manuals_fields(register: Register, carin: Client) -> None:
    answer = ask(carin)
    made = Ticket.objects.get()
    assert answer["Location"] == f"/bestallare/arenden/{made.number}/"
    assert (made.kind, made.state, made.source) == (Ticket.Kind.PHONE, Ticket.State.NEW, Ticket.Source.PAGES)
    assert (made.company, made.orderer) == (register.ett, register.carin)
    assert (made.employee_username, made.employee_name, made.new_number) == (ANNA.username, ANNA.name, NEW_NUMBER)
    assert made.account == id_of(ANNA)
    entry = made.entries.get()
    assert (entry.what, entry.by, entry.who) == (TimelineEntry.What.OPENED, TimelineEntry.By.ORDERER, "Carin Ek")
    event = last(Event.TICKET_OPENED)
    assert (event.actor, event.company, event.address) == (
        f"orderer {register.carin.pk}",
        "Hemtjänst Ett AB",
        "127.0.0.1",
    )


def test_the_next_page_says_that_it_is_sent_and_what_happens_next(carin: Client) -> None:
    words = text_of(carin.get(ask(carin)["Location"]))  # type: ignore[arg-type]
    assert "Ärendet är skickat till helpdesk." in words
    assert "Helpdesk ringer dig eller skickar en kod till din registrerade mobil. Sedan får du ett mejl." in words


@pytest.mark.parametrize("typed", ["+46 (0)70-174 06 90", "0046701740690", " 070.174.06.90 ", "０７０１７４０６９０"])
def test_the_number_is_read_however_it_is_written(carin: Client, typed: str) -> None:
    ask(carin, phone=typed)
    assert Ticket.objects.get().new_number == NEW_NUMBER


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("phone", "", "Skriv det nya mobilnumret, till exempel 070-174 06 05."),
        ("phone", "08-123 456", "Det är inget mobilnummer."),
        ("phone", "+47 406 12 345", "Vi kan bara skicka koder till svenska mobilnummer."),
        ("phone", "ring mig", "Kontrollera numret."),
        ("username", "", "Skriv medarbetarens användarnamn"),
        ("username", "x" * 300, "Användarnamnet är för långt."),
        ("username", "lov\0anber11", "Skriv användarnamnet med bokstäver och siffror."),
        ("name", "x" * 201, "Namnet är för långt."),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(carin: Client, field: str, typed: str, words: str) -> None:
    answer = ask(carin, ANNA, **{field: typed})
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert nothing_was_asked()


@pytest.mark.parametrize(("typed", "name"), [("Anna B", "Anna B"), ("  ", ANNA.name)])
def test_the_typed_name_is_kept_for_the_agent_to_compare(carin: Client, typed: str, name: str) -> None:
    """Else it is the directory's, as is the way in which the user name is written."""
    ask(carin, username=f" {ANNA.username.upper()} ", name=typed)
    made = Ticket.objects.get()
    assert (made.employee_username, made.employee_name) == (ANNA.username, name)


def test_nobody_learns_which_other_accounts_exist(server: TestSlapd, carin: Client) -> None:
    """Of another company, of the municipality, protected, unknown: one answer, and nothing is asked (H5)."""
    server.put(replace(EVA, company=HEMTJANST_ETT), protected=True)
    names = [MARIA.username, "hdpernil", EVA.username, "finnsinte99", MARIA.mail, "lov*", "lov*)(uid=*"]
    carin.get(PATH)  # the first click of a session renews its cookie
    pages = {str(normalised(ask(carin, username=name, name="Någon"), name)) for name in names}
    assert len(pages) == 1
    assert NOT_OURS in pages.pop()
    assert nothing_was_asked()


def test_someone_elses_id_is_not_found(carin: Client) -> None:
    for wanted in (id_of(MARIA), "00000000-0000-4000-8000-000000000000", "x", "", "\0"):
        assert carin.get(PATH, {"konto": wanted}).status_code == 404


def test_the_staff_list_leads_here_with_the_name_filled_in(carin: Client) -> None:
    page = carin.get(PATH, {"konto": id_of(ANNA)}).content.decode()
    assert f'value="{ANNA.username}"' in page
    assert f'value="{ANNA.name}"' in page
    assert ALONE not in page


def test_own_staff_can_be_picked_and_nobody_else(carin: Client) -> None:
    page = carin.get(PATH).content.decode()
    for person in (STEFAN, KARL, ANNA):
        assert f'<option value="{person.username}" label="{person.name}">' in page
    assert MARIA.username not in page


def test_a_large_company_types_or_comes_from_the_list(carin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.orderer.views.ask.SUGGESTED", 2)
    page = carin.get(PATH).content.decode()
    assert "<datalist" not in page
    assert 'list="staff"' not in page


def test_who_began_a_minute_ago_is_found(register: Register, server: TestSlapd, carin: Client) -> None:
    employees.of_company(register.ett)
    server.put(NEWCOMER)
    assert ask(carin, NEWCOMER).status_code == 302
    assert Ticket.objects.get().employee_username == NEWCOMER.username


def test_who_remembers_the_password_can_do_it_alone(carin: Client, settings: Settings) -> None:
    """It is asked for all the same, since the password may be forgotten too; the orderer reads of the shorter way."""
    settings.REGISTER_HOST, settings.PORTAL_URL = "pwreg.kommunen.example", "http://testserver"
    answer = ask(carin, STEFAN)
    assert Ticket.objects.get().employee_username == STEFAN.username
    words = text_of(carin.get(answer["Location"]))  # type: ignore[arg-type]
    assert "Lösenordet till Stefan Lind har inte gått ut." in words
    assert "pwreg.kommunen.example/registrera/" in words


def test_the_advice_stands_there_before_when_the_staff_list_leads_here(carin: Client) -> None:
    words = text_of(carin.get(PATH, {"konto": id_of(STEFAN)}))  # type: ignore[arg-type]
    assert f"Stefan Lind kan registrera sitt nummer {ALONE}" in words
    assert "gäller 15 dagar till" in words
    assert "registrerar sitt mobilnummer på" in words
    assert "Är lösenordet glömt?" in words
    has_number(STEFAN)
    words = text_of(carin.get(PATH, {"konto": id_of(STEFAN)}))  # type: ignore[arg-type]
    assert f"Stefan Lind kan byta nummer {ALONE}" in words
    assert "byter mobilnummer på" in words


@pytest.mark.parametrize("locked", [True, False])
def test_who_cannot_come_in_at_pwreg_gets_no_such_advice(server: TestSlapd, carin: Client, locked: bool) -> None:
    server.put(STEFAN, locked=locked, must_change=not locked)
    assert "har inte gått ut" not in text_of(carin.get(ask(carin, STEFAN)["Location"]))  # type: ignore[arg-type]


@pytest.mark.parametrize(("days", "words"), [(0, "går ut i dag"), (1, "gäller 1 dag till")])
def test_the_advice_counts_days_as_the_mail_does(server: TestSlapd, carin: Client, days: int, words: str) -> None:
    server.put(replace(STEFAN, days_left=days))
    assert words in text_of(carin.get(PATH, {"konto": id_of(STEFAN)}))  # type: ignore[arg-type]


def test_a_disabled_account_is_nothing_that_a_number_helps(server: TestSlapd, carin: Client) -> None:
    server.put(ANNA, disabled=True)
    assert "Kontot är avstängt, så ett nytt nummer hjälper inte. Mejla" in text_of(ask(carin))
    assert nothing_was_asked()


def test_the_orderer_never_learns_which_number_is_registered(carin: Client) -> None:
    """The answer is the same whether the number asked for is on the account already, or another one, or none is."""
    has_number(ANNA, NEW_NUMBER)
    same = carin.get(ask(carin)["Location"])
    Ticket.objects.all().delete()
    has_number(ANNA)
    other = carin.get(ask(carin)["Location"])
    # But for its own number, and the minute in which it was asked.
    same_text, other_text = (re.sub(r"0000\d|\d\d:\d\d", "", text_of(each)) for each in (same, other))  # type: ignore[arg-type]
    assert same_text == other_text
    assert "06 11" not in text_of(other)  # type: ignore[arg-type]


def test_a_second_press_makes_no_second_ticket(carin: Client) -> None:
    assert ask(carin)["Location"] == ask(carin)["Location"]
    assert Ticket.objects.count() == 1


def test_a_form_of_another_tab_is_not_sent_for_the_other_company(register: Register, carin: Client) -> None:
    register.carin.companies.add(register.tva)
    client = as_orderer(register.carin, register.ett)
    assert f'name="company" value="{register.ett.pk}"' in client.get(PATH).content.decode()
    client.post("/bestallare/foretag/", {"company": register.tva.pk})
    answer = client.post(
        PATH, {"company": register.ett.pk, "username": ANNA.username, "name": "", "phone": NEW_NUMBER_TYPED}
    )
    assert "Nu gäller det Omsorg Två AB." in text_of(answer)  # type: ignore[arg-type]
    assert nothing_was_asked()
