"""The admin's site: who gets in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_otp.admin import OTPAdminSite


class PortalAdminSite(OTPAdminSite):
    site_title = site_header = _("Lösenordsportalen")
