from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Meddelanden")

    def ready(self) -> None:
        from accounts import retention as accounts_retention
        from notifications import checks, notices, retention  # noqa: F401  the checks and the receivers register

        accounts_retention.register(retention.purge, retention.renew_keys)
