from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Företag och personer")

    def ready(self) -> None:
        from accounts.directory import connect
        from accounts.management import erasing
        from accounts.monitoring import checks, metrics  # noqa: F401  checks: registers the system checks
        from accounts.privacy import person, retention
        from idportal.web import health

        retention.register(erasing.purge, erasing.renew_keys, erasing.renew_numbers)
        person.register(erasing.held)
        health.register("directory", lambda: connect().ping())
        health.register_figures(metrics.figures)


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin, behind the portal's own log-in."""

    default = False
    default_site = "accounts.admin_site.PortalAdminSite"

    def ready(self) -> None:
        from django.contrib import admin
        from django.contrib.auth.models import Group

        super().ready()
        # Each registers its pages.
        from accounts.audit import admin as trail  # noqa: F401
        from accounts.companies.admin import companies, orderers  # noqa: F401
        from accounts.staff import admin as second_factors  # noqa: F401

        admin.site.unregister(Group)  # the groups that count are the directory's
