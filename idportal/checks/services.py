"""Checks that the services around the portal are configured: directory, SMS, helpdesk, mailbox."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from idportal.channels.mailbox_address import mailbox_address

FOUR_EYES = ("callback", "always", "never")


def directory() -> Iterator[CheckMessage]:
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


def sms() -> Iterator[CheckMessage]:
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
        elif not _apprise_reads(url):
            yield Error(
                f"SMS gateway {place} is no URL that Apprise can read.",
                hint="Compare it with Apprise's page on that provider.",
                id="idportal.E033",
            )


def _apprise_reads(url: str) -> bool:
    import apprise  # here, since each command checks the settings, and few send an SMS

    return apprise.Apprise.instantiate(url.replace("{to}", "%2B46701740605")) is not None


def helpdesk() -> Iterator[CheckMessage]:
    if settings.HELPDESK_FOUR_EYES not in FOUR_EYES:
        yield Error(
            f"HELPDESK_FOUR_EYES is {settings.HELPDESK_FOUR_EYES!r}, which is not one of {', '.join(FOUR_EYES)}.",
            hint="Unset it, or write callback: a second agent approves what rests on a call back. In place of 1 write "
            "always; in place of 0, never.",
            id="idportal.E043",
        )
    if settings.HELPDESK_SMS_FACTOR and not settings.SMS_GATEWAYS:
        yield Error(
            "HELPDESK_SMS_FACTOR is on and SMS_GATEWAYS is not set: agents without an app could not sign in.",
            hint="Name an SMS gateway, or unset HELPDESK_SMS_FACTOR: agents connect an app then.",
            id="idportal.E040",
        )
    if settings.HELPDESK_SMS_FACTOR and not settings.DIRECTORY_HELPDESK_GROUP:
        yield Warning(
            "HELPDESK_SMS_FACTOR is on and DIRECTORY_HELPDESK_GROUP is not set: there are no agents.",
            hint="Name the group, or unset HELPDESK_SMS_FACTOR.",
            id="idportal.W042",
        )


def mailbox() -> Iterator[CheckMessage]:
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
    yield from _token()
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


def _token() -> Iterator[CheckMessage]:
    url = settings.HELPDESK_MAILBOX_TOKEN_URL
    try:
        is_https = urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        is_https = False
    if url and not is_https:
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
