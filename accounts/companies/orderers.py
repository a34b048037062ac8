"""Changes of an orderer, each with its history and its audit event."""

from collections.abc import Iterable

from django.db import router, transaction
from django.db.models.signals import post_save

from accounts import audit
from accounts.models import Company, Event, Orderer, User

OWN_FIELDS = ("name", "email", "mobile", "active")


def store(
    orderer: Orderer, companies: Iterable[Company], *, actor: User | None, address: str | None = None
) -> list[str]:
    """Saves a new or changed orderer that has been cleaned, with these companies; returns what changed.

    ``actor`` None: a command. The row, its companies, history and audit event are written together or not at all, and
    nothing if nothing changed. Raises IntegrityError if another orderer got the address meanwhile.
    """
    wanted = {company.pk: company for company in companies}
    with transaction.atomic():
        before = Orderer.objects.select_for_update().filter(pk=orderer.pk).first() if orderer.pk else None
        had = set(before.companies.values_list("pk", flat=True)) if before else set()
        changed = [name for name in OWN_FIELDS if before is None or getattr(before, name) != getattr(orderer, name)]
        if had != set(wanted):
            changed.append("companies")
        if not changed:
            return []
        # One row of history: the library would write one more for each change of companies.
        orderer._history_user = actor
        orderer.skip_history_when_saving = True
        orderer.save()
        orderer.companies.set(wanted.values())
        del orderer.skip_history_when_saving
        database = router.db_for_write(Orderer)  # this signal makes the library write history
        post_save.send(Orderer, instance=orderer, created=not before, update_fields=None, raw=False, using=database)
        event = Event.ORDERER_CHANGED if before else Event.ORDERER_ADDED
        result = ", ".join(changed) if before else ""
        audit.record(event, orderer, actor=actor, result=result, address=address)
    return changed


def remove(orderer: Orderer, *, actor: User | None, address: str | None = None) -> None:
    """Deletes an orderer. The history and the audit trail keep the name."""
    with transaction.atomic():
        orderer = Orderer.objects.select_for_update().get(pk=orderer.pk)
        audit.record(Event.ORDERER_REMOVED, orderer, actor=actor, address=address)
        orderer._history_user = actor
        orderer.delete()
