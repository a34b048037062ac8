"""Every page that a person may meet, in every state: what test_accessibility.py tries and ``make screenshots`` shows.

A state is named after its address and what is special about it; the plain names are those that the guides show.
"""

from __future__ import annotations

from tests.browser.states.agent_accounts import AGENT_ACCOUNTS
from tests.browser.states.agent_mail import AGENT_MAIL
from tests.browser.states.agent_overview import AGENT_OVERVIEW
from tests.browser.states.agent_queue import AGENT_QUEUE
from tests.browser.states.agent_ticket import AGENT_REQUEST
from tests.browser.states.orderer_ask import ORDERER_ASK
from tests.browser.states.orderer_employees import ORDERER_STAFF
from tests.browser.states.orderer_sign_in import ORDERER_SIGN_IN
from tests.browser.states.others import DEMO, ERRORS, START
from tests.browser.states.phone_link import PHONE_LINK
from tests.browser.states.recipient_confirm import RECIPIENT_CONFIRM
from tests.browser.states.register import REGISTER
from tests.browser.states.reset import RESET
from tests.browser.states.staff import STAFF
from tests.browser.states.state import State
from tests.browser.states.ticket_question import TICKET_QUESTION

_SWEDISH = (
    *START,
    *REGISTER,
    *RESET,
    *STAFF,
    *PHONE_LINK,
    *ORDERER_SIGN_IN,
    *ORDERER_STAFF,
    *ORDERER_ASK,
    *AGENT_OVERVIEW,
    *RECIPIENT_CONFIRM,
    *AGENT_QUEUE,
    *AGENT_REQUEST,
    *AGENT_MAIL,
    *TICKET_QUESTION,
    *AGENT_ACCOUNTS,
    *ERRORS,
    *DEMO,
)

# The pages of both journeys from end to end, and what is said beside them.
_ALSO_ENGLISH = (
    *("start", "tillganglighet", "personuppgifter"),
    *("registrera", "registrera-expired", "registrera-mobil", "registrera-kod", "registrera-klart"),
    *("aterstall", "aterstall-kod-help", "aterstall-losenord-same", "aterstall-klart"),
    *("logga-in", "logga-in-startkod", "logga-in-kod-first", "logga-in-koder", "logga-in-sessioner"),
    "demo",
)

STATES: tuple[State, ...] = (*_SWEDISH, *(state.in_english() for state in _SWEDISH if state.name in _ALSO_ENGLISH))

# What differs most between municipalities: test_sites.py and ``make screenshots`` show it of each that the demo has.
OF_A_SITE = tuple(state for state in _SWEDISH if state.name in ("start", "aterstall-kod", "helpdesk-ko"))

__all__ = ["OF_A_SITE", "STATES", "State"]
