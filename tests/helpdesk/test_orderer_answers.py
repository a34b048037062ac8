"""The orderer answers the helpdesk's question on her own pages, signed in. Issue 13."""

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import limits
from accounts.models import Event
from helpdesk.models import Ticket, TimelineEntry, Verification
from helpdesk.tickets import decisions, questions
from tests.accounts.helpers import last, text_of, trail
from tests.accounts.staff import Officer
from tests.helpdesk.asked import an_agent, ask_for_number, taken
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does, path
from tests.helpdesk.people import an_orderer, as_orderer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]

LIST = "/bestallare/arenden/"
WORDS, ANSWER = "Är det Anna Berg som har tappat sin mobil?", "Ja, det är hon.\nI går."
ASKS = "Helpdesk har en fråga"


@pytest.fixture
def one(register: Register) -> Ticket:
    """Per has asked Carin."""
    ticket = taken(ask_for_number(register), an_agent())
    questions.ask(ticket.pk, an_agent(), WORDS)
    return ticket


def page(client: Client, ticket: Ticket) -> str:
    return text_of(_got(client.get(f"{LIST}{ticket.number}/")))


def answers(client: Client, ticket: Ticket, text: str = ANSWER, **fields: str) -> HttpResponse:
    return _got(client.post(f"{LIST}{ticket.number}/svara/", {"text": text, **fields}))


def _got(answer: object) -> HttpResponse:
    assert isinstance(answer, HttpResponse)
    return answer


def test_her_pages_show_the_question_and_take_the_answer(
    carin: Client, per: Officer, one: Ticket, register: Register
) -> None:
    does(per, one, "ta/")
    assert "helpdesk har en fråga" in text_of(_got(carin.get(LIST)))
    assert f"{ASKS} {WORDS}" in page(carin, one)
    assert answers(carin, one)["Location"] == f"{LIST}{one.number}/"
    words = page(carin, one)
    assert "Svaret är skickat till helpdesk." in words
    assert ASKS not in words
    assert words.index(WORDS) < words.index("Ja, det är hon. I går.")
    assert "helpdesk har en fråga" not in text_of(_got(carin.get(LIST)))
    assert last(Event.TICKET_ANSWERED).company == register.ett.name
    seen = text_of(per.get(path(one)))
    assert "svar har kommit" in seen
    assert seen.index(WORDS) < seen.index("Ja, det är hon. I går.")
    assert "svar har kommit" in text_of(per.get("/helpdesk/?flik=mina"))


def test_m6_an_answer_on_the_pages_verifies_nobody_either(carin: Client, one: Ticket) -> None:
    before = Ticket.objects.values().get()
    answers(carin, one)
    assert Ticket.objects.values().get() == before
    assert not Verification.objects.exists()


def test_h5_only_who_was_asked_answers(carin: Client, olle: Client, one: Ticket, register: Register) -> None:
    dan = as_orderer(an_orderer("Dan Ek", "dan@hemtjanst-ett.example", "+46701740652", register.ett))
    assert answers(olle, one).status_code == 404
    words = page(dan, one)
    assert (WORDS in words, ASKS in words) == (True, False), "a colleague reads it"
    answers(dan, one)
    assert "Frågan är redan besvarad, eller gäller inte längre." in page(dan, one)
    assert answers(Client(), one)["Location"] == "/bestallare/logga-in/"
    assert Event.TICKET_ANSWERED not in trail()
    assert carin.get(f"{LIST}{one.number}/svara/").status_code == 405


def test_what_can_not_be_sent_is_kept(carin: Client, one: Ticket, register: Register) -> None:
    long = "å" * (limits.LONGEST_QUESTION + 1)
    for text, words in ((" ", "Skriv ditt svar."), (long, f"Skriv högst {limits.LONGEST_QUESTION} tecken.")):
        shown = text_of(answers(carin, one, text))
        assert words in shown
        assert text.strip() in shown
    assert "Du har bytt företag i en annan flik." in text_of(answers(carin, one, company=str(register.tva.pk)))
    assert Event.TICKET_ANSWERED not in trail()


def test_one_question_has_one_answer_there(carin: Client, one: Ticket) -> None:
    answers(carin, one)
    answers(carin, one, "En gång till")
    assert one.entries.filter(what=TimelineEntry.What.ANSWERED).count() == 1
    assert "Frågan är redan besvarad" in page(carin, one)
    questions.ask(one.pk, an_agent(), "Och numret?")
    assert f"{ASKS} Och numret?" in page(carin, one)


def test_a_decided_ticket_takes_no_answer(carin: Client, one: Ticket) -> None:
    decisions.reject(one.pk, an_agent(), "Vi nådde dig inte.")
    assert ASKS not in page(carin, one)
    answers(carin, one)
    words = page(carin, one)
    assert "Frågan är redan besvarad, eller gäller inte längre." in words
    assert an_agent().username not in words, "agents have no names for orderers"


def test_what_she_writes_is_shown_as_text(carin: Client, per: Officer, one: Ticket) -> None:
    answers(carin, one, "<script>alert(1)</script><b>hej</b>")
    for client in (carin.get(f"{LIST}{one.number}/"), per.get(path(one))):
        body = _got(client).content.decode()
        assert "<b>hej" not in body
        assert "&lt;b&gt;hej" in body
