"""The servers of ``DIRECTORY_URLS``, and why a TLS connection to one failed."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from accounts.directory.account import DirectoryMisconfigured
from idportal.env import is_loopback

DEFAULT_PORTS = {"ldap": 389, "ldaps": 636}

# LDAPMessage { 1, ExtendedRequest { 1.3.6.1.4.1.1466.20037 } } in BER: StartTLS (RFC 4511 4.14.1).
START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"


@dataclass(frozen=True, slots=True)
class DirectoryServer:
    """One directory server. ``cleartext``: without TLS, which only loopback in DEBUG may be."""

    url: str
    scheme: str
    host: str
    port: int
    cleartext: bool


def servers() -> tuple[DirectoryServer, ...]:
    """The servers in their order. Raises :class:`DirectoryMisconfigured`, also for a missing CA file."""
    if not settings.DIRECTORY_URLS:
        raise DirectoryMisconfigured("DIRECTORY_URLS names no server")
    ca_file = settings.DIRECTORY_CA_FILE
    if ca_file and not Path(ca_file).is_file():
        raise DirectoryMisconfigured(f"DIRECTORY_CA_FILE: there is no file {ca_file}")
    return tuple(map(_server, settings.DIRECTORY_URLS))


def _server(url: str) -> DirectoryServer:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise DirectoryMisconfigured(f"DIRECTORY_URLS: {url} is not ldaps://host or ldap://host") from None
    if not parts.hostname:
        raise DirectoryMisconfigured(f"DIRECTORY_URLS: {url} names no host")
    # Off loopback, and in production on loopback too, ldap:// means StartTLS and nothing before it.
    cleartext = parts.scheme == "ldap" and settings.DEBUG and is_loopback(url)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return DirectoryServer(f"{parts.scheme}://{host}:{port}", parts.scheme, parts.hostname, port, cleartext)


def tls_problem(server: DirectoryServer) -> str:
    """Connects again with Python's own TLS, which gives a reason where libldap often gives none.

    "" if the certificate is trusted. Takes at most the connect time limit for each of three steps.
    """
    if server.cleartext:
        return ""
    try:
        context = ssl.create_default_context(cafile=settings.DIRECTORY_CA_FILE or None)
        limit = settings.DIRECTORY_CONNECT_TIMEOUT
        with socket.create_connection((server.host, server.port), limit) as connection:
            if server.scheme == "ldap":
                connection.sendall(START_TLS)
                connection.recv(4096)
            with context.wrap_socket(connection, server_hostname=server.host):
                return ""
    except ssl.SSLCertVerificationError as error:
        return f"certificate not trusted: {error.verify_message}"
    except OSError:
        return ""
