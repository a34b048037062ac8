"""The evidence for and against a ticket, for the agent who decides.

Facts and flags are made anew each time from the directory and the registers. A flag says what is odd and what to do; a
blocker is what ``decisions.approve`` refuses.
"""

from collections.abc import Sequence
from functools import cached_property

from accounts import directory
from accounts.directory import Account, DirectoryError
from helpdesk.models import Ticket
from helpdesk.tickets.evidence import blockers, facts, flags, registers
from helpdesk.tickets.evidence.context import TicketContext
from helpdesk.tickets.evidence.levels import Level, worst

__all__ = ["Evidence", "Level", "blockers_of", "gather", "gather_many", "worst"]


class Evidence(TicketContext):
    """A ticket's context, and what it amounts to. A closed ticket has neither flags nor blockers: it is decided."""

    requester_facts = cached_property(lambda self: list(facts.about_requester(self)))
    account_facts = cached_property(lambda self: list(facts.about_account(self)))
    number_facts = cached_property(lambda self: list(facts.about_number(self)))
    flags = cached_property(lambda self: flags.find(self) if self.ticket.open else [])
    blockers = cached_property(lambda self: blockers.find(self) if self.ticket.open else [])


def gather(ticket: Ticket) -> Evidence:
    """The evidence as things stand now. A directory that is down leaves out what it would tell of the account."""
    account, down = None, False
    try:
        account = directory.connect().find(ticket.employee_username) if ticket.employee_username else None
    except DirectoryError:
        down = True
    found = Evidence(ticket, account, directory_down=down)
    registers.fill([found])
    return found


def gather_many(tickets: Sequence[Ticket]) -> list[Evidence]:
    """The evidence of each, for its flags and blockers alone, with as many statements as of one."""
    registers.read(tickets)
    accounts = registers.accounts_of(tickets)
    found = [Evidence(ticket, accounts.get(ticket.pk), directory_down=ticket.pk not in accounts) for ticket in tickets]
    registers.fill(found)
    registers.count(found)
    return found


def blockers_of(ticket: Ticket, account: Account | None) -> list[str]:
    """Why the ticket can't be carried out as things stand. ``account``: the one that has its user name now."""
    context = TicketContext(ticket, account)
    registers.fill([context])
    return blockers.find(context)
