from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401  registers the system checks
        from accounts.directory import connect
        from idportal import health

        health.register("directory", lambda: connect().ping())
