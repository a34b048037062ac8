"""What staff have besides second factors: enrolment codes, and their open sessions."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device
from django_otp.util import random_number_token

from accounts import limits
from accounts.models.users import User
from accounts.privacy.encryption import digest


class EnrolmentCode(models.Model):
    """Lets a user connect a second factor after the password (A1). A new one replaces an earlier one."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="enrolment_code")
    token = models.CharField(max_length=64)  # a keyed hash of the code
    valid_until = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    # Once: then the sign-in that entered it may connect a factor, and the row goes with that.
    entered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"enrolment code of {self.user_id}"

    @classmethod
    def make(cls, user: User) -> tuple["EnrolmentCode", str]:
        """A new row in place of the user's earlier one, and its code. Call it under the user's lock."""
        code = str(random_number_token(limits.ENROLMENT_CODE_DIGITS))
        until = timezone.now() + timedelta(seconds=limits.ENROLMENT_CODE_LIFETIME)
        cls.objects.filter(user=user).delete()
        return cls.objects.create(user=user, token=_hash(user, code), valid_until=until), code

    @classmethod
    def permits(cls, user: User, entered: int | None) -> bool:
        """Whether ``entered`` is the id of a code of this user that was entered, and that no factor has used yet."""
        return cls.objects.filter(pk=entered, user=user, entered_at__isnull=False).exists()

    @property
    def live(self) -> bool:
        """Whether it can be entered now: not yet, in time, and after few wrong tries."""
        fresh = self.entered_at is None and timezone.now() < self.valid_until
        return fresh and self.failures < limits.ENROLMENT_TRIES

    def matches(self, code: str) -> bool:
        """Whether this is the code, live or not."""
        return constant_time_compare(self.token, _hash(self.user, code))

    def accept(self, code: str) -> bool:
        """Whether this is the code. Spends it, or counts a failure; call it on a live row, under the user's lock."""
        right = self.matches(code)
        if right:
            self.entered_at = timezone.now()
        else:
            self.failures += 1
        self.save(update_fields=["entered_at", "failures"])
        return right


def _hash(user: User, code: str) -> str:
    return digest(f"{user.directory_id}/{code}", "enrolment")


class StaffSession(Device):
    """A browser in which a user is signed in with both factors (A4). ``name``: which one, in words.

    It is the device that django-otp looks for at each request, so that an ended session costs no query: without the
    row, nobody is verified.
    """

    address = models.GenericIPAddressField(null=True)
    began_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)  # at a grain of limits.SESSION_SEEN
    epoch = models.PositiveIntegerField()  # the user's at the sign-in: when it rises, all sessions end at once

    class Meta:
        verbose_name = _("inloggning")
        verbose_name_plural = _("inloggningar")

    @classmethod
    def open(cls) -> models.QuerySet["StaffSession"]:
        """Those that have not ended in any way, as far as their last use is noted."""
        now = timezone.now()
        return cls.objects.filter(
            epoch=models.F("user__session_epoch"),
            seen_at__gt=now - timedelta(seconds=settings.SESSION_COOKIE_AGE + limits.SESSION_SEEN),
            began_at__gt=now - timedelta(seconds=settings.SESSION_ABSOLUTE_AGE),
        ).select_related("user")
