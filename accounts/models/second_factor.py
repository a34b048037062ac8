"""The second factor of staff: an authenticator app, and recovery codes for when it is gone."""

from __future__ import annotations

from django.db import models
from django_otp.models import Device, ThrottlingMixin, TimestampMixin

from accounts.encryption import EncryptedTextField


class Authenticator(TimestampMixin, ThrottlingMixin, Device):
    """An authenticator app (RFC 6238). django-otp's own TOTPDevice keeps its key as plain text in the database."""

    key = EncryptedTextField()  # hex
    last_step = models.BigIntegerField(default=-1)  # of the last code that was accepted: none serves twice


class RecoveryCodes(TimestampMixin, ThrottlingMixin, Device):
    """Ten codes on paper, each good once. django-otp's own StaticToken keeps them as plain text in the database."""

    digests = models.JSONField(default=list)  # keyed hashes of those that are left
