"""Mobile numbers of accounts: on file, linked by the helpdesk, taken away."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.encryption import EncryptedTextField
from accounts.models.users import User


class Phone(models.Model):
    """An account's mobile number: a code to it was entered, or the helpdesk linked it (G1)."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="phone")
    number = EncryptedTextField()  # E.164
    number_digest = models.CharField(max_length=64, db_index=True)
    confirmed_at = models.DateTimeField(default=timezone.now)
    # Set if the helpdesk linked the number: until then it gets no code to reset a password (H4).
    usable_from = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"number of {self.user_id}"

    @property
    def on_hold(self) -> bool:
        """Whether the helpdesk linked the number so lately that its owner can still stop the link."""
        return self.usable_from is not None and timezone.now() < self.usable_from


class PhoneRemoval(models.Model):
    """The helpdesk, or a stop of a link, took a number away from an account. The number itself is not kept.

    ``agent`` and ``reference`` (the number of the ticket that gives the reason) are blank for a stop.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="removals")
    at = models.DateTimeField(default=timezone.now)
    agent = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    reference = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"removal of a number of {self.user_id}"


class PhoneLink(models.Model):
    """A number that the helpdesk linked, kept for as long as the link can be stopped or asked about (H4).

    ``stops``: the digest of each stop address, and to which of ``Told`` it was sent. The addresses are not kept.
    """

    class Told(models.TextChoices):
        OLD_NUMBER = "old number"
        ACCOUNT = "account"  # the account's mail address
        ORDERER = "orderer"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="links")
    number = EncryptedTextField()  # E.164
    old_number = EncryptedTextField(blank=True, default="")
    old_confirmed_at = models.DateTimeField(null=True)
    agent = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    orderer = models.ForeignKey("accounts.Orderer", null=True, on_delete=models.SET_NULL, related_name="+")
    reference = models.CharField(max_length=20, blank=True)  # the ticket's number
    made_at = models.DateTimeField(default=timezone.now)
    usable_from = models.DateTimeField()
    stops = models.JSONField(default=dict)
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=10, choices=Told.choices, blank=True)

    class Meta:
        indexes = [models.Index(fields=["reference"])]

    def __str__(self) -> str:
        return f"link {self.pk} of {self.user_id}"
