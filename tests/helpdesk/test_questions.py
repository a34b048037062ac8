"""An agent's question to a ticket's orderer, by mail, and how the page, the queue and the trail show it. Issue 13."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import limits
from accounts.companies import orderers
from accounts.models import Event
from deploy.local.cast import CARIN
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, questions, states
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import AssignedToOther, Closed, TicketRefused
from notifications.models import Message
from tests.accounts.helpers import last, text_of, trail
from tests.accounts.staff import Officer, says
from tests.helpdesk.asked import CALL, all_becomes_older, an_agent, ask_for_number, mails, taken, timeline
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does, path
from tests.helpdesk.mailing import a_mail, ticket_of
from tests.helpdesk.people import SECOND_AGENT, an_orderer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]

What = TimelineEntry.What
TOPIC = Message.Topic.TICKET_QUESTION
WORDS = "Är det Anna Berg som har tappat sin mobil?"
QUEUE = "/helpdesk/?flik=mina"


@pytest.fixture
def one(register: Register) -> Ticket:
    """Per has it."""
    return taken(ask_for_number(register), an_agent())


def ask(ticket: Ticket, text: str = WORDS) -> None:
    questions.ask(ticket.pk, an_agent(), text)


def test_m6_a_question_goes_to_the_registers_address_and_says_how_to_answer(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    page = does(per, one, "fraga/", line="", text=WORDS, to="ond@example.net", email="ond@example.net")
    assert says(page, "Frågan är på väg till beställaren.")
    [(to, text)] = mails(TOPIC)
    assert to == CARIN.mail
    assert WORDS in text
    assert f"En handläggare på kommunens helpdesk har en fråga om ärende {one.number}." in text
    assert "Skriv aldrig ett lösenord eller en kod" in text
    assert per.person.username not in text
    assert Message.objects.get(purpose=TOPIC).subject == f"Fråga om ärende {one.number}"


def test_the_history_and_the_queue_show_that_the_ticket_waits(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    assert "väntar på svar" not in text_of(per.get(QUEUE))
    page = text_of(does(per, one, "fraga/", line="", text=WORDS))
    assert page.count("Frågade beställaren med ett mejl") == 2, "in the history, and beside the form"
    assert "väntar på svar" in page
    assert "väntar på svar" in text_of(per.get(QUEUE))


def test_the_trail_says_that_it_was_asked_and_not_what(one: Ticket) -> None:
    ask(one)
    event = last(Event.TICKET_QUESTION_ASKED)
    assert (event.actor, event.result) == (an_agent().directory_id, f"phone {one.number}")
    assert WORDS not in str([list(vars(event).values())])


def test_a_ready_made_line_is_sent_or_what_was_written_in_its_place(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    line = "Arbetar medarbetaren kvar hos er?"
    assert 'data-fills="text"' in per.get(path(one)).content.decode(), "with JavaScript it fills the field"
    does(per, one, "fraga/", line=line, text="")
    does(per, one, "fraga/", line=line, text="Arbetar Anna kvar?\r\nVi hittar inte kontot.")
    (_, made), (_, written) = mails(TOPIC)
    assert f"Frågan: {line}\n" in made
    assert line not in written
    assert "Frågan: Arbetar Anna kvar?\n\nVi hittar inte kontot.\n" in written


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"line": "", "text": " "}, "Skriv en fråga, eller välj en färdig."),
        ({"line": "", "text": "å" * (limits.LONGEST_QUESTION + 1)}, f"Skriv högst {limits.LONGEST_QUESTION} tecken."),
        ({"line": "En annan rad", "text": WORDS}, "En annan rad"),
    ],
)
def test_what_can_not_be_sent_keeps_what_was_typed(
    per: Officer, one: Ticket, fields: dict[str, str], words: str
) -> None:
    does(per, one, "ta/")
    page = per.post(path(one, "fraga/"), **fields)
    assert page.status_code == 200
    assert says(page, words)
    assert fields["text"].strip() in text_of(page)
    assert mails(TOPIC) == []


def test_m6_what_an_agent_writes_does_nothing_in_a_mail(one: Ticket) -> None:
    ask(one, "Se https://ond.example\r\nBcc: alla@kommunen.example\n\n<b>Ring</b> www.ond.example\x00")
    row = Message.objects.get(purpose=TOPIC)
    for text in (row.text, row.html):
        assert "https://ond" not in text
        assert "www.ond" not in text
        assert "alla@kommunen" not in text
        assert "\x00" not in text
    assert "<b>" not in row.html
    assert "&lt;b&gt;Ring" in row.html
    assert "\n" not in row.subject
    assert "ond" not in row.subject


def test_m6_there_is_nobody_to_ask_but_the_tickets_own_orderer(register: Register, per: Officer) -> None:
    """The page says so, and what to do instead; a post all the same sends nothing."""
    unknown = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Hej", orderer_name="Lena Ask"), source=CALL, agent=an_agent()
    )
    elsewhere = ask_for_number(register, orderer=register.olle, source=CALL, agent=an_agent())
    for ticket, words in (
        (unknown, "ärendet har ingen beställare där. Välj beställare först."),
        (elsewhere, "Olle Holm är inte behörig beställare för företaget i registret, så ingen fråga går dit."),
    ):
        does(per, ticket, "ta/")
        page = per.get(path(ticket))
        assert says(page, words)
        assert not says(page, "Skicka frågan")
        assert says(per.post(path(ticket, "fraga/"), line="", text=WORDS), words)
    assert mails(TOPIC) == []


def test_m6_an_address_that_was_just_changed_is_asked_nothing(register: Register, one: Ticket) -> None:
    register.carin.email = "carin.ny@hemtjanst-ett.example"
    orderers.store(register.carin, [register.ett], actor=an_agent(SECOND_AGENT))
    with pytest.raises(TicketRefused, match="är nya, så ingen fråga går dit före"):
        ask(one)
    assert mails(TOPIC) == []


def test_the_helpdesk_does_not_write_to_itself(register: Register, settings: Settings) -> None:
    me = an_orderer("Maj Ek", settings.HELPDESK_EMAIL, "+46701740655", register.ett)
    me.waits_until = None
    me.save()
    ticket = taken(ask_for_number(register, orderer=me), an_agent())
    with pytest.raises(TicketRefused, match="är helpdesks egen"):
        ask(ticket)


def test_who_has_not_taken_the_ticket_asks_nothing(register: Register, per: Officer) -> None:
    ticket = ask_for_number(register)
    assert not says(per.get(path(ticket)), "Fråga beställaren")
    with pytest.raises(AssignedToOther):
        ask(ticket)
    taken(ticket, an_agent(SECOND_AGENT))
    with pytest.raises(AssignedToOther):
        ask(ticket)
    decisions.reject(ticket.pk, an_agent(SECOND_AGENT), "Nej.")
    with pytest.raises(Closed):
        ask(ticket)
    assert Event.TICKET_QUESTION_ASKED not in trail()


def test_a_second_press_of_the_button_asks_nothing_more(one: Ticket) -> None:
    ask(one)
    ask(one)
    assert len(mails(TOPIC)) == 1
    all_becomes_older(minutes=11)
    ask(one)
    assert len(mails(TOPIC)) == 2, "later it is a reminder"


def test_m6_three_questions_a_day_about_one_ticket(one: Ticket) -> None:
    for number in range(limits.QUESTIONS_A_TICKET):
        ask(one, f"Fråga {number}?")
    with pytest.raises(TicketRefused, match="flera frågor om ärendet det senaste dygnet"):
        ask(one, "En till?")
    assert len(mails(TOPIC)) == limits.QUESTIONS_A_TICKET == 3
    all_becomes_older(hours=25)
    ask(one, "En till?")


def test_m6_an_orderer_gets_twenty_a_day_about_all_tickets(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.QUESTIONS_TO_ORDERER == 20
    monkeypatch.setattr(limits, "QUESTIONS_TO_ORDERER", 2)
    first, second, third = (
        taken(ask_for_number(register, employee_name=name), an_agent()) for name in ("Anna Berg", "Anna B", "A Berg")
    )
    ask(first)
    ask(second)
    with pytest.raises(TicketRefused, match="Carin Ek har fått många frågor"):
        ask(third)
    Message.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    ask(third)


def test_a_question_about_a_mail_is_answered_by_mail_alone(register: Register) -> None:
    """The ticket may not be on her pages, since it may be a stranger's (M5)."""
    ask(taken(ticket_of(a_mail(sender="Carin Ek <ond@example.net>")), an_agent()))
    [(to, text)] = mails(TOPIC)
    assert to == CARIN.mail
    assert "Svara på det här mejlet. Skriv aldrig" in text
    assert "/bestallare/" not in text


