"""A call without a form: an agent opens a ticket on an orderer's behalf, with the same checks."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client

from accounts.models import Event
from deploy.local.cast import ANNA, MARIA
from helpdesk.models import Ticket
from notifications.models import Message
from tests.accounts.helpers import last, text_of
from tests.accounts.staff import Officer
from tests.helpdesk.asked import mails, timeline
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import an_orderer

NEW = "/helpdesk/nytt/"
NUMBER = {"employee_name": "Anna Berg", "employee_username": "lovanber11", "new_number": "070-174 06 90"}
UNKNOWN = {"orderer_name": "Nils Ny", "company_name": "Nytt Företag AB"}


def step_2(register: Register, kind: str = "") -> str:
    """Carin's, for Hemtjänst Ett."""
    typ = f"&typ={kind}" if kind else ""
    return f"{NEW}?bestallare={register.carin.pk}&foretag={register.ett.pk}{typ}"


def search(per: Officer, text: str) -> HttpResponse:
    assert per.post(NEW, q=text)["Location"] == NEW
    return per.get(NEW)


def found(page: HttpResponse) -> list[tuple[str, str]]:
    return [(each.orderer.name, each.company.name) for each, _ in page.context["callers"]]  # type: ignore[attr-defined]


def opened(answer: HttpResponse) -> Ticket:
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/helpdesk/arenden/{ticket.number}/"
    return ticket


CARIN = ("Carin Ek", "Hemtjänst Ett AB")


def test_the_orderer_is_found(per: Officer, register: Register) -> None:
    for text in ["carin", "Ek hemtjänst", "CARIN@hemtjanst", "ett ab", "070-174 06 50"]:
        page = search(per, text)
        assert found(page) == [CARIN]
        assert step_2(register).replace("&", "&amp;") in page.content.decode()


def test_who_is_not_there_is_not_found(per: Officer, register: Register) -> None:
    for text in ["Carin Omsorg", "070-174 06 99", "%", "_", "*", ")("]:
        page = search(per, text)
        assert found(page) == []
        assert "Ingen beställare stämmer" in text_of(page)


def test_one_of_two_companies_is_chosen_with_the_orderer(per: Officer, register: Register) -> None:
    an_orderer("Bo Bro", "bo@bro.example", "+46701740652", register.ett, register.tva)
    assert found(search(per, "bo bro")) == [("Bo Bro", "Hemtjänst Ett AB"), ("Bo Bro", "Omsorg Två AB")]


def test_who_is_not_active_can_not_be_chosen(per: Officer, register: Register) -> None:
    register.ett.active = False
    register.ett.save()
    assert found(search(per, "carin")) == []
    assert per.get(step_2(register))["Location"] == NEW
    register.olle.active = False
    register.olle.save()
    assert found(search(per, "olle")) == []


def test_what_the_address_can_not_mean_begins_anew(per: Officer, register: Register) -> None:
    for query in ["?bestallare=x", "?bestallare=1", "?bestallare=²&foretag=1", "?bestallare=9&foretag=9"]:
        assert per.get(f"{NEW}{query}")["Location"] == NEW
        other = f"?bestallare={register.carin.pk}&foretag={register.tva.pk}"
        assert per.post(f"{NEW}{other}", **NUMBER)["Location"] == NEW
        assert not Ticket.objects.exists()


def test_no_number_of_an_orderer_is_shown(per: Officer, register: Register) -> None:
    digits = search(per, "070-174 06 50").content.decode().replace(" ", "").replace("-", "")
    assert digits.count("1740650") == digits.count("0701740650")  # what was typed, and nothing else
    shown = per.get(step_2(register)).content.decode().replace(" ", "")
    assert "1740650" not in shown


def test_a_new_number_becomes_a_ticket_of_the_agent(per: Officer, register: Register) -> None:
    page = text_of(per.get(step_2(register)))
    assert "Ringer: Carin Ek, Hemtjänst Ett AB" in page
    assert "kontrollera att det är beställaren" in page
    ticket = opened(per.post(step_2(register), **NUMBER))
    assert (ticket.kind, ticket.source, ticket.state) == ("phone", "call", "verifying")
    assert (ticket.orderer, ticket.company) == (register.carin, register.ett)
    assert (ticket.employee_username, ticket.new_number) == (ANNA.username, "+46701740690")
    assert ticket.account
    assert ticket.agent
    assert ticket.agent.username == per.person.username
    assert timeline(ticket) == [("opened", per.person.username)]
    assert last(Event.TICKET_OPENED).actor == ticket.agent.directory_id
    assert [to for to, _ in mails(Message.Topic.TICKET_OPENED)] == [register.carin.email]


