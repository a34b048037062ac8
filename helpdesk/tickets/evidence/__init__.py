"""What is known beside what is asked, and what speaks against it: for the agent who decides.

Facts and flags are made anew each time from the directory and the registers. A red flag says what is odd and what to
do; an obstacle is what ``decisions.approve`` refuses.
"""

from __future__ import annotations

from accounts import directory, phones
from accounts.directory import Account, DirectoryError
from helpdesk.models import Ticket
from helpdesk.tickets.evidence import blockers, facts, flags
from helpdesk.tickets.evidence.context import TicketContext
from helpdesk.tickets.evidence.parts import Evidence, Fact, Flag

__all__ = ["Evidence", "Fact", "Flag", "blockers_of", "gather"]


def gather(ticket: Ticket) -> Evidence:
    """All of it, for the page. ``request``: with its company and orderer, or they are asked for, too."""
    account, down = None, False
    if ticket.employee_username:
        try:
            account = directory.connect().find(ticket.employee_username)
        except DirectoryError:
            down = True
    known = TicketContext(ticket, account)
    against = blockers.of_registers(known) if down else blockers.find(known)
    return Evidence(
        requester=list(facts.of_requester(known)),
        account=list(facts.of_account(known, down)),
        number=list(facts.of_number(known)),
        earlier=known.earlier,
        flags=list(flags.find(known, down)) if ticket.open else [],
        obstacles=against if ticket.open else [],
        directory_down=down,
        person=account,
        tells_old_number=phones.tells_old_number(known.phone, ticket.new_number),
        mobile_changed=known.changed_lately("mobile") is not None,
        told=known.told,
        by_program=known.by_program,
        verified=known.verified,
        timeline=known.timeline,
    )


def blockers_of(ticket: Ticket, account: Account | None) -> list[str]:
    """Why the request can't be carried out as things stand, in words that say what to do; empty if it can.

    ``account``: whom the user name of a PHONE request belongs to now.
    """
    return blockers.find(TicketContext(ticket, account))
