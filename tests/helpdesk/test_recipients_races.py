"""Never more than two recipients, however many write at once, with real threads on PostgreSQL: security.md H6."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import companies
from accounts.models import Company, Event
from helpdesk.models import Confirmation, Ticket
from helpdesk.tickets import decisions, recipients
from helpdesk.tickets.states import TicketRefused
from notifications.models import Message
from tests.accounts.helpers import trail
from tests.accounts.test_races import at_once
from tests.helpdesk.asked import an_agent, ask_for_recipients, mails, taken, token_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.test_recipients import PATH, counting

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def addresses(number: int) -> tuple[str, str]:
    return f"a{number}@hemtjanst-ett.example", f"b{number}@hemtjanst-ett.example"


def asked(register: Register, number: int) -> Ticket:
    return taken(ask_for_recipients(register, *addresses(number)), an_agent())


def test_h6_ten_parallel_posts_leave_no_third(register: Register) -> None:
    """Asked, approved and confirmed, all ten of them at once; two new ones each."""
    companies.set_recipients(register.ett.pk, ["forsta@hemtjanst-ett.example"], actor=None)
    opened = at_once([lambda number=number: asked(register, number) for number in range(10)], threads=10)  # type: ignore[misc]
    assert len({ticket.number for ticket in opened}) == 10
    at_once([lambda ticket=ticket: decisions.approve(ticket.pk, an_agent()) for ticket in opened], threads=10)  # type: ignore[misc]
    assert Ticket.objects.filter(state=Ticket.State.DONE).count() == 10
    assert len(mails(Message.Topic.CONFIRM_RECIPIENT)) == 20
    assert len(recipients.waiting(register.ett)) == 2, "the last approval's; the others are overtaken"

    def pressing(address: str) -> Callable[[], int]:
        token = token_of(address)
        return lambda: Client().post(PATH, {"nyckel": token}).status_code

    jobs = [pressing(address) for number in range(10) for address in addresses(number)]
    answers = at_once(jobs, threads=10)
    assert (answers.count(302), answers.count(200)) == (2, 18)
    left = {each.address for each in Confirmation.objects.exclude(confirmed_at=None)}
    assert set(counting(register.ett)) == left
    assert len(left) == 2
    assert Company.objects.get(pk=register.ett.pk).history.count() >= 2


def test_parallel_approvals_and_confirmations_and_an_administrator(register: Register) -> None:
    """All of it in a heap: nobody waits for another one in a circle, and there are never three."""
    first = asked(register, 0)
    decisions.approve(first.pk, an_agent())
    others = [asked(register, number) for number in range(1, 5)]
    seen: list[int] = []

    def approving(ticket: Ticket) -> Callable[[], object]:
        return lambda: decisions.approve(ticket.pk, an_agent())

    def pressing(address: str) -> Callable[[], object]:
        token = token_of(address)
        return lambda: recipients.confirm(token, None)

    def administrating(number: int) -> Callable[[], object]:
        return lambda: companies.set_recipients(register.ett.pk, addresses(number), actor=None)

    def looking() -> None:
        seen.append(len(counting(register.ett)))

    jobs: list[Callable[[], object]] = []
    for number, ticket in enumerate(others):
        jobs += [approving(ticket), pressing(addresses(0)[number % 2]), administrating(6 + number), looking]
    at_once(jobs, threads=8)
    assert Ticket.objects.filter(state=Ticket.State.DONE).count() == 5
    assert max([*seen, len(counting(register.ett))]) <= 2
    assert len(recipients.waiting(register.ett)) <= 2


def test_of_parallel_presses_of_one_link_one_confirms(register: Register) -> None:
    decisions.approve(asked(register, 0).pk, an_agent())
    token = token_of(addresses(0)[0])
    found = at_once([lambda: recipients.confirm(token, None)] * 10, threads=10)
    assert sum(each is not None for each in found) == 1
    assert trail(Event.RECIPIENT_CONFIRMED) == [Event.RECIPIENT_CONFIRMED]
    assert counting(register.ett) == [addresses(0)[0]]


def test_both_new_ones_at_once(register: Register) -> None:
    """Neither takes the other one's place."""
    companies.set_recipients(register.ett.pk, ["forsta@hemtjanst-ett.example"], actor=None)
    decisions.approve(asked(register, 0).pk, an_agent())
    tokens = [token_of(address) for address in addresses(0)]
    at_once([lambda token=token: recipients.confirm(token, None) for token in tokens])  # type: ignore[misc]
    assert sorted(counting(register.ett)) == sorted(addresses(0))
    with pytest.raises(TicketRefused):
        decisions.approve(Ticket.objects.get().pk, an_agent())
