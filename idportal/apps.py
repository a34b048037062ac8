from django.apps import AppConfig
from django.conf import settings


class PortalConfig(AppConfig):
    name = "idportal"

    def ready(self) -> None:
        from idportal.checks import portal  # noqa: F401  registers the system checks
        from idportal.web.identity import region

        if settings.MUNICIPALITY_KIND == "region":
            region.speak()