def test_recipients_and_anything_else_likewise(per: Officer, register: Register) -> None:
    ticket = opened(per.post(step_2(register, "recipients"), recipient1="ny@hemtjanst-ett.example", recipient2=""))
    assert (ticket.kind, list(ticket.recipients)) == ("recipients", ["ny@hemtjanst-ett.example"])
    ticket.delete()
    ticket = opened(per.post(step_2(register, "other"), text="Hur gör vi med nya?", employee_username="LOVANBER11"))
    assert (ticket.kind, ticket.text, ticket.employee_username) == ("other", "Hur gör vi med nya?", ANNA.username)
    assert ticket.account


def test_a_mistake_is_told_and_nothing_is_lost(per: Officer, register: Register) -> None:
    for changed, words in [
        ({"new_number": "08-123 45"}, "Kontrollera numret."),
        ({"new_number": ""}, "Skriv det nya numret"),
        ({"employee_username": "lovfinnsej"}, "Användarnamnet finns inte i katalogen"),
        ({"employee_username": "*"}, "Användarnamnet finns inte i katalogen"),
        ({"employee_username": ""}, "Skriv användarnamnet"),
        ({"employee_name": " "}, "Skriv medarbetarens namn"),
    ]:
        answer = per.post(step_2(register), **{**NUMBER, **changed})
        assert words in text_of(answer)
        for name, value in {**NUMBER, **changed}.items():
            assert f'value="{value}"' in answer.content.decode() or not value.strip(), name
        assert not Ticket.objects.exists()


def test_addresses_are_checked(per: Officer, register: Register) -> None:
    for first, second, words in [
        ("", "", "Skriv minst en adress."),
        ("ny", "", "Det är ingen e-postadress."),
        ("ny@a.example", "NY@a.example", "Det är samma adress som den första."),
    ]:
        answer = per.post(step_2(register, "recipients"), recipient1=first, recipient2=second)
        assert words in text_of(answer)
        assert not Ticket.objects.exists()


def test_an_account_of_another_company_needs_a_second_press(per: Officer, register: Register) -> None:
    theirs = {**NUMBER, "employee_name": MARIA.name, "employee_username": MARIA.username}
    answer = per.post(step_2(register), **theirs)
    assert "lovmalsund hör till Omsorg Två AB, inte till Hemtjänst Ett AB." in text_of(answer)
    assert not Ticket.objects.exists()
    sure = answer.context["form"].account.id  # type: ignore[attr-defined]
    assert f'name="sure" value="{sure}"' in answer.content.decode()
    # Sure of one account is not sure of the next.
    register.tva.delete()
    other = per.post(step_2(register), **{**theirs, "sure": "another"})
    assert "lovmalsund hör inte till något företag i registret" in text_of(other)
    assert opened(per.post(step_2(register), **theirs, sure=sure)).employee_username == MARIA.username


def test_who_is_not_registered_is_written_down_by_name(per: Officer, register: Register) -> None:
    nobody = f"{NEW}?bestallare=ingen"
    assert nobody in per.get(NEW).content.decode()
    assert "Den som ringer är inte registrerad" in text_of(per.get(nobody))
    assert "Skriv namnet på den som ringer." in text_of(per.post(nobody, **NUMBER))
    ticket = opened(per.post(nobody, **NUMBER, **UNKNOWN))
    assert (ticket.orderer, ticket.company) == (None, None)
    assert (ticket.orderer_name, ticket.company_name) == ("Nils Ny", "Nytt Företag AB")
    assert not mails(Message.Topic.TICKET_OPENED)


def test_a_name_typed_for_a_registered_orderer_counts_for_nothing(per: Officer, register: Register) -> None:
    ticket = opened(per.post(step_2(register), **NUMBER, **UNKNOWN))
    assert (ticket.orderer_name, ticket.company_name) == CARIN


def test_a_second_press_of_the_button_opens_no_second_ticket(per: Officer, register: Register) -> None:
    first, second = per.post(step_2(register), **NUMBER), per.post(step_2(register), **NUMBER)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


def test_nothing_typed_stands_in_an_address(per: Officer, register: Register) -> None:
    search(per, "Carin Ek")
    per.post(step_2(register), **{**NUMBER, "new_number": "fel"})
    per.post(step_2(register), **NUMBER)
    addresses = " ".join(answer.get("Location", "") for answer in per.answers)
    assert not [each for each in ("Carin", "Ek", "Anna", ANNA.username, "740690") if each in addresses]


def test_the_pages_are_for_agents(register: Register, carin: Client) -> None:
    for client in (Client(), carin):
        assert client.get(step_2(register))["Location"].startswith("/logga-in/")
        assert client.post(step_2(register), NUMBER)["Location"].startswith("/logga-in/")
    assert not Ticket.objects.exists()
