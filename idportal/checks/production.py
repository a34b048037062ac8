"""What a production installation must not lack: for `check --deploy`."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from idportal import env


def portal() -> Iterator[CheckMessage]:
    proxied = not all(env.is_loopback(f"//{each.partition('/')[0]}") for each in settings.TRUSTED_PROXIES)
    if not settings.HTTPS and (proxied or not settings.LOCAL):
        yield Error(
            "PORTAL_URL does not begin with https://, and ALLOWED_HOSTS or TRUSTED_PROXIES name hosts that others "
            "reach: passwords would travel in clear text.",
            hint="Write PORTAL_URL=https://….",
            id="idportal.E009",
        )
    if settings.CELERY_TASK_ALWAYS_EAGER:
        yield Error(
            "CELERY_BROKER_URL is not set: codes would be sent inside the request, and its time would tell "
            "which user names exist.",
            hint="Run Redis and a worker, and set CELERY_BROKER_URL=redis://…",
            id="idportal.E010",
        )
    if not settings.REDIS_URL:
        yield Warning(
            "REDIS_URL is not set: each process counts its own posts by address.",
            hint="Set REDIS_URL=redis://…",
            id="idportal.W011",
        )
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            "The database is SQLite: good for one machine and little traffic.",
            hint="Set DATABASE_URL=postgresql://…",
            id="idportal.W012",
        )


def sms() -> Iterator[CheckMessage]:
    if any(url.startswith("file:") for url in settings.SMS_GATEWAYS):
        yield Warning(
            "SMS_GATEWAYS writes codes to files, in clear text.",
            hint="Name an SMS provider's Apprise URL instead.",
            id="idportal.W013",
        )
    for place, url in enumerate(settings.SMS_GATEWAYS, start=1):
        if _is_open(url):
            yield Warning(
                f"SMS gateway {place} is asked in clear text, or its certificate is not checked: others could read "
                "codes.",
                hint="Use the scheme that ends in s (jsons://), and no verify=no.",
                id="idportal.W014",
            )


def mail() -> Iterator[CheckMessage]:
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Warning(
            "EMAIL_URL names no mail server: nobody would get the portal's mails.",
            hint="Set EMAIL_URL=smtp://host:25 or smtp+tls://user:password@host:587.",
            id="idportal.W015",
        )


def _is_open(gateway: str) -> bool:
    parts = urlsplit(gateway)
    unchecked = parse_qs(parts.query).get("verify", ["yes"])[0].lower() in ("no", "false", "0", "off")
    clear = parts.scheme in ("json", "xml", "form") and not env.is_loopback(f"//{parts.netloc}")
    return clear or unchecked
