from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
    verbose_name = _("Helpdesk")

    def ready(self) -> None:
        from accounts import codes
        from accounts.privacy import person
        from accounts.privacy import retention as accounts_retention
        from helpdesk import (
            checks,  # noqa: F401  registers the system checks
            metrics,
            retention,
        )
        from helpdesk.tickets import (
            alarms,  # noqa: F401  it listens to signals
            verification,
        )
        from idportal.web import health

        accounts_retention.register(retention.purge, retention.renew_keys)
        person.register(retention.held)
        health.register_figures(metrics.figures)
        codes.register_matter(verification.matter)
