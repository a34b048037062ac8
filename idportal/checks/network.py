"""`check --deploy` also refuses: clear text to other machines, missing groups, limits of 0 (X2)."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from idportal import env

ENCRYPTED = ("require", "verify-ca", "verify-full")  # sslmodes that never fall back to clear text
CLEAR_QUEUES = ("redis", "sentinel")


def clear_text() -> Iterator[CheckMessage]:
    """Who listens between two machines would read numbers, codes and the passwords of the portal's own accounts."""
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        urls = [urlsplit(url) for url in re.split("[;,]", getattr(settings, name))]
        encrypted = name == "CELERY_BROKER_URL" and getattr(settings, "CELERY_BROKER_USE_SSL", None)
        if not encrypted and any(url.scheme in CLEAR_QUEUES and _is_elsewhere(url.hostname) for url in urls):
            yield _error(name, "Write rediss://… (or sentinels://…), and let Redis offer TLS.", "E060")
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
        if not encrypted and _is_elsewhere(settings.EMAIL_HOST):
            yield _error("EMAIL_URL", "Write smtp+tls://host:587 or smtp+ssl://host:465.", "E061")
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        mode = database["OPTIONS"].get("sslmode")
        if mode not in ENCRYPTED and any(map(_is_elsewhere, str(database.get("HOST") or "").split(","))):
            yield _error("DATABASE_URL", "Add ?sslmode=verify-full (with sslrootcert), or at least require.", "E062")
    for place, url in enumerate(settings.SMS_GATEWAYS, start=1):
        parts = urlsplit(url)
        unchecked = parse_qs(parts.query).get("verify", ["yes"])[0].lower() in ("no", "false", "0", "off")
        clear = parts.scheme in ("json", "xml", "form") and _is_elsewhere(parts.hostname)
        if clear or unchecked:
            yield Error(
                f"SMS gateway {place} is asked in clear text, or its certificate is not checked: others could read "
                "codes.",
                hint="Use the scheme that ends in s (jsons://), and no verify=no.",
                id="idportal.E063",
            )


def unset() -> Iterator[CheckMessage]:
    for name in ("DIRECTORY_HELPDESK_GROUP", "DIRECTORY_ADMIN_GROUP"):
        if not getattr(settings, name):
            yield Error(
                f"{name} is not set: nobody would be one, and no member would be protected.",
                hint="Write the DN of the group.",
                id="idportal.E064",
            )
    for name in dir(settings):
        if (name.startswith("LIMIT_") or name == "SMS_DAILY_LIMIT") and getattr(settings, name) == 0:
            yield Error(f"{name} is 0: all would be refused.", hint="Unset it, or raise it.", id="idportal.E065")


def _is_elsewhere(host: str | None) -> bool:
    """Not on this machine: neither a loopback address nor the folder of a socket."""
    return bool(host) and not str(host).startswith("/") and not env.is_loopback(f"//{_bracketed(str(host))}")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _error(name: str, hint: str, id: str) -> CheckMessage:
    return Error(f"{name} names another machine, and would be used in clear text.", hint=hint, id=f"idportal.{id}")
