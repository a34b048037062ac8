"""A question to the orderer and its answer, as the agent and the orderer meet them."""

from __future__ import annotations

from collections.abc import Callable

from django.test import override_settings

from accounts.models import Orderer
from deploy.local.cast import CARIN, STEFAN
from helpdesk.intake.receive import receive
from helpdesk.models import Ticket
from helpdesk.tickets import questions, states
from notifications.models import Message
from tests.browser.states.agent_ticket import anyone_asked, asked, opened, per, took
from tests.browser.states.office import as_carin
from tests.browser.states.state import State, Steps, typed
from tests.browser.visitor import Visitor
from tests.helpdesk.asked import an_agent
from tests.helpdesk.mailing import PASSED, SERVER, a_mail

WORDS = "Arbetar medarbetaren kvar hos er?\nVi hittar två som heter Anna Berg. Är det hon på Tybble?"
REPLY = "Hej!\n\nJa, det är hon. Hon tappade mobilen i går.\n\nMed vänlig hälsning\nCarin Ek\n"
SUMMARY = "Fråga beställaren med ett mejl"


def has_asked(one: Ticket) -> None:
    took(one)
    questions.ask(one.pk, per(), WORDS)


def answered(said: str = PASSED, **headers: str) -> Callable[[Ticket], None]:
    """``said``: Authentication-Results."""

    def then(one: Ticket) -> None:
        has_asked(one)
        message = Message.objects.filter(purpose=Message.Topic.TICKET_QUESTION).latest("pk")
        named = {"In-Reply-To": f"<{message.uid}@orebro.se>", "Authentication_Results": said, **headers}
        with override_settings(HELPDESK_AUTHSERV_ID=SERVER):
            receive(a_mail(REPLY, subject=f"SV: {message.subject}", **named))

    return then


def answered_on_the_pages(one: Ticket) -> None:
    has_asked(one)
    questions.answer(one.pk, Orderer.objects.get(email=CARIN.mail), "Ja, det är hon.")
    questions.ask(one.pk, per(), "Har hon en ny mobil redan?")


def unfolded(before: Steps) -> Steps:
    """And then the form was opened. The page is looked at from its top, where nothing lies below the bar."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        visitor.page.locator("summary", has_text=SUMMARY).click()
        visitor.page.evaluate("scrollTo(0, 0)")

    return steps


def in_the_queue(visitor: Visitor) -> None:
    """Per's tickets: one waits, one is answered."""
    opened(asked, answered())(visitor)
    has_asked(asked(STEFAN))
    visitor.open("/helpdesk/?flik=mina")


def left_empty(visitor: Visitor) -> None:
    unfolded(opened(asked, took))(visitor)
    visitor.page.get_by_role("button", name="Skicka frågan").click()


def carin_is_asked(visitor: Visitor) -> None:
    """She opens the ticket."""
    one = asked()
    states.take(one.pk, an_agent())
    questions.ask(one.pk, an_agent(), WORDS)
    as_carin(visitor)
    visitor.open(f"/bestallare/arenden/{one.number}/")


def on_her_list(visitor: Visitor) -> None:
    carin_is_asked(visitor)
    visitor.open("/bestallare/arenden/")


TICKET_QUESTION = (
    State("helpdesk-fraga", "helpdesk-ticket", "som är adressen i registret", unfolded(opened(asked, took))),
    State("helpdesk-fraga-empty", "helpdesk-ask", "Skriv en fråga, eller välj en färdig.", left_empty),
    State("helpdesk-fraga-asked", "helpdesk-ticket", "väntar på svar", opened(asked, has_asked)),
    State("helpdesk-fraga-answered", "helpdesk-ticket", "Visa hela mejlet", opened(asked, answered())),
    State("helpdesk-fraga-unsure", "helpdesk-ticket", "svar, inte kontrollerat", opened(asked, answered(""))),
    State("helpdesk-fraga-more", "helpdesk-ticket", "Har hon en ny mobil redan?", opened(asked, answered_on_the_pages)),
    State(
        "helpdesk-fraga-nobody",
        "helpdesk-ticket",
        "ärendet har ingen beställare där",
        unfolded(opened(anyone_asked, took)),
    ),
    State("helpdesk-ko-fraga", "helpdesk-queue", "frågad", in_the_queue),
    State("bestallare-arenden-fraga", "orderer-tickets", "helpdesk har en fråga", on_her_list),
    State("bestallare-fraga", "orderer-ticket", "Helpdesk har en fråga", carin_is_asked),
    State("bestallare-fraga-empty", "orderer-answer", "Skriv ditt svar.", typed(carin_is_asked)),
)
