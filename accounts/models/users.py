"""Records of directory accounts, their mobile numbers (on file, linked, removed), and staff's second factors."""

import base64
from typing import ClassVar
from urllib.parse import quote

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP
from django_otp.util import random_hex, random_number_token

from accounts import limits
from accounts.models import statements
from accounts.privacy.encryption import EncryptedTextField
from idportal.web.identity import look


class UserManager(BaseUserManager["User"]):
    """Users come from the directory alone; none is made with a password."""


class User(AbstractBaseUser, PermissionsMixin):
    """The portal's record of one directory account, known by the directory's immutable id.

    ``username`` is the name last seen and is not unique: a name may be given to a new person, who gets a new
    row and none of the old one's number (security.md G4). No password is ever kept here.
    """

    directory_id = models.CharField(max_length=36, unique=True)
    username = models.CharField(max_length=256, db_index=True)
    # Raised when the person's sessions must end, all of them (R4).
    session_epoch = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    # May enter the admin: in the administrators' group when last asked, which is at each request there (S2).
    is_staff = models.BooleanField(default=False)
    # Since when the directory has not had the account; its number goes 30 days later (Q1).
    missing_since = models.DateTimeField(null=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "directory_id"

    class Meta:
        verbose_name = _("konto")
        verbose_name_plural = _("konton")

    def __str__(self) -> str:
        return self.username

    @classmethod
    def locked(cls, directory_id: str) -> "User | None":
        """The record of an account, which others wait for until the transaction ends."""
        found: User | None = statements.lock_user(directory_id)
        return found

    @classmethod
    def locked_with_phone(cls, directory_id: str) -> "User | None":
        """As ``locked``, with ``phone`` read; None also without a number. Both as they are after the wait for them."""
        found: User | None = statements.lock_user_with_phone(directory_id)
        return found

    def has_usable_password(self) -> bool:
        """Always false: the portal keeps no password, so that Django's admin offers no change of one."""
        return False

    def get_session_auth_hash(self) -> str:
        return salted_hmac("idportal.session", f"{self.directory_id}/{self.session_epoch}").hexdigest()


class Phone(models.Model):
    """An account's mobile number: a code to it was entered, or the helpdesk linked it (G1)."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="phone")
    number = EncryptedTextField(bound_to=["user.directory_id", "number_digest"])  # E.164
    number_digest = models.CharField(max_length=64, db_index=True)
    confirmed_at = models.DateTimeField(default=timezone.now)
    # Set if the helpdesk linked the number, or if it replaced another: until then it gets no code to reset (H4, G6).
    usable_from = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"number of {self.user_id}"

    @classmethod
    def of_user(cls, user: User) -> "Phone | None":
        phone: Phone | None = statements.read_phone(user.pk)
        if phone:
            phone.user = user  # to whom its number is bound
        return phone

    @property
    def on_hold(self) -> bool:
        """Whether the number is so new that it can still be stopped."""
        return self.usable_from is not None and timezone.now() < self.usable_from


class PhoneRemoval(models.Model):
    """The helpdesk, or a stop of a link, took a number away from an account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="removals")
    at = models.DateTimeField(default=timezone.now)
    agent = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # None for a stop
    reference = models.CharField(max_length=20, blank=True)  # the ticket with the reason; blank for a stop
    # What the helpdesk removed, in E.164, for REMOVALS_WATCHED: it is told of a link meanwhile (security.md H8).
    number = EncryptedTextField(blank=True, default="", bound_to=["user.directory_id"])

    def __str__(self) -> str:
        return f"removal of a number of {self.user_id}"


class PhoneLink(models.Model):
    """A number that the helpdesk linked, or its owner registered in place of another, and who can stop it (H4, G6).

    Kept for as long as it can be asked about. Of an owner's own change, ``agent``, ``orderer`` and ``reference`` are
    empty.
    """

    class Told(models.TextChoices):
        OLD_NUMBER = "old number"
        ACCOUNT = "account"  # the account's mail address
        ORDERER = "orderer"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="links")
    number = EncryptedTextField(bound_to=["user.directory_id"])  # E.164
    old_number = EncryptedTextField(blank=True, default="", bound_to=["user.directory_id"])
    old_confirmed_at = models.DateTimeField(null=True)
    agent = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    orderer = models.ForeignKey("accounts.Orderer", null=True, on_delete=models.SET_NULL, related_name="+")
    reference = models.CharField(max_length=20, blank=True)  # the ticket's number
    made_at = models.DateTimeField(default=timezone.now)
    usable_from = models.DateTimeField()
    stops = models.JSONField(default=dict)  # digests of the stop addresses, which are not kept: to whom each was sent
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=10, choices=Told.choices, blank=True)
    # Stopped from the old number: the account gets a number by a link of the helpdesk alone (G7).
    blocks = models.BooleanField(db_default=False, default=False)

    class Meta:
        indexes = [models.Index(fields=["reference"])]

    def __str__(self) -> str:
        return f"link {self.pk} of {self.user_id}"

    @property
    def by_owner(self) -> bool:
        """Whether the owner registered the number: a link by the helpdesk has a ticket."""
        return not self.reference


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
    """An authenticator app (RFC 6238). django-otp's own TOTPDevice keeps its key as plain text in the database."""

    key = EncryptedTextField(default=random_hex, bound_to=["user.directory_id"])  # hex
    # ``confirmed`` False: shown, but no code was entered yet.
    last_step = models.BigIntegerField(default=-1)  # of the last code that was accepted: none serves twice

    class Meta:
        verbose_name = _("tvåstegsverifiering")
        verbose_name_plural = _("tvåstegsverifiering")

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
        issuer = quote(look.current().service_on_devices)  # what the app shows beside the user name
        return f"otpauth://totp/{issuer}:{quote(self.user.username)}?secret={self.secret}&issuer={issuer}"


class RecoveryCodes(_Throttled):
    """Ten codes on paper, each good once. django-otp's own StaticToken keeps them as plain text in the database.

    Each row has its own key for the hashes, encrypted. When the portal's keys are renewed, this key is encrypted anew:
    the codes on paper can't be hashed anew.
    """

    hash_key = EncryptedTextField(default=random_hex, bound_to=["user.directory_id"])
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
