from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Meddelanden")

    def ready(self) -> None:
        from accounts.privacy import person
        from accounts.privacy import retention as accounts_retention
        from idportal.web import health
        from notifications import checks, metrics, retention  # noqa: F401  for their checks and receivers
        from notifications.digests.plan import redirection
        from notifications.models import Message
        from notifications.notices import listeners, registers, staff_listeners  # noqa: F401
        from notifications.outbox import delivery

        delivery.redirections[Message.Topic.DIGEST] = redirection
        accounts_retention.register(retention.purge, retention.renew_keys)
        person.register(retention.held)
        health.register_figures(metrics.figures)