def test_a_ticket_of_her_pages_is_answered_there_too(one: Ticket) -> None:
    ask(one)
    [(_, text)] = mails(TOPIC)
    assert "Svara på det här mejlet, eller på beställarens sidor." in text
    assert re.search(r"Visa mina ärenden:\n\S+/bestallare/arenden/", text)


def test_a_question_that_no_server_took_is_told(per: Officer, one: Ticket) -> None:
    does(per, one, "ta/")
    does(per, one, "fraga/", line="", text=WORDS)
    words = "Den senaste frågan gick inte att skicka."
    assert not says(per.get(path(one)), words)
    Message.objects.filter(purpose=TOPIC).update(state=Message.Status.REFUSED)
    assert says(per.get(path(one)), words)


def test_who_waits_no_longer_is_not_said_to(one: Ticket) -> None:
    """After the orderer was verified, or the details corrected, the answer is of no more use."""
    ask(one)
    assert questions.standing(one.entries.order_by("-at", "-pk")) == "asked"
    states.add_note(one.pk, an_agent(), "Ringer i morgon.")
    assert Ticket.objects.annotate(now=questions.standing_column()).get().now == "asked"
    states.add_entry(one, What.CALLED_BACK, an_agent(), "Carin Ek")
    assert Ticket.objects.annotate(now=questions.standing_column()).get().now == "called back"
    assert timeline(one)[-1][0] == What.CALLED_BACK
