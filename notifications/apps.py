from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Meddelanden")

    def ready(self) -> None:
        from accounts import retention as accounts_retention
        from idportal import health
        from notifications import checks, metrics, retention  # noqa: F401  checks: registers the system checks
        from notifications.digests.receivers import check_receivers
        from notifications.notices import changes, links  # noqa: F401  they listen to signals

        check_receivers()
        accounts_retention.register(retention.purge, retention.renew_keys)
        health.register_figures(metrics.figures)
