from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "idportal"

    def ready(self) -> None:
        from idportal.checks import portal  # noqa: F401  registers the system checks
