"""The portal's records of directory accounts, and their mobile numbers: on file, linked, taken away."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedTextField


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

    def has_usable_password(self) -> bool:
        """Always false: the portal keeps no password, so that Django's admin offers no change of one."""
        return False

    def get_session_auth_hash(self) -> str:
        return salted_hmac("idportal.session", f"{self.directory_id}/{self.session_epoch}").hexdigest()


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
