"""Changes to an orderer, each with its history and its audit event (security.md H9)."""

from collections.abc import Iterable

from django.db import router, transaction
from django.db.models.signals import post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, limits
from accounts.models import Company, Event, Orderer, User
from accounts.signals import orderer_contact_changed, orderer_joined

OWN_FIELDS = ("name", "email", "mobile", "active")


def store(
    orderer: Orderer, companies: Iterable[Company], *, actor: User | None, address: str | None = None
) -> list[str]:
    """Saves a new or changed orderer that has been cleaned, with these companies; returns what changed.

    Other contact details than before verify nobody for CONTACT_WAIT, unless a second administrator confirms them; nor
    do a new orderer's. ``actor`` None: a command. An orderer whom a command adds counts as confirmed: the registers are
    first filled that way. The row, its companies, history, audit event and notices are written together or not at all,
    and nothing if nothing changed. Raises IntegrityError if another orderer got the address meanwhile.
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
        loaded = before is None and actor is None
        details_are_new = not loaded and (before is None or _contact(before) != _contact(orderer))
        orderer.waits_until = before.waits_until if before else None
        if details_are_new:
            orderer.waits_until = timezone.now() + limits.CONTACT_WAIT
        _save(orderer, wanted.values(), actor, created=before is None)
        event = Event.ORDERER_CHANGED if before else Event.ORDERER_ADDED
        result = ", ".join(changed) if before else ""
        audit.record(event, orderer, actor=actor, result=result, address=address)
        if details_are_new:
            orderer_contact_changed.send(sender=Orderer, orderer=orderer, before=before)
        begins = orderer.active and not (before and before.active)
        joined = [company for pk, company in wanted.items() if begins or pk not in had]
        if joined and orderer.active and not loaded:
            orderer_joined.send(sender=Orderer, orderer=orderer, companies=joined)
    return changed


def _contact(orderer: Orderer) -> tuple[str, str]:
    return orderer.email.lower(), orderer.mobile


def _save(orderer: Orderer, companies: Iterable[Company], actor: User | None, *, created: bool) -> None:
    """One row of history: the library would write one more for each change of companies."""
    orderer._history_user = actor
    orderer.skip_history_when_saving = True
    orderer.save()
    orderer.companies.set(companies)
    del orderer.skip_history_when_saving
    database = router.db_for_write(Orderer)  # this signal makes the library write history
    post_save.send(Orderer, instance=orderer, created=created, update_fields=None, raw=False, using=database)


class ConfirmRefused(Exception):
    """Contact details were not confirmed, and nothing changed. The text is for the administrator."""


@transaction.atomic
def confirm(orderer_id: int, *, actor: User, seen: str, address: str | None = None) -> None:
    """Confirms changed contact details, which verify the orderer from now on (security.md H9).

    ``seen``: the key of the newest row of history that the administrator saw. Raises ConfirmRefused, also for an
    administrator who made one of the changes; Orderer.DoesNotExist.
    """
    orderer = Orderer.objects.select_for_update().get(pk=orderer_id)
    if not orderer.waiting:
        raise ConfirmRefused(_("Uppgifterna gäller redan. Inget behövde göras."))
    changes = orderer.history.filter(history_date__gt=timezone.now() - limits.CONTACT_WAIT)
    if changes.filter(history_user=actor).exists():
        raise ConfirmRefused(_("Du har själv ändrat uppgifterna. En annan administratör kan bekräfta dem."))
    newest = orderer.history.first()
    if newest is None or str(newest.pk) != seen:
        raise ConfirmRefused(_("Uppgifterna har ändrats igen sedan du öppnade sidan. Se efter vad som gäller nu."))
    Orderer.objects.filter(pk=orderer.pk).update(waits_until=None)  # no row of history: the trail has it
    audit.record(Event.ORDERER_CONFIRMED, orderer, actor=actor, address=address)


def remove(orderer: Orderer, *, actor: User | None, address: str | None = None) -> None:
    """Deletes an orderer. The history and the audit trail keep the name."""
    with transaction.atomic():
        orderer = Orderer.objects.select_for_update().get(pk=orderer.pk)
        audit.record(Event.ORDERER_REMOVED, orderer, actor=actor, address=address)
        orderer._history_user = actor
        orderer.delete()
