from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Meddelanden")

    def ready(self) -> None:
        from accounts import retention as accounts_retention
        from idportal import metrics as monitor
        from notifications import metrics, retention
        from notifications.notices import changes, links  # noqa: F401  they register

        accounts_retention.register(retention.purge, retention.renew_keys)
        monitor.register(metrics.figures)
