"""External companies: matching accounts to them, and changing them with history and audit events."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.companies import orderers
from accounts.models import BouncedAddress, Company, Event, User
from accounts.models.companies import CompanyMatcher
from accounts.models.recipients import RECIPIENT_COLUMNS, Recipients
from accounts.signals import address_bounced, recipients_changed


def store(company: Company, *, actor: User | None, address: str | None = None, by_ticket: bool = False) -> list[str]:
    """Saves a new or changed company that has been cleaned, and returns the names of the fields that changed.

    ``actor`` None: a command. Recipients who change are told, old and new (H9), unless a command adds the company, or
    ``by_ticket``: then the ticket's own mails tell them (H6). The row, its history, its audit events and its notices
    are written together or not at all, and nothing if nothing changed. Raises IntegrityError if another company got its
    name, number or value meanwhile.
    """
    with transaction.atomic():
        before = Company.objects.select_for_update().filter(pk=company.pk).first() if company.pk else None
        changed = [
            name
            for name in (*Company.own_fields, *RECIPIENT_COLUMNS)
            if before is None or getattr(before, name) != getattr(company, name)
        ]
        if not changed:
            return []
        company._history_user = actor
        company.save()
        own = [name for name in changed if name in Company.own_fields]
        if before is None:
            audit.record(Event.COMPANY_ADDED, company, actor=actor, address=address)
        elif own:
            audit.record(Event.COMPANY_CHANGED, company, actor=actor, result=", ".join(own), address=address)
        had = before.recipients if before else Recipients()
        if list(company.recipients) != list(had):
            audit.record(Event.RECIPIENTS_CHANGED, company, actor=actor, address=address)
            if company.recipients != had and not by_ticket and (before or actor):
                recipients_changed.send(sender=Company, company=company, before=had)
    return changed


def set_recipients(
    company_id: int, addresses: Sequence[str], *, actor: User | None, address: str | None = None
) -> Company:
    """Makes these the company's recipients, from now on, as a ticket asks. Returns the company.

    Of parallel calls the last one's recipients stand, whole: the row is locked (security.md H6). ``address``: of the
    client. Raises ValidationError for one too many, for the same one twice and for what is no address;
    Company.DoesNotExist.
    """
    wanted = Recipients.checked(addresses)
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company_id)
        company.recipients = wanted
        company.clean_fields(exclude=Company.own_fields)
        company.clean()
        store(company, actor=actor, address=address, by_ticket=True)
    return company


def remove(company: Company, *, actor: User | None, address: str | None = None) -> None:
    """Deletes a company. Its orderers stay, without it, and so do messages about it, without its name."""
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        audit.record(Event.COMPANY_REMOVED, company, actor=actor, address=address)
        for orderer in company.orderers.prefetch_related("companies"):
            left = [other for other in orderer.companies.all() if other != company]
            orderers.store(orderer, left, actor=actor, address=address)
        company._history_user = actor
        company.delete()


def note_bounce(address: str, reason: str) -> None:
    """Notes that mail to the address came back, or was refused for good. Administrators and orderers see it."""
    with transaction.atomic():
        row, _made = BouncedAddress.objects.get_or_create(address=address.lower())
        changes = {"count": F("count") + 1, "last_at": timezone.now(), "reason": reason[:200]}
        BouncedAddress.objects.filter(pk=row.pk).update(**changes)
        row.refresh_from_db()
        address_bounced.send(BouncedAddress, address=row.address, count=row.count, reason=row.reason)
