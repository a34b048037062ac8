# mypy: disallow-untyped-calls=False
"""The second factors of staff: authenticator app, recovery codes, SMS."""

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
        """Whether it is an unspent code, and no pause. Spends it, or counts a failure; call it under a row lock."""
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
        """Whether the code is right. Marks it as spent, without saving."""
        raise NotImplementedError


class Authenticator(_Throttled):
    """An authenticator app (RFC 6238). django-otp's own TOTPDevice keeps its key as plain text in the database.

    ``confirmed`` False: shown, but no code was entered yet.
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
        """The content of the QR code, also a link that opens the app on the same phone."""
        issuer = quote(ISSUER)
        return f"otpauth://totp/{issuer}:{quote(self.user.username)}?secret={self.secret}&issuer={issuer}"


class RecoveryCodes(_Throttled):
    """Ten codes on paper, each good once. django-otp's own StaticToken keeps them as plain text in the database.

    Each row has its own key for the hashes, encrypted. When the portal's keys are renewed, this key is encrypted anew:
    the codes on paper can't be hashed anew.
    """

    hash_key = EncryptedTextField(default=random_hex)
    digests = models.JSONField(default=list)  # keyed hashes of those that are left

    def make(self) -> list[str]:
        """Makes ten new codes in place of the earlier ones. Only their hashes are kept. Saves the row."""
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
    """For the session of an agent who signed in by SMS, which django-otp wants. ``sms_factor`` checks the codes."""
