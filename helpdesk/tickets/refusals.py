"""Why something could not be done to a request, in words for whoever tried."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from helpdesk.models import Request


class Refused(Exception):
    """Nothing was changed. The text is for the reader and says what to do next."""


class Closed(Refused):
    """Somebody was first: it is decided, or withdrawn."""

    def __init__(self, request: Request) -> None:
        self.request = request
        at = f"{timezone.localtime(request.decided_at):%Y-%m-%d %H:%M}" if request.decided_at else ""
        words = {"number": request.number, "state": request.get_state_display(), "when": at}
        if request.decided_by:
            words["who"] = request.decided_by.username
            super().__init__(_("Ärende %(number)s är redan %(state)s av %(who)s, %(when)s.") % words)
        else:
            super().__init__(_("Ärende %(number)s är redan %(state)s, %(when)s.") % words)


class NotYours(Refused):
    """Another agent has it, or nobody has."""

    def __init__(self, request: Request) -> None:
        self.agent: User | None = request.agent
        if request.agent:
            words = {"number": request.number, "who": request.agent.username}
            super().__init__(_("%(who)s har ärende %(number)s. Ta över det först, om ni är överens om det.") % words)
        else:
            super().__init__(_("Ta ärendet först, så att ingen annan arbetar med det samtidigt."))


class NotVerified(Refused):
    """Nobody has made sure that who asks is the orderer (H1)."""

    def __init__(self) -> None:
        super().__init__(
            _("Kontrollera först att det är beställaren: skicka en kod till beställarens mobil, eller ring upp.")
        )


class FourEyes(Refused):
    """HELPDESK_FOUR_EYES: who verified may not approve (H2)."""

    def __init__(self) -> None:
        super().__init__(
            _("Du har själv kontrollerat beställaren. En annan handläggare ska ta över ärendet och godkänna det.")
        )


class CantCarryOut(Refused):
    """What stands in the way. The request stays open, and its timeline says so."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        super().__init__(" ".join(self.reasons))
