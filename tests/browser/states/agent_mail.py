"""A ticket that came by mail, as agents see it: the mail beside its fields, and what is filled in."""

from __future__ import annotations

from collections.abc import Callable

from django.test import override_settings

from deploy.local.cast import MARIA
from helpdesk.intake.receive import receive
from helpdesk.models import Ticket
from tests.browser.states.agent_ticket import long_ago, opened, took
from tests.browser.states.state import State, Steps
from tests.browser.visitor import Visitor
from tests.helpdesk.mailing import CARIN, PASSED, SERVER, a_mail

WHOLE = """\
Hej!

Anna har tappat sin telefon och hennes lösenord har gått ut.

Behörig beställare: Carin Ek
Namn och användarnamn på personalen: Anna Berg, lovanber11
Nytt mobil nr som ska kopplas: 070-174 06 20

Med vänlig hälsning
Carin Ek
Hemtjänst Ett AB, 070-174 06 52
"""
HALF = "Hej!\n\nAnna Berg har tappat sin telefon, kan ni hjälpa henne?\n\nMvh Carin\nSkickat från min iPhone"


def mailed(
    text: str = WHOLE,
    *,
    sender: str = CARIN,
    subject: str = "Koppla nytt mobil nr",
    said: str = PASSED,
    reply: str = "",
    **headers: str,
) -> Callable[[], Ticket]:
    """``said``: Authentication-Results; ``reply``: the text of a mail that joined it."""

    def make() -> Ticket:
        long_ago()
        if said:
            headers["Authentication_Results"] = said
        with override_settings(HELPDESK_AUTHSERV_ID=SERVER):
            one = _ticket(a_mail(text, sender=sender, subject=subject, **headers))
            if reply:
                _ticket(a_mail(reply, subject=f"SV: Ärende {one.number} har kommit in"))
        return one

    return make


def _ticket(raw: bytes) -> Ticket:
    one = receive(raw).ticket
    assert one
    return one


def filled_in(text: str = HALF, query: str = "", **fields: str) -> Steps:
    """The form, and what is typed in it."""

    def steps(visitor: Visitor) -> None:
        made: list[Ticket] = []

        def make() -> Ticket:
            made.append(mailed(text)())
            return made[0]

        opened(make, took)(visitor)
        visitor.open(f"/helpdesk/arenden/{made[0].number}/uppgifter/{query}")
        if fields:
            visitor.submit(**fields)

    return steps


THEIRS = {"employee_name": MARIA.name, "employee_username": MARIA.username, "new_number": "070-174 06 90"}
STRANGER = "Carin Ek <carin.ek@example.net>"
BORTA = {"subject": "Automatiskt svar: Utgående lösenord", "Auto_Submitted": "auto-replied"}

AGENT_MAIL = (
    State("helpdesk-mejl", "helpdesk-ticket", "intygad av mejlservern", opened(mailed(), took)),
    State("helpdesk-mejl-half", "helpdesk-ticket", "fyll i det som saknas", opened(mailed(HALF), took)),
    State(
        "helpdesk-mejl-nobody",
        "helpdesk-ticket",
        "Nästa steg: välj beställare",
        opened(mailed(WHOLE.replace("Carin Ek", "Chefen"), sender="x@example.net", said=""), took),
    ),
    State("helpdesk-mejl-forged", "helpdesk-ticket", "vem som helst", opened(mailed(sender=STRANGER, said=""), took)),
    State(
        "helpdesk-mejl-reply",
        "helpdesk-ticket",
        "Hon har numret nu.",
        opened(mailed(reply="Hon har numret nu. Kan ni skynda er?")),
    ),
    State(
        "helpdesk-mejl-automatic",
        "helpdesk-ticket",
        "Ett program har skrivit mejlet",
        opened(mailed("Jag är på semester till den 3 augusti.", said="", **BORTA), took),
    ),
    State("helpdesk-uppgifter", "helpdesk-complete", "Anna Berg har tappat", filled_in()),
    State(
        "helpdesk-uppgifter-empty",
        "helpdesk-complete",
        "Skriv användarnamnet",
        filled_in(employee_name="", employee_username="", new_number=""),
    ),
    State("helpdesk-uppgifter-doubt", "helpdesk-complete", "Stämmer det här?", filled_in(**THEIRS)),
    State("helpdesk-uppgifter-sok", "helpdesk-complete", "De här stämmer med", filled_in(query="?bestallare=sok")),
)
