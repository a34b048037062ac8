"""A change of recipients: an agent approves it, then each new address confirms it by mail (security.md H6).

Rows are locked in this order: the ticket, the company, the confirmation. An administrator who deletes the company at
that very moment locks them the other way round: the database then ends one of the two, whole.
"""

import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, companies, limits
from accounts.models import BouncedAddress, Company, Event, User
from accounts.models.recipients import Recipients, usual
from accounts.privacy.encryption import token_digest
from helpdesk.models import Confirmation, Ticket, TimelineEntry
from helpdesk.tickets import letters
from helpdesk.tickets.states import Blocked, add_entry


def begin(ticket: Ticket, agent: User, address: str | None) -> None:
    """Asks each new address to confirm, in the caller's transaction, which has locked the ticket.

    Recipients who are to leave are told now. They leave when the first new one confirms; with no new one, at once.
    Earlier changes of the company that still wait are ended. Raises Blocked.
    """
    company = _locked_company(ticket)
    if company is None:
        raise Blocked(_("Företaget finns inte i registret längre, eller är inte aktivt. Avslå ärendet."))
    wanted = ticket.recipients
    try:
        for each in wanted:
            usual(each)
    except ValidationError:
        wanted = Recipients()
    if not wanted:
        raise Blocked(_("Ärendet har ingen riktig e-postadress. Avslå det och be beställaren skriva den igen."))
    now = timezone.now()
    _waiting().filter(ticket__company=company).update(ended_at=now)
    new = wanted - company.recipients
    letters.tell_leaving(ticket, company.recipients - wanted, at_once=not new)
    if not new:
        companies.set_recipients(company.pk, list(company.recipients & wanted), actor=agent, address=address)
    for new_address in new:
        token = secrets.token_urlsafe(24)
        Confirmation.objects.create(
            ticket=ticket,
            address=new_address,
            digest=token_digest(token),
            asked_at=now,
            until=now + limits.RECIPIENT_CONFIRMATION,
            recipients_before=company.recipients.compared,
        )
        letters.ask_to_confirm(ticket, new_address, token)


def waiting(company: Company) -> list[Confirmation]:
    """The company's confirmations that are not answered yet, and would count."""
    asked = _asked().filter(ticket__company=company).order_by("pk")
    return [confirmation for confirmation in asked if _counts(confirmation)]


def find(token: str) -> Confirmation | None:
    """The link's confirmation, if an answer would count."""
    found = _asked().filter(digest=token_digest(token)).first()
    return found if found and _counts(found) else None


def _asked() -> QuerySet[Confirmation]:
    active = _waiting().filter(ticket__company__active=True)
    return active.select_related("ticket__company", "ticket__orderer")


def _counts(confirmation: Confirmation) -> bool:
    """Whether the orderer is still authorised, and the company's recipients are those that the approval left."""
    company = confirmation.ticket.company
    now = company.recipients.compared if company else []
    return confirmation.recipients_before == now and confirmation.ticket.orderer_is_authorised()


def confirm(token: str, address: str | None) -> Confirmation | None:
    """Makes the address a recipient. None: the link is unknown, too old, overtaken, or used.

    If an administrator has set the recipients since the approval, that is the later decision: it ends all that waits.
    """
    with transaction.atomic():
        found = _asked().filter(digest=token_digest(token)).first()
        if found is None or not found.ticket.orderer_is_authorised():
            return None
        ticket = Ticket.objects.select_for_update().get(pk=found.ticket_id)
        company = _locked_company(ticket)
        confirmation = _waiting().select_for_update().filter(pk=found.pk).first()
        if company is None or confirmation is None:
            return None
        if confirmation.recipients_before != company.recipients.compared:
            _waiting().filter(ticket__company=company).update(ended_at=timezone.now())
            return None
        # Two at most: the wanted one that is a recipient already, and this one.
        staying = (company.recipients & ticket.recipients) - Recipients([confirmation.address])
        after = companies.set_recipients(company.pk, [*staying, confirmation.address], actor=None, address=address)
        _waiting().filter(ticket=ticket).update(recipients_before=after.recipients.compared)
        confirmation.confirmed_at = timezone.now()
        confirmation.save(update_fields=["confirmed_at"])
        # A confirmation shows that mail arrives.
        BouncedAddress.objects.filter(address=confirmation.address.lower()).delete()
        add_entry(ticket, TimelineEntry.What.CONFIRMED, None, confirmation.address)
        audit.record(Event.RECIPIENT_CONFIRMED, company, result=ticket.number, address=address)
    return found


def _locked_company(ticket: Ticket) -> Company | None:
    """The ticket's company, locked, if it is active."""
    return Company.objects.select_for_update().filter(pk=ticket.company_id or 0, active=True).first()


def _waiting() -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(confirmed_at=None, ended_at=None, until__gt=timezone.now())
