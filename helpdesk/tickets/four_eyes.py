"""Whether a second agent has to approve (security.md H2, H8): where an approval rests on one agent's word, and always
soon after a number was removed, and for a number that an agent corrected. HELPDESK_FOUR_EYES: ``callback``, ``always``
or ``never``.
"""

from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import PhoneRemoval, User
from helpdesk.models import Ticket, Verification

How = Verification.How


def needs_verification(ticket: Ticket) -> bool:
    """A number always (H1). Recipients, unless they are as the orderer wrote them, signed in with a link and a code."""
    as_written = ticket.source == Ticket.Source.PAGES and ticket.changed_at is None
    return ticket.kind == Ticket.Kind.PHONE or (ticket.kind == Ticket.Kind.RECIPIENTS and not as_written)


def refusal(ticket: Ticket, agent: User, done: Collection[Verification], removals: Collection[PhoneRemoval]) -> str:
    """Why this agent may not approve, and what to do; "" if they may.

    ``done``: the verifications that count. ``removals``: of the account's numbers, lately; none for another kind of
    ticket.
    """
    removed_it = any(removal.agent_id == agent.pk for removal in removals)
    # An agent who verified does not approve, even if a colleague verified again later.
    if settings.HELPDESK_FOUR_EYES == "never" or not (removed_it or agent.pk in {each.agent_id for each in done}):
        return ""
    if removed_it:
        return _("Du tog bort kontots nummer. En annan handläggare ska ta över ärendet och godkänna det.")
    if removals:
        return _(
            "Kontots nummer togs bort nyligen, och du har själv kontrollerat beställaren. En annan handläggare ska ta "
            "över ärendet och godkänna det."
        )
    if _is_corrected(ticket):
        return _(
            "En handläggare har rättat numret, och du har själv kontrollerat beställaren. En annan handläggare ska ta "
            "över ärendet och godkänna det."
        )
    if not _only_for_calls():
        return _("Du har själv kontrollerat beställaren. En annan handläggare ska ta över ärendet och godkänna det.")
    by_calls = _("Du har själv ringt upp beställaren. En annan handläggare ska ta över ärendet och godkänna det.")
    return by_calls if code_would_do(ticket, done, removals) else ""


def code_would_do(ticket: Ticket, done: Collection[Verification], removals: Collection[PhoneRemoval]) -> bool:
    """Whether the approval rests on call backs alone, so that a code read back would spare the second agent."""
    rests_on_calls = needs_verification(ticket) and not any(each.how == How.CODE for each in done)
    return rests_on_calls and _only_for_calls() and not removals and not _is_corrected(ticket)


def correction_needs_colleague(ticket: Ticket) -> bool:
    """Whether a colleague will have to approve if the ticket's number is corrected now."""
    return ticket.kind == Ticket.Kind.PHONE and settings.HELPDESK_FOUR_EYES != "never"


def beforehand(ticket: Ticket, agent: User, removals: Collection[PhoneRemoval]) -> list[str]:
    """What each way to verify will take, for the agent who chooses one."""
    if settings.HELPDESK_FOUR_EYES == "never":
        return []
    if any(removal.agent_id == agent.pk for removal in removals):
        return [_("Du tog bort kontots nummer, så en kollega måste godkänna, hur du än kontrollerar.")]
    if removals:
        return [_("Kontots nummer togs bort nyligen, så en kollega måste godkänna, hur du än kontrollerar.")]
    if _is_corrected(ticket):
        return [_("En handläggare har rättat numret, så en kollega måste godkänna, hur du än kontrollerar.")]
    if not _only_for_calls():
        return [_("En kollega måste godkänna, hur du än kontrollerar.")]
    return [
        _("Läser beställaren upp en kod kan du godkänna själv."),
        _("Ringer du upp i stället måste en kollega godkänna."),
    ]


def _is_corrected(ticket: Ticket) -> bool:
    return ticket.kind == Ticket.Kind.PHONE and ticket.number_corrected


def _only_for_calls() -> bool:
    """Fails closed: a word that the system check refuses counts as ``always``."""
    return settings.HELPDESK_FOUR_EYES == "callback"
