"""The portal's records of directory accounts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


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
