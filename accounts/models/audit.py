"""The audit trail, for people and for figures. No verb depends on it, so old events can be deleted."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from idportal.append_only import AppendOnly, AppendOnlyRows


class AppendOnlyTrail(AppendOnlyRows["AuditEvent"]):
    def older_than(self, limit: datetime) -> int:
        """Deletes what retention has no more use for: the one way out (Q1). Returns how many."""
        return models.QuerySet(self.model, using=self.db).filter(at__lt=limit).delete()[0]


class AuditEvent(AppendOnly):
    """One line of the trail (L1): when (UTC), who, about whom, what, how it ended, from where. Append-only."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    event = models.CharField(max_length=40)  # an Event; without choices, so that a new one needs no migration
    actor = models.CharField(max_length=36, blank=True)  # directory id; blank: unknown, or the portal itself
    subject = models.CharField(max_length=36, blank=True, db_index=True)
    subject_name = models.CharField(max_length=256, blank=True)
    company = models.CharField(max_length=256, blank=True)
    result = models.CharField(max_length=80, blank=True)
    address = models.GenericIPAddressField(null=True)

    objects = AppendOnlyTrail.as_manager()

    class Meta:
        verbose_name = _("händelse i loggen")
        verbose_name_plural = _("händelser i loggen")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event}"
