"""Passkeys of staff (WebAuthn Level 2): the public half of a key pair that never leaves a person's device."""

from django.db import models
from django_otp.models import Device, TimestampMixin


class Passkey(TimestampMixin, Device):
    """One of a person's passkeys, kept once its answer was checked. ``name``: what the person calls the device."""

    credential = models.CharField(max_length=1400, unique=True)  # its id in base64url, of at most 1,023 bytes
    public_key = models.TextField()  # COSE (RFC 9052 7), in base64url
    sign_count = models.BigIntegerField(default=0)  # of the last answer; devices that don't count stay at 0

    class Meta:
        verbose_name = "passkey"
        verbose_name_plural = "passkeys"
