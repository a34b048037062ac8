"""Checks of the portal itself: a dangerous or missing setting is an error that says how to fix it."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

from idportal import env
from idportal.checks import municipality, network, services, words
from idportal.web.hosts import bare

KEY_LENGTH = 32  # characters; fewer can be guessed
SHORTEST_PASSWORD = 8
WIDEST_NETWORK = 8  # bits; a wider one is no network of proxies


def _addresses() -> Iterator[CheckMessage]:
    local = env.is_loopback(settings.PORTAL_URL)
    if not env.is_site(settings.PORTAL_URL):
        yield Error(
            f"PORTAL_URL is {settings.PORTAL_URL!r}, which is no address of a site.",
            hint="Write it as https://host or https://host:port, without a path.",
            id="idportal.E001",
        )
    elif not (settings.PORTAL_URL.startswith("https:") or local):
        yield Error(
            "PORTAL_URL begins with http://: passwords would travel in clear text.",
            hint="Serve the portal by https and write PORTAL_URL=https://…; http is for loopback hosts only.",
            id="idportal.E002",
        )
    if settings.DEBUG and not local:
        yield Error(
            "DEBUG is on for a portal that others reach: error pages would show what people typed.",
            hint="Unset DEBUG.",
            id="idportal.E003",
        )
    if "*" in settings.ALLOWED_HOSTS and not local:
        yield Error(
            "ALLOWED_HOSTS holds *: any host name would be answered.",
            hint="Name the hosts, or unset it: the hosts of PORTAL_URL, REGISTER_HOST and RESET_HOST are allowed.",
            id="idportal.E004",
        )
    for name in ("REGISTER_HOST", "RESET_HOST"):
        host = getattr(settings, name)
        if host and not env.is_site(f"https://{host}"):
            yield Error(f"{name} is {host!r}, which is no host.", hint="Write a host name alone.", id="idportal.E014")
        elif host and not validate_host(bare(host), settings.ALLOWED_HOSTS):
            yield Error(
                f"{name} is not in ALLOWED_HOSTS: its visitors would be refused.",
                hint="Add it, or unset ALLOWED_HOSTS: the hosts of the other settings are allowed then.",
                id="idportal.E011",
            )


def _rules() -> Iterator[CheckMessage]:
    if not settings.DEBUG and len(settings.SECRET_KEY) < KEY_LENGTH:
        yield Error(
            "SECRET_KEY is short enough to guess.",
            hint="Make one of 50 random characters; the old one may go to SECRET_KEY_FALLBACKS for a while.",
            id="idportal.E005",
        )
    if any(len(key) < KEY_LENGTH for key in settings.ENCRYPTION_KEYS):
        yield Error(
            "ENCRYPTION_KEYS holds a key that is short enough to guess.",
            hint="Put a new one of 50 random characters first and run manage.py rotate_keys; then drop the short one.",
            id="idportal.E012",
        )
    if settings.PASSWORD_MIN_LENGTH < SHORTEST_PASSWORD:
        yield Error(
            f"PASSWORD_MIN_LENGTH is {settings.PASSWORD_MIN_LENGTH}.",
            hint=f"At least {SHORTEST_PASSWORD} characters, as in the manual.",
            id="idportal.E013",
        )
    if settings.CELERY_TASK_ALWAYS_EAGER and not settings.DEBUG and not env.is_loopback(settings.PORTAL_URL):
        yield Warning(
            "CELERY_BROKER_URL is not set: codes are sent inside the request.",
            hint="Run Redis and a worker, and set CELERY_BROKER_URL=redis://…",
            id="idportal.W010",
        )


def _proxies() -> Iterator[CheckMessage]:
    for each in settings.TRUSTED_PROXIES:
        try:
            network = ipaddress.ip_network(each, strict=False)
        except ValueError:
            yield Error(
                f"TRUSTED_PROXIES holds {each!r}, which is no address or network.",
                hint="Write addresses like 192.0.2.10 or networks like 192.0.2.0/28.",
                id="idportal.E007",
            )
            continue
        if network.prefixlen < WIDEST_NETWORK:
            yield Error(
                f"TRUSTED_PROXIES holds {each!r}: anyone could claim any address and slip every limit.",
                hint="Name the reverse proxies alone.",
                id="idportal.E008",
            )


def _production() -> Iterator[CheckMessage]:
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
    if settings.HELPDESK_FOUR_EYES == "never":
        yield Warning(
            "HELPDESK_FOUR_EYES is never: one agent alone can link a number to any account on their own word.",
            hint="Unset it: a second agent approves what rests on a call back.",
            id="idportal.W044",
        )
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield Warning(
            "EMAIL_URL names no mail server: nobody would get the portal's mails.",
            hint="Set EMAIL_URL=smtp://host:25 or smtp+tls://user:password@host:587.",
            id="idportal.W015",
        )


def _gateways() -> Iterator[CheckMessage]:
    if any(url.startswith("file:") for url in settings.SMS_GATEWAYS):
        yield Warning(
            "SMS_GATEWAYS writes codes to files, in clear text.",
            hint="Name an SMS provider's Apprise URL instead.",
            id="idportal.W013",
        )


@register(Tags.security)
def settings_are_safe(**_: Any) -> Iterator[CheckMessage]:
    """Every command runs it; `check --deploy` adds what only production needs."""
    around = (services.directory, services.sms, services.helpdesk, services.mailbox)
    for check in (_addresses, _rules, _proxies, *around, municipality.words, municipality.look):
        yield from check()
    yield from words.sentences()


@register(Tags.security, deploy=True)
def deployment_is_complete(**_: Any) -> Iterator[CheckMessage]:
    for check in (_production, _gateways, network.clear_text, network.unset, municipality.unset):
        yield from check()
