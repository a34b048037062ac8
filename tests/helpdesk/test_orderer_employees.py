"""/bestallare/: an orderer looks at the company's own staff, and takes the list along as a file."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.companies import orderers
from accounts.models import AuditEvent, Event
from deploy.local.cast import ANNA, HEMTJANST_ETT, KARL, MARIA, STEFAN
from helpdesk.orderer import employees
from helpdesk.orderer.employees import Employee, EmployeeList
from tests.accounts.directory.people import somebody
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import as_orderer
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

STAFF, REFRESH, EXPORT = "/bestallare/", "/bestallare/uppdatera/", "/bestallare/personal.csv"
DOWN = "Tjänsten går inte att använda just nu"


def look(client: Client, **asked: Any) -> Any:
    answer = client.get(STAFF, asked)
    assert answer.status_code == 200
    return answer


def shown(client: Client, **asked: Any) -> list[str]:
    return [employee.username for employee, *_ in look(client, **asked).context["rows"]]


def search(client: Client, text: str, **fields: str) -> Any:
    return client.post(STAFF, {"q": text, **fields})


def refresh(client: Client, **fields: str) -> Any:
    return client.post(REFRESH, fields, follow=True)


def exported(client: Client, **asked: str) -> list[list[str]]:
    answer = client.get(EXPORT, asked)
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8 by this mark"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def many(count: int) -> EmployeeList:
    today = timezone.localdate()
    members = [
        Employee(
            id=f"00000000-0000-4000-8000-{number:012}",
            username=f"lovmassa{number:04}",
            given_name="Stefan",
            surname=f"Lind {number:04}",
            expires=today + timedelta(5),
            locked=False,
            disabled=False,
        )
        for number in range(count)
    ]
    return EmployeeList(members, timezone.now())


def test_each_with_how_they_stand(carin: Client) -> None:
    has_number(STEFAN)
    has_number(ANNA)
    answer = look(carin)
    rows = {employee.username: (days, tags[0][0]) for employee, days, tags in answer.context["rows"]}
    assert list(rows) == [ANNA.username, KARL.username, STEFAN.username], "the most urgent first"
    assert list(rows.values()) == [
        ("4 dagar sedan", "har gått ut"),
        ("7", "går ut om 7 dagar"),
        ("15", "går ut om 15 dagar"),
    ]
    text = text_of(answer)
    assert "2 av 3 lösenord går ut inom 30 dagar. 1 har redan gått ut eller måste bytas. Utan nummer: 1." in text
    assert (timezone.localdate() + timedelta(7)).isoformat() in text
    assert text.count("registrerat") >= 2


def test_one_column_says_how_the_password_stands(server: TestSlapd, carin: Client) -> None:
    """In words, with its day beside them."""
    server.put(KARL, locked=True)
    server.put(STEFAN, disabled=True)
    server.put(somebody("lovlange", days_left=60))
    server.put(somebody("lovlast", days_left=61), locked=True)
    page = text_of(look(carin))
    heads, rows = page.split("Namn Konto Lösenord Mobilnummer Åtgärd ")[1], {}
    for person in (ANNA, KARL, STEFAN):
        rows[person] = heads.split(f"{person.username} ")[1]
    day = {days: (timezone.localdate() + timedelta(days)).isoformat() for days in (-4, 7, 60, 61)}
    assert rows[ANNA].startswith(f"har gått ut 4 dagar sedan, {day[-4]} saknas")
    assert rows[KARL].startswith(f"låst just nu går ut om 7 dagar {day[7]} saknas")
    assert rows[STEFAN].startswith("avstängt saknas – "), "its day does not matter before it is enabled again"
    assert f"lovlange gäller till {day[60]} saknas" in page
    assert f"lovlast låst just nu gäller till {day[61]} saknas" in page


def test_which_number_it_is_nobody_sees(carin: Client) -> None:
    """E3: neither on the page nor in the file."""
    has_number(STEFAN)
    seen = look(carin).content.decode() + carin.get(EXPORT).content.decode("utf-8-sig")
    for digits in (STEFAN.phone, STEFAN.phone[-4:], "06 05", "070-174"):
        assert digits not in seen


def test_nobody_of_another_company_is_shown(carin: Client, olle: Client) -> None:
    """H5: wherever one looks."""
    for part in ("alla", "utgangna", "snart", "utan-nummer", "sparrade"):
        assert MARIA.username not in look(carin, visa=part).content.decode()
        assert MARIA.username not in str(exported(carin, visa=part))
    search(carin, "sund")
    assert shown(carin) == []
    assert MARIA.surname not in [cell for line in exported(carin) for cell in line]
    assert shown(olle) == [MARIA.username]
    assert [line[2] for line in exported(olle)[1:]] == [MARIA.username]


def test_without_signing_in_there_is_nothing(client: Client, register: Register) -> None:
    for path in (STAFF, EXPORT):
        assert client.get(path).headers["Location"] == "/bestallare/logga-in/"
    assert client.post(REFRESH).headers["Location"] == "/bestallare/logga-in/"
    assert not AuditEvent.objects.filter(event=Event.STAFF_EXPORTED).exists()


@pytest.mark.parametrize(
    ("part", "people"),
    [
        ("alla", {"lovmaste", ANNA.username, KARL.username, STEFAN.username, "lovaldrig", "lovavstangd"}),
        ("utgangna", {"lovmaste", ANNA.username}),
        ("snart", {KARL.username, STEFAN.username}),
        ("utan-nummer", {"lovmaste", KARL.username, "lovaldrig", ANNA.username}),
        ("sparrade", {"lovavstangd", KARL.username}),
        ("x", {"lovmaste", ANNA.username, KARL.username, STEFAN.username, "lovaldrig", "lovavstangd"}),
    ],
)
def test_a_part_of_them(server: TestSlapd, carin: Client, part: str, people: set[str]) -> None:
    server.put(KARL, locked=True)
    server.put(somebody("lovmaste"), must_change=True)
    server.put(somebody("lovaldrig", days_left=None))
    server.put(somebody("lovavstangd", days_left=-1), disabled=True)
    has_number(STEFAN)
    answer = look(carin, visa=part)
    assert {employee.username for employee, *_ in answer.context["rows"]} == people
    assert {line[2] for line in exported(carin, visa=part)[1:]} == people
    counts = [count for _, _, count, _ in answer.context["tabs"]]
    assert counts == [6, 2, 2, 4, 2]


def test_the_status_in_words(server: TestSlapd, carin: Client) -> None:
    server.put(KARL, locked=True)
    server.put(STEFAN, disabled=True)
    server.put(ANNA, must_change=True)
    server.put(somebody("lovidag", days_left=0))
    server.put(somebody("lovimorgon", days_left=1))
    server.put(somebody("lovlange", days_left=60))
    server.put(somebody("lovaldrig", days_left=None))
    words = {employee.username: [word for word, _tone in tags] for employee, _days, tags in look(carin).context["rows"]}
    assert words == {
        ANNA.username: ["måste byta lösenord"],
        "lovidag": ["går ut i dag"],
        "lovimorgon": ["går ut om 1 dag"],
        KARL.username: ["låst just nu", "går ut om 7 dagar"],
        "lovlange": ["gäller"],
        "lovaldrig": ["går aldrig ut"],
        STEFAN.username: ["avstängt"],
    }


def test_what_to_do_names_the_places(carin: Client, settings: Settings) -> None:
    settings.REGISTER_HOST, settings.RESET_HOST = "pwreg.kommunen.example", "pwreset.kommunen.example"
    settings.PORTAL_URL = "https://portal.kommunen.example"
    page = look(carin).content.decode()
    assert "https://pwreg.kommunen.example/registrera/" in page
    assert "https://pwreset.kommunen.example/aterstall/" in page


def test_each_row_leads_to_a_new_number(server: TestSlapd, carin: Client) -> None:
    server.put(STEFAN, disabled=True)
    answer = look(carin)
    links = {
        employee.username: f"/bestallare/mobilnummer/?konto={employee.id}" for employee, *_ in answer.context["rows"]
    }
    page = answer.content.decode()
    assert links[ANNA.username] in page
    assert links[STEFAN.username] not in page, "a number opens no account that is disabled"


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("lind", {STEFAN.username, KARL.username}),
        ("LIND karl", {KARL.username}),
        ("lovanb", {ANNA.username}),
        ("finns inte", set()),
    ],
)
def test_a_search_by_name_or_account(carin: Client, text: str, people: set[str]) -> None:
    """What is typed is posted, kept in the session out of sight, and in no URL."""
    answer = search(carin, text)
    assert (answer.status_code, answer.headers["Location"]) == (302, STAFF)
    assert set(shown(carin)) == people
    assert {line[2] for line in exported(carin)[1:]} == people
    assert text not in str(dict(carin.session))
    carin.post(STAFF, {"rensa": "1"})
    assert len(shown(carin)) == 3


def test_a_search_stays_within_its_part(carin: Client) -> None:
    answer = carin.post(f"{STAFF}?visa=snart", {"q": "lind"})
    assert answer.headers["Location"] == f"{STAFF}?visa=snart"
    assert shown(carin, visa="snart") == [KARL.username, STEFAN.username]
    assert "Ingen här stämmer med det du söker." in text_of(look(carin, visa="utgangna"))


def test_a_search_that_can_not_be_read_says_so(carin: Client) -> None:
    assert "Det är för långt att söka på." in text_of(search(carin, "x" * 101))


def test_a_name_is_shown_as_text(server: TestSlapd, carin: Client) -> None:
    server.put(somebody(surname="<b>Lind</b>"))
    page = look(carin).content.decode()
    assert "<b>Lind" not in page
    assert "&lt;b&gt;Lind" in page


def test_empty_lists_say_so(register: Register, carin: Client, server: TestSlapd) -> None:
    assert "Inget konto är låst eller avstängt." in text_of(look(carin, visa="sparrade"))
    for person in (STEFAN, KARL, ANNA):
        server.remove(person.username)
    employees.of_company(register.ett, fresh=True)
    assert "Vi hittar inga medarbetare hos ert företag" in text_of(look(carin))
    assert len(exported(carin)) == 1


def test_on_demand_it_is_read_anew_and_not_again_at_once(server: TestSlapd, carin: Client) -> None:
    assert len(shown(carin)) == 3
    server.put(somebody())
    assert "lovprova01" not in shown(carin)
    answer = refresh(carin, visa="snart")
    assert answer.redirect_chain == [(f"{STAFF}?visa=snart", 302)]
    assert "Listan är hämtad på nytt." in text_of(answer)
    assert "lovprova01" in shown(carin)
    server.remove("lovprova01")
    assert "Listan hämtades nyss." in text_of(refresh(carin))
    assert "lovprova01" in shown(carin)


def test_looking_reads_nothing_anew(carin: Client) -> None:
    assert carin.get(REFRESH).status_code == 405


def test_a_directory_that_is_down(server: TestSlapd, carin: Client, olle: Client) -> None:
    """What was read lately is shown with its time; who has nothing gets the page that says so (U1)."""
    look(carin)
    server.stop()
    assert "Det går inte att hämta listan just nu." in text_of(refresh(carin))
    assert len(shown(carin)) == 3
    for path in (STAFF, EXPORT):
        answer: Any = olle.get(path)
        assert answer.status_code == 503
        assert DOWN in text_of(answer)
    assert not AuditEvent.objects.filter(event=Event.STAFF_EXPORTED).exists()


def test_the_file(carin: Client) -> None:
    has_number(STEFAN)
    answer = carin.get(EXPORT)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="personal.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    today = timezone.localdate()
    header, anna, karl, stefan = exported(carin)
    assert header == ["Förnamn", "Efternamn", "Konto", "Förfalldatum", "Dagar kvar", "Mobilnummer", "Status"]
    day = {days: (today + timedelta(days)).isoformat() for days in (-4, 7, 15)}
    assert anna == ["Anna", "Berg", ANNA.username, day[-4], "4 dagar sedan", "saknas", "har gått ut"]
    assert karl == ["Karl", "Lind", KARL.username, day[7], "7", "saknas", "går ut om 7 dagar"]
    assert stefan == ["Stefan", "Lind", STEFAN.username, day[15], "15", "registrerat", "går ut om 15 dagar"]


@pytest.mark.parametrize("name", ["=1+1", "+46", "-1", "@SUM(A1)", "\t=1", "＝1", 'Lind";=HYPERLINK("x")'])
def test_h7_no_cell_of_the_file_is_a_formula(server: TestSlapd, carin: Client, name: str) -> None:
    """H7: names come from a directory that others write to."""
    server.put(somebody(surname=name, given_name=name, days_left=1))
    cells = [cell for line in exported(carin, visa="snart") for cell in line]
    assert any(cell.strip("'\t") != cell for cell in cells) or any(";'=" in cell for cell in cells)
    for cell in cells:
        assert not cell.lstrip("\t").startswith(("=", "+", "-", "@", "＝"))
        assert ";=" not in cell


def test_who_took_the_file_is_in_the_trail(register: Register, carin: Client) -> None:
    carin.get(EXPORT, {"visa": "snart"})
    event = AuditEvent.objects.get(event=Event.STAFF_EXPORTED)
    assert (event.actor, event.subject) == (f"orderer {register.carin.pk}", f"company {register.ett.pk}")
    assert (event.company, event.result, event.address) == (HEMTJANST_ETT, "snart", "127.0.0.1")


def test_a_company_of_2000_opens_as_one_of_five(
    register: Register, carin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    employees.keep(register.ett, many(2000))
    with django_assert_max_num_queries(8):
        answer = look(carin)
    assert len(answer.context["rows"]) == 50
    assert "Sida 1 av 40" in text_of(answer)
    assert shown(carin, sida=40)[-1] == "lovmassa1999"
    assert shown(carin, sida=41) == shown(carin, sida=40) == shown(carin, sida="999999999")
    assert shown(carin, sida="x") == shown(carin)
    with django_assert_max_num_queries(8):
        assert len(exported(carin)) == 2001
    search(carin, "lind 1234")
    assert shown(carin) == ["lovmassa1234"]


def test_a_first_look_takes_few_queries_too(
    carin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """All companies and their values besides; two of the eleven are the savepoint around the session."""
    with django_assert_max_num_queries(11):
        look(carin)


def test_the_other_company_is_a_choice_away(register: Register) -> None:
    """Who is orderer of both sees the one that was chosen, with no search left from the other."""
    orderers.store(register.carin, [register.ett, register.tva], actor=None)
    both = as_orderer(register.carin, register.ett)
    search(both, "anna")
    assert shown(both) == [ANNA.username]
    session = both.session
    session["company"] = register.tva.pk
    session.save()
    assert shown(both) == [MARIA.username]


def test_q1_who_is_hidden_is_on_no_page_and_in_no_file(carin: Client, per: Officer, settings: Settings) -> None:
    settings.DIRECTORY_HIDDEN_FILTER = f"(uid={STEFAN.username})"
    has_number(STEFAN), has_number(KARL, STEFAN.phone)
    assert KARL.username in shown(carin)
    assert STEFAN.username not in shown(carin)
    assert STEFAN.username not in text_of(search(carin, STEFAN.surname))
    assert STEFAN.username not in str(exported(carin))
    for text in (STEFAN.username, STEFAN.name, "070-174 06 05"):
        per.post("/helpdesk/konton/", q=text)
        assert STEFAN.username not in str(per.get("/helpdesk/konton/").context["found"]), text  # type: ignore[attr-defined]
