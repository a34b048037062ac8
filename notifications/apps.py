from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Meddelanden")

    def ready(self) -> None:
        from idportal import metrics as monitor
        from notifications import metrics

        monitor.register(metrics.figures)
