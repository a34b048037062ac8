"""Why something could not be done to a request, in words for whoever tried."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.models import User
from helpdesk.models import Ticket
from idportal import clock


class TicketRefused(Exception):
    """Nothing was changed. The text is for the reader and says what to do next."""


class Closed(TicketRefused):
    """Somebody was first: it is decided, or withdrawn."""

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
    """Another agent has it, or nobody has."""

    def __init__(self, ticket: Ticket) -> None:
        self.agent: User | None = ticket.agent
        if ticket.agent:
            words = {"number": ticket.number, "who": ticket.agent.username}
            super().__init__(_("%(who)s har ärende %(number)s. Ta över det först, om ni är överens om det.") % words)
        else:
            super().__init__(_("Ta ärendet först, så att ingen annan arbetar med det samtidigt."))


class NotVerified(TicketRefused):
    """Nobody has made sure that who asks is the orderer (H1)."""

    def __init__(self) -> None:
        super().__init__(
            _("Kontrollera först att det är beställaren: skicka en kod till beställarens mobil, eller ring upp.")
        )


class SecondAgentNeeded(TicketRefused):
    """HELPDESK_FOUR_EYES: who verified may not approve (H2)."""

    def __init__(self) -> None:
        super().__init__(
            _("Du har själv kontrollerat beställaren. En annan handläggare ska ta över ärendet och godkänna det.")
        )


class Blocked(TicketRefused):
    """What stands in the way. The request stays open, and its timeline says so."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        super().__init__(" ".join(self.reasons))
