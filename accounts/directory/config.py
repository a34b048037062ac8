"""The ``DIRECTORY_*`` settings as one checked value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from accounts.directory.account import DirectoryMisconfigured
from idportal.env import is_loopback

DEFAULT_PORTS = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class DirectoryServer:
    """One directory server. ``cleartext``: without TLS, which only loopback in DEBUG may be."""

    url: str
    scheme: str
    host: str
    port: int
    cleartext: bool

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a dialect. Times in seconds."""

    kind: str
    servers: tuple[DirectoryServer, ...]
    ca_file: str
    bind_dn: str
    bind_password: str = field(repr=False)
    user_base: str
    user_filter: str
    staff_base: str
    protected_groups: tuple[tuple[str, str], ...]  # each: the name of its setting, and its DN
    company_attribute: str
    protected_filter: str
    default_policy: str
    lockout_threshold: int | None
    connect_timeout: float
    operation_timeout: float
    retry_dead_after: float


def from_settings() -> Config:
    """Reads ``django.conf.settings``. Sends nothing.

    Raises :class:`DirectoryMisconfigured` for settings without a server, a wrong address or a missing CA file.
    """
    if not settings.DIRECTORY_URLS:
        raise DirectoryMisconfigured("DIRECTORY_URLS names no server")
    ca_file = settings.DIRECTORY_CA_FILE
    if ca_file and not Path(ca_file).is_file():
        raise DirectoryMisconfigured(f"DIRECTORY_CA_FILE: there is no file {ca_file}")
    return Config(
        kind=settings.DIRECTORY_KIND,
        servers=tuple(_server(url, debug=settings.DEBUG) for url in settings.DIRECTORY_URLS),
        ca_file=ca_file,
        bind_dn=settings.DIRECTORY_BIND_DN,
        bind_password=settings.DIRECTORY_BIND_PASSWORD,
        user_base=settings.DIRECTORY_USER_BASE,
        user_filter=_bracketed(settings.DIRECTORY_USER_FILTER),
        staff_base=settings.DIRECTORY_STAFF_BASE,
        protected_groups=_protected_groups(),
        company_attribute=settings.DIRECTORY_COMPANY_ATTRIBUTE,
        protected_filter=_bracketed(settings.DIRECTORY_PROTECTED_FILTER),
        default_policy=settings.DIRECTORY_DEFAULT_POLICY,
        lockout_threshold=settings.DIRECTORY_LOCKOUT_THRESHOLD,
        connect_timeout=settings.DIRECTORY_CONNECT_TIMEOUT,
        operation_timeout=settings.DIRECTORY_OPERATION_TIMEOUT,
        retry_dead_after=settings.DIRECTORY_RETRY_DEAD_AFTER,
    )


def _protected_groups() -> tuple[tuple[str, str], ...]:
    """The groups whose direct members get no new password here (``security.md`` R6).

    Agents are protected where a code by SMS is their second factor. Otherwise their telephone would be both factors:
    one code sets the password, and the next one signs in.
    """
    names = ["DIRECTORY_ADMIN_GROUP", *(["DIRECTORY_HELPDESK_GROUP"] if settings.HELPDESK_SMS_FACTOR else [])]
    groups = {getattr(settings, name): name for name in reversed(names)}  # a group that is both is asked once
    return tuple((name, dn) for dn, name in reversed(groups.items()) if dn)


def _server(url: str, *, debug: bool) -> DirectoryServer:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise DirectoryMisconfigured(f"DIRECTORY_URLS: {url} is not ldaps://host or ldap://host") from None
    if not parts.hostname:
        raise DirectoryMisconfigured(f"DIRECTORY_URLS: {url} names no host")
    # Off loopback, and in production on loopback too, ldap:// means StartTLS and nothing before it.
    cleartext = parts.scheme == "ldap" and debug and is_loopback(url)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return DirectoryServer(f"{parts.scheme}://{host}:{port}", parts.scheme, parts.hostname, port, cleartext)


def _bracketed(text: str) -> str:
    """A filter with outer brackets, as RFC 4515 wants it."""
    text = text.strip()
    return text if not text or text.startswith("(") else f"({text})"
