"""Ready-made reasons for a rejection: chosen on the page, and changed before it is sent."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from helpdesk.agent.forms import RejectForm
from helpdesk.models import Ticket
from notifications.models import Message
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.helpdesk.asked import ask_for_number, mails, state_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does, path

REASON = "Vi har redan ett ärende om samma sak."


def why(**typed: str) -> str:
    form = RejectForm({"why": "", "reason": "", **typed})
    return str(form.cleaned_data["why"]) if form.is_valid() else ", ".join(form.errors)


def test_what_is_written_wins_and_without_it_the_ready_made_text_is_sent() -> None:
    assert why(reason=REASON) == REASON
    assert why(reason=REASON, why=f"{REASON} Det är 2026-00041.") == f"{REASON} Det är 2026-00041."
    assert why(reason=REASON, why="  \n") == REASON
    assert why(why="Eget skäl.") == "Eget skäl."
    assert why() == "why"


def test_a_text_that_is_no_reason_is_not_sent(settings: Settings) -> None:
    settings.REJECTION_REASONS = ["Nej."]
    assert why(reason="Nej.") == "Nej."
    assert why(reason=REASON) == "reason"


@pytest.mark.django_db
@pytest.mark.usefixtures("sms")
def test_an_agent_rejects_by_a_choice_alone(per: Officer, register: Register) -> None:
    one = ask_for_number(register)
    does(per, one, "ta/")
    assert f'<option value="{REASON}">{REASON}</option>' in per.get(path(one)).content.decode()
    assert "Skriv varför ärendet avslås." in text_of(per.post(path(one, "avsla/"), reason="", why=""))
    does(per, one, "avsla/", reason=REASON, why="")
    assert state_of(one) == Ticket.State.REJECTED
    [(_to, text)] = mails(Message.Topic.TICKET_DECIDED)
    assert f"Skälet: {REASON}" in " ".join(text.split())


def test_the_reasons_are_fit_to_be_sent(settings: Settings) -> None:
    assert len(settings.REJECTION_REASONS) == len(set(settings.REJECTION_REASONS)) == 7
    assert all(reason.endswith(".") for reason in settings.REJECTION_REASONS)
