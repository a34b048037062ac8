"""Creates tickets for the tests, with agents who need no browser, and reads what was said about a ticket."""

import re
import uuid
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet

from accounts import directory, users
from accounts.models import User
from accounts.models.recipients import Recipients
from deploy.local.cast import ANNA, PER, Person
from helpdesk.models import Confirmation, Ticket, TimelineEntry, Verification
from helpdesk.tickets import states, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from notifications.models import Message
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import SECOND_AGENT

NEW_NUMBER = "+46701740690"
PAGES, CALL = Ticket.Source.PAGES, Ticket.Source.CALL


def an_agent(person: Person = PER) -> User:
    """As the portal knows them after a sign-in; what they may do is for the doors to ask."""
    account_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, person.username))
    return User.objects.get_or_create(directory_id=account_id, defaults={"username": person.username})[0]


def ask_for_number(register: Register, **other: Any) -> Ticket:
    """Carin asks for a new number for Anna. What differs: fields of TicketDetails, arguments of ``create_ticket``."""
    words: dict[str, Any] = {
        "source": PAGES,
        "company": register.ett,
        "orderer": register.carin,
        "employee_name": ANNA.name,
        "employee_username": ANNA.username,
        "new_number": NEW_NUMBER,
    }
    return _created(Ticket.Kind.PHONE, {**words, **other})


def ask_for_recipients(register: Register, *addresses: str, **other: Any) -> Ticket:
    """Carin asks that these be the recipients of her company."""
    words: dict[str, Any] = {"source": PAGES, "company": register.ett, "orderer": register.carin}
    return _created(Ticket.Kind.RECIPIENTS, {**words, "recipients": Recipients(addresses), **other})


def _created(kind: Ticket.Kind, words: dict[str, Any]) -> Ticket:
    fields = {name: words.pop(name) for name in TicketDetails._fields if name in words}
    return create_ticket(TicketDetails(kind, **fields), **words)


def taken(ticket: Ticket, agent: User) -> Ticket:
    return states.take(ticket.pk, agent)


def a_colleague_called_back(ticket: Ticket, agent: User | None = None) -> Ticket:
    """The second agent called the orderer back and left the ticket to this one, who may approve it (H8)."""
    sara = an_agent(SECOND_AGENT)
    taken(ticket, sara)
    verification.called_back(ticket.pk, sara, "Carin Ek")
    return taken(ticket, agent or an_agent())


def in_the_directory(person: Person) -> User:
    """The portal's row of somebody whom the directory has."""
    account = directory.connect().find(person.username)
    assert account, f"{person.username} is not in the directory"
    return users.for_account(account)


def timeline(ticket: Ticket) -> list[tuple[str, str]]:
    """What happened, and who did it."""
    return [(str(entry.what), entry.who) for entry in TimelineEntry.objects.filter(ticket=ticket)]


def state_of(ticket: Ticket) -> str:
    return str(Ticket.objects.get(pk=ticket.pk).state)


def mails(purpose: Message.Topic) -> list[tuple[str, str]]:
    """To whom, and its text, oldest first."""
    rows = Message.objects.filter(purpose=purpose, kind=Message.Channel.MAIL).order_by("pk")
    return [(row.to, row.text) for row in rows]


def link_to(address: str) -> str:
    """The newest link that a new recipient has been sent, as a browser of the tests opens it."""
    texts = [text for to, text in mails(Message.Topic.CONFIRM_RECIPIENT) if to == address]
    assert texts, f"{address} was not asked"
    found = re.search(r"/bestallare/mottagare/bekrafta/\?nyckel=\S+", texts[-1])
    assert found, "the letter holds no link"
    return found[0]


def token_of(address: str) -> str:
    return link_to(address).partition("nyckel=")[2]


def all_becomes_older(**length: float) -> None:
    """Requests and what hangs on them. Arguments as timedelta's."""
    by = timedelta(**length)
    Ticket.objects.update(created_at=F("created_at") - by, decided_at=F("decided_at") - by)
    QuerySet(TimelineEntry).update(at=F("at") - by)
    Verification.objects.update(begun_at=F("begun_at") - by, done_at=F("done_at") - by)
    Confirmation.objects.update(asked_at=F("asked_at") - by, until=F("until") - by)
