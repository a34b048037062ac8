"""Refusals: why nothing was done to a ticket, in words for the agent or orderer who tried.

The words of what stops an approval stand in ``evidence.blockers``.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.models import User
from helpdesk.models import Ticket
from idportal import clock


class TicketRefused(Exception):
    """Nothing was changed. The text says what to do next."""


class Closed(TicketRefused):
    """The ticket is decided or withdrawn already."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        at = clock.stamp(ticket.decided_at)
        words = {"number": ticket.number, "state": ticket.get_state_display(), "when": at}
        if ticket.decided_by:
            words["who"] = ticket.decided_by.username
            super().__init__(_("Ärende %(number)s är redan %(state)s av %(who)s, %(when)s.") % words)
        else:
            super().__init__(_("Ärende %(number)s är redan %(state)s, %(when)s.") % words)


class AssignedToOther(TicketRefused):
    """A colleague has the ticket, or no agent has."""

    def __init__(self, ticket: Ticket) -> None:
        self.agent: User | None = ticket.agent
        if ticket.agent:
            words = {"number": ticket.number, "who": ticket.agent.username}
            super().__init__(_("%(who)s har ärende %(number)s. Ta över det först, om ni är överens om det.") % words)
        else:
            super().__init__(_("Ta ärendet först, så att ingen annan arbetar med det samtidigt."))


class NotVerified(TicketRefused):
    """The orderer is not verified (H1)."""

    def __init__(self) -> None:
        super().__init__(
            _("Kontrollera först att det är beställaren: skicka en kod till beställarens mobil, eller ring upp.")
        )


class SecondAgentNeeded(TicketRefused):
    """HELPDESK_FOUR_EYES: the agent who verified the orderer may not approve (H2)."""

    def __init__(self) -> None:
        super().__init__(
            _("Du har själv kontrollerat beställaren. En annan handläggare ska ta över ärendet och godkänna det.")
        )


class Blocked(TicketRefused):
    """The ticket has blockers. It stays open, and its timeline names them."""

    def __init__(self, blockers: Sequence[str]) -> None:
        self.blockers = list(blockers)
        super().__init__(" ".join(self.blockers))
