"""The audit trail: for people to read and for figures. No verb depends on it, so that it can be purged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """What the trail tells. Requested, attempted and done are apart, and so are done and refused."""

    LOGIN_ATTEMPTED = "login attempted"
    LOGIN_DONE = "login done"
    LOGIN_REFUSED = "login refused"
    LOGGED_OUT = "logged out"
    CODE_REQUESTED = "code requested"
    CODE_WITHHELD = "code withheld"
    CODE_ATTEMPTED = "code attempted"
    CODE_SENT = "code sent"
    CODE_NOT_SENT = "code not sent"
    CODE_ACCEPTED = "code accepted"
    CODE_REFUSED = "code refused"
    PHONE_CONFIRMED = "phone confirmed"
    PHONE_REGISTERED = "phone registered"
    PHONE_REPLACED = "phone replaced"
    PASSWORD_ATTEMPTED = "password attempted"  # noqa: S105  names of events, no passwords
    PASSWORD_DONE = "password done"  # noqa: S105
    PASSWORD_REFUSED = "password refused"  # noqa: S105
    SESSIONS_ENDED = "sessions ended"
    PHONE_FORGOTTEN = "phone forgotten"
    SECOND_FACTOR_ADDED = "second factor added"
    SECOND_FACTOR_ACCEPTED = "second factor accepted"
    SECOND_FACTOR_REFUSED = "second factor refused"
    SECOND_FACTOR_REMOVED = "second factor removed"
    ROLE_ENDED = "role ended"
    COMPANY_ADDED = "company added"
    COMPANY_CHANGED = "company changed"
    COMPANY_REMOVED = "company removed"
    RECIPIENTS_CHANGED = "recipients changed"
    ORDERER_ADDED = "orderer added"
    ORDERER_CHANGED = "orderer changed"
    ORDERER_REMOVED = "orderer removed"
    REGISTER_EXPORTED = "register exported"
    DIGEST_ATTEMPTED = "digest attempted"
    DIGEST_DONE = "digest done"
    DIGEST_TAKEN_BACK = "digest taken back"
    MESSAGE_SENT_AGAIN = "message sent again"
    LINK_REQUESTED = "sign-in link requested"
    LINK_WITHHELD = "sign-in link withheld"
    LINK_SENT = "sign-in link sent"
    LINK_REFUSED = "sign-in link refused"
    PHONE_LINKED = "phone linked"
    PHONE_LINK_STOPPED = "phone link stopped"
    PHONE_REMOVED = "phone removed"
    TICKET_OPENED = "request opened"
    TICKET_MAILED = "request mailed"
    TICKET_COMPLETED = "request completed"
    TICKET_TAKEN = "request taken"
    TICKET_GIVEN_BACK = "request given back"
    TICKET_VERIFIED = "request verified"
    TICKET_APPROVED = "request approved"
    TICKET_NOT_CARRIED_OUT = "request not carried out"
    TICKET_REJECTED = "request rejected"
    TICKET_WITHDRAWN = "request withdrawn"
    RECIPIENT_CONFIRMED = "recipient confirmed"
    STAFF_EXPORTED = "staff exported"
    ACCOUNT_LOOKED_UP = "account looked up"
    ACCOUNT_UNLOCKED = "account unlocked"
    TRIES_FORGOTTEN = "tries forgotten"
    FIGURES_EXPORTED = "figures exported"


class AppendOnlyTrail(models.QuerySet["AuditEvent"]):
    """Rows are added. Only retention takes them away."""

    def update(self, **_: Any) -> int:
        raise TypeError("The audit trail is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")

    def older_than(self, limit: datetime) -> int:
        """Deletes what retention has no more use for: the one way out (Q1). Returns how many."""
        return models.QuerySet(self.model, using=self.db).filter(at__lt=limit).delete()[0]


class AuditEvent(models.Model):
    """One line of the trail (L1): when (UTC), who, about whom, what, how it ended, from where. Append-only."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    event = models.CharField(max_length=40, choices=Event.choices)
    actor = models.CharField(max_length=36, blank=True)  # directory id; blank: nobody known, or the portal itself
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        # Without this, Django would first try to update a row of the same key.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")
