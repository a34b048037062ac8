"""System checks: a dangerous or missing setting is an error that says how to mend it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import apprise
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

from idportal import env
from idportal.hosts import bare
from idportal.mailbox import mailbox_address

KEY_LENGTH = 32  # characters; fewer can be guessed
SHORTEST_PASSWORD, PASSWORD_KINDS = 8, 4
SHORTEST_HOLD = 60  # seconds: whoever is told of a linked number must have the time to read it
WIDEST_NETWORK = 8  # bits; what is wider than that is no network of proxies


@register(Tags.security)
def settings_are_safe(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Run by every command; `check --deploy` adds what only matters in production."""
    return [
        *_addresses(),
        *_keys(),
        *_passwords(),
        *_proxies(),
        *_directory(),
        *_sms(),
        *_helpdesk(),
        *_mailbox(),
        *_queue(),
    ]


@register(Tags.security, deploy=True)
def deployment_is_complete(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What a production installation must not lack."""
    return [*_production(), *_production_sms(), *_production_mail()]


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


def _production_sms() -> Iterator[CheckMessage]:
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


def _production_mail() -> Iterator[CheckMessage]:
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
                f"{name} is not in ALLOWED_HOSTS: whoever goes there would be refused.",
                hint="Add it, or unset ALLOWED_HOSTS: the hosts of the other settings are allowed then.",
                id="idportal.E011",
            )


def _keys() -> Iterator[CheckMessage]:
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


def _passwords() -> Iterator[CheckMessage]:
    if settings.PASSWORD_MIN_LENGTH < SHORTEST_PASSWORD or settings.PASSWORD_KINDS > PASSWORD_KINDS:
        yield Error(
            f"PASSWORD_MIN_LENGTH is {settings.PASSWORD_MIN_LENGTH} and PASSWORD_KINDS is {settings.PASSWORD_KINDS}.",
            hint=f"At least {SHORTEST_PASSWORD} characters, as in the manual; there are {PASSWORD_KINDS} kinds.",
            id="idportal.E013",
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


def _directory() -> Iterator[CheckMessage]:
    if settings.DIRECTORY_KIND not in ("active_directory", "openldap"):
        yield Error(
            f"DIRECTORY_KIND is {settings.DIRECTORY_KIND!r}.",
            hint="Write active_directory or openldap.",
            id="idportal.E020",
        )
    for name in ("DIRECTORY_URLS", "DIRECTORY_BIND_DN", "DIRECTORY_BIND_PASSWORD", "DIRECTORY_USER_BASE"):
        if not getattr(settings, name):
            yield Error(f"{name} is not set.", hint="docs/configuration.md shows an example.", id="idportal.E021")
    authority = settings.DIRECTORY_CA_FILE
    if authority and not os.access(authority, os.R_OK):
        yield Error(
            f"DIRECTORY_CA_FILE is {authority!r}, which can't be read: no directory server would be trusted.",
            hint="Write the path of the PEM file with the certificate authority of the directory's certificates.",
            id="idportal.E023",
        )
    for url in settings.DIRECTORY_URLS:
        if urlsplit(url).scheme not in ("ldap", "ldaps") or not urlsplit(url).hostname:
            yield Error(
                f"DIRECTORY_URLS holds {url!r}.",
                hint="Write ldaps://host:636, or ldap://host:389 for StartTLS.",
                id="idportal.E022",
            )


def _sms() -> Iterator[CheckMessage]:
    if not settings.SMS_GATEWAYS:
        yield Error(
            "SMS_GATEWAYS is not set: no code would reach anyone.",
            hint="Name an Apprise URL with {to} where the number goes.",
            id="idportal.E030",
        )
    for place, url in enumerate(settings.SMS_GATEWAYS, start=1):
        if url.startswith("file:"):
            if not urlsplit(url).path.startswith("/") or urlsplit(url).netloc:
                yield Error(f"SMS gateway {place} names no folder.", hint="Write file:///folder.", id="idportal.E031")
        elif "{to}" not in url:
            yield Error(
                f"SMS gateway {place} has no {{to}}: every code would go to the same receiver.",
                hint="Put {to} where the provider's URL takes the receiver's number.",
                id="idportal.E032",
            )
        elif apprise.Apprise.instantiate(url.replace("{to}", "%2B46701740605")) is None:
            yield Error(
                f"SMS gateway {place} is no URL that Apprise can read.",
                hint="Compare it with Apprise's page on that provider.",
                id="idportal.E033",
            )


def _helpdesk() -> Iterator[CheckMessage]:
    if settings.HELPDESK_SMS_FACTOR and not settings.SMS_GATEWAYS:
        yield Error(
            "HELPDESK_SMS_FACTOR is on and SMS_GATEWAYS is not set: agents without an app could not sign in.",
            hint="Name an SMS gateway, or unset HELPDESK_SMS_FACTOR: agents connect an app then.",
            id="idportal.E040",
        )
    if settings.PHONE_LINK_HOLD < SHORTEST_HOLD and not settings.DEBUG:
        yield Warning(
            f"PHONE_LINK_HOLD is {settings.PHONE_LINK_HOLD} s: a number that was linked for the wrong person could "
            "hardly be stopped before a code goes to it.",
            hint="Unset it: 15 minutes.",
            id="idportal.W041",
        )
    if settings.HELPDESK_SMS_FACTOR and not settings.DIRECTORY_HELPDESK_GROUP:
        yield Warning(
            "HELPDESK_SMS_FACTOR is on and DIRECTORY_HELPDESK_GROUP is not set: there are no agents.",
            hint="Name the group, or unset HELPDESK_SMS_FACTOR.",
            id="idportal.W042",
        )


def _mailbox() -> Iterator[CheckMessage]:
    if not settings.HELPDESK_MAILBOX:
        return
    try:
        where = mailbox_address(settings.HELPDESK_MAILBOX)
    except ValueError as error:
        yield Error(
            f"HELPDESK_MAILBOX {error}.",
            hint="Write imaps://user:password@host/INBOX, or imap:// for a server with STARTTLS.",
            id="idportal.E050",
        )
    else:
        if not (where.password or settings.HELPDESK_MAILBOX_TOKEN_URL):
            yield Error(
                "HELPDESK_MAILBOX has no password, and HELPDESK_MAILBOX_TOKEN_URL is not set: no log-in is possible.",
                hint="Write imaps://user:password@host/INBOX, or set the three of HELPDESK_MAILBOX_TOKEN_URL.",
                id="idportal.E051",
            )
    yield from _mailbox_token()
    authority = settings.HELPDESK_MAILBOX_CA_FILE
    if authority and not os.access(authority, os.R_OK):
        yield Error(
            f"HELPDESK_MAILBOX_CA_FILE is {authority!r}, which can't be read: no mail would be fetched.",
            hint="Write the path of the PEM file with the certificate authority of the mail server's certificate.",
            id="idportal.E054",
        )
    if not settings.HELPDESK_AUTHSERV_ID:
        yield Warning(
            "HELPDESK_MAILBOX is set and HELPDESK_AUTHSERV_ID is not: no sender of a mail counts as verified.",
            hint="Write the name at the start of the Authentication-Results that your mail server adds (RFC 8601).",
            id="idportal.W055",
        )


def _mailbox_token() -> Iterator[CheckMessage]:
    url = settings.HELPDESK_MAILBOX_TOKEN_URL
    if url and not _is_https(url):
        yield Error(
            "HELPDESK_MAILBOX_TOKEN_URL does not begin with https://host: the client's secret would travel in clear "
            "text.",
            hint="Microsoft 365: https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token",
            id="idportal.E052",
        )
    if url and not (settings.HELPDESK_MAILBOX_CLIENT_ID and settings.HELPDESK_MAILBOX_CLIENT_SECRET):
        yield Error(
            "HELPDESK_MAILBOX_TOKEN_URL is set without HELPDESK_MAILBOX_CLIENT_ID and HELPDESK_MAILBOX_CLIENT_SECRET.",
            hint="Set both, or unset it and write the password into HELPDESK_MAILBOX.",
            id="idportal.E053",
        )


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _queue() -> Iterator[CheckMessage]:
    if settings.CELERY_TASK_ALWAYS_EAGER and not settings.DEBUG and not env.is_loopback(settings.PORTAL_URL):
        yield Warning(
            "CELERY_BROKER_URL is not set: codes are sent inside the request.",
            hint="Run Redis and a worker, and set CELERY_BROKER_URL=redis://…",
            id="idportal.W010",
        )
