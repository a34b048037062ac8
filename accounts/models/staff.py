# mypy: disallow-untyped-calls=False
"""The second factor of staff: an authenticator app, and recovery codes for when it is gone."""

from __future__ import annotations

import base64
from urllib.parse import quote

from django.db import models
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP
from django_otp.util import random_hex, random_number_token

from accounts import limits
from accounts.encryption import EncryptedTextField

ISSUER = "Lösenordsportalen"  # what the app shows beside the user name


class _Throttled(TimestampMixin, ThrottlingMixin, Device):
    """A device whose wrong codes cost a pause, which doubles with each: 1, 2, 4 … seconds."""

    class Meta:
        abstract = True

    def get_throttle_factor(self) -> int:
        return 1

    def verify_token(self, token: str) -> bool:
        """Whether this is a code of the device, unspent. Spends it, or counts a failure; call it under a row lock.

        During the pause after a failure the answer is no, whatever the code.
        """
        if not self.verify_is_allowed()[0]:
            return False
        if not self._spend(token):
            self.throttle_increment()
            return False
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def _spend(self, token: str) -> bool:
        """Whether the code is right; notes on the unsaved object that it is spent."""
        raise NotImplementedError


class Authenticator(_Throttled):
    """An authenticator app (RFC 6238). django-otp's own TOTPDevice keeps its key as plain text in the database.

    ``confirmed`` False: shown to somebody who has not yet entered a code of it.
    """

    key = EncryptedTextField(default=random_hex)  # hex
    last_step = models.BigIntegerField(default=-1)  # of the last code that was accepted: none serves twice

    class Meta:
        verbose_name = _("andra faktor")
        verbose_name_plural = _("andra faktorer")

    def _spend(self, token: str) -> bool:
        if len(token) != limits.APP_CODE_DIGITS or not token.isdecimal():
            return False
        totp = TOTP(bytes.fromhex(self.key), digits=limits.APP_CODE_DIGITS)
        # A step before and after: clocks differ, and people type slowly (RFC 6238 5.2).
        if not totp.verify(int(token), tolerance=1, min_t=self.last_step + 1):
            return False
        self.last_step = totp.t()
        return True

    @property
    def secret(self) -> str:
        """The key as apps take it typed (RFC 4648 base32)."""
        return base64.b32encode(bytes.fromhex(self.key)).decode()

    @property
    def address(self) -> str:
        """What the QR code says, and what opens the app on the same phone."""
        issuer = quote(ISSUER)
        return f"otpauth://totp/{issuer}:{quote(self.user.username)}?secret={self.secret}&issuer={issuer}"


class RecoveryCodes(_Throttled):
    """Ten codes on paper, each good once. django-otp's own StaticToken keeps them as plain text in the database.

    The key of the hashes is the row's own, and encrypted: codes on paper can't be hashed anew when the keys of the
    portal are renewed, but this key can be encrypted anew.
    """

    hash_key = EncryptedTextField(default=random_hex)
    digests = models.JSONField(default=list)  # keyed hashes of those that are left

    def make(self) -> list[str]:
        """Ten new codes, which are kept nowhere; the earlier ones are worth nothing any more. Saves the row."""
        codes = [random_number_token(limits.RECOVERY_CODE_DIGITS) for _ in range(limits.RECOVERY_CODES)]
        self.digests = [self._hash(code) for code in codes]
        self.throttle_reset(commit=False)
        self.save()
        return codes

    def _spend(self, token: str) -> bool:
        wanted = self._hash(token)
        left = [digest for digest in self.digests if not constant_time_compare(digest, wanted)]
        if len(left) == len(self.digests):
            return False
        self.digests = left
        return True

    def _hash(self, code: str) -> str:
        return salted_hmac("idportal.recovery", code, secret=self.hash_key, algorithm="sha256").hexdigest()


class SmsFactor(Device):
    """The device that django-otp wants for the session of an agent who signed in by SMS.

    ``accounts.staff.roles.sms_factor`` sends the codes and checks them; this row is never asked for one.
    """
