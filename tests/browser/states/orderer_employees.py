"""The orderer's list of the company's own staff."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from deploy.local.cast import ANNA, CAST, HEMTJANST_ETT, STEFAN
from helpdesk.orderer import employees
from helpdesk.orderer.employees import Employee, EmployeeList
from tests.browser.states.office import as_carin
from tests.browser.states.state import State, typed
from tests.browser.visitor import Visitor
from tests.conftest import has_number

# Beside the cast, one in each state.
OTHERS: tuple[tuple[str, str, str, int, dict[str, Any]], ...] = (
    ("lovjonbjo", "Jonna", "Björk-Sandström", 60, {"locked": True}),
    ("lovaliahm", "Ali", "Ahmed", 3, {"must_change": True}),
    ("lovevapet", "Eva", "Pettersson", 40, {}),
    ("lovulfros", "Ulf", "Ros", -2, {"disabled": True}),
)


def staff(visitor: Visitor) -> None:
    for username, given_name, surname, days_left, state in OTHERS:
        person = dataclasses.replace(
            STEFAN, username=username, given_name=given_name, surname=surname, mail="", days_left=days_left
        )
        visitor.portal.server.put(person, **state)
    for each in (STEFAN, ANNA):
        has_number(each)
    as_carin(visitor)
    visitor.open("/bestallare/")


def with_help(visitor: Visitor) -> None:
    staff(visitor)
    visitor.page.locator(".help > summary").click()


def read_again(visitor: Visitor) -> None:
    staff(visitor)
    visitor.page.get_by_role("button", name="Hämta på nytt").click()


def nobody(visitor: Visitor) -> None:
    for person in CAST:
        if person.company == HEMTJANST_ETT:
            visitor.portal.server.remove(person.username)
    as_carin(visitor)
    visitor.open("/bestallare/")


def second_page(visitor: Visitor) -> None:
    """Made up and kept, as if it had been read just now: more people than a page has."""
    company = as_carin(visitor).companies.get()
    ends = timezone.localdate() + timedelta(days=7)
    members = [
        Employee(ends, str(uuid.UUID(int=number)), f"lovmassa{number:02}", "Karl", "Lind", False, False)
        for number in range(60)
    ]
    employees.keep(company, EmployeeList(members, timezone.now()))
    visitor.open("/bestallare/?sida=2")


ORDERER_STAFF = (
    State(
        "bestallare",
        "orderer-employees",
        "går ut inom 30 dagar. 2 har redan gått ut eller måste bytas.",
        staff,
    ),
    State("bestallare-help", "orderer-employees", "Vänta en stund. Den som har ett registrerat nummer", with_help),
    State("bestallare-again", "orderer-employees", "Listan är hämtad på nytt.", read_again),
    State("bestallare-search", "orderer-employees", "Du söker på", typed(staff, q="lind")),
    State("bestallare-nobody", "orderer-employees", "Vi hittar inga medarbetare hos ert företag", nobody),
    State("bestallare-page-2", "orderer-employees", "Sida 2 av 2", second_page),
)
