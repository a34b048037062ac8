"""The way into the helpdesk's mailbox: what the settings say of it, the token, the log-in, and what its errors mean."""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import requests
from django.conf import settings
from imapclient import IMAPClient, SocketTimeout
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import ServerError, TemporarilyUnavailableError
from requests_oauthlib import OAuth2Session

from idportal import wires

# Answers that say: not now (RFC 5530). Any other refusal of a log-in or of a folder stays until somebody mends it.
_NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")

TOO_MANY = 429  # of HTTP (RFC 6585 4)
SERVER_FAULT = 500  # and above

PORTS = {"imaps": 993, "imap": 143}


class MailboxError(Exception):
    """The mailbox could not be used. ``retry``: the same may succeed later; else a setting must be mended first.

    Its text says what was tried and what came of it, in words of ours: no password, no token, nothing of a mail.
    """

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Address:
    """What HELPDESK_MAILBOX says. ``implicit``: TLS from the first byte, not by STARTTLS."""

    implicit: bool
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str


def address(url: str) -> Address:
    """``imaps://user:password@host[:port]/folder``, percent-decoded. Raises ValueError in words without a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(
            "can't be read; signs such as @ : / ? # in a password are written %40 %3A %2F %3F %23"
        ) from None
    if parts.scheme not in PORTS:
        raise ValueError("begins with neither imaps:// nor imap://")
    if parts.query or parts.fragment or not parts.hostname or port == 0:
        raise ValueError("names no host, or holds a ? or #, which are written %3F and %23")
    if not parts.username:
        raise ValueError("names no user")
    folder = unquote(parts.path.removeprefix("/"))
    if not folder:
        raise ValueError("names no folder")
    return Address(
        implicit=parts.scheme == "imaps",
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=folder,
    )


def log_in(client: Client, where: Address, token: str) -> None:
    """With the token, or with the password if it is "". Raises what IMAPClient raises."""
    if token:
        client.oauth2_login(where.user, token)
    elif (where.user + where.password).isascii():
        client.login(where.user, where.password)
    else:  # LOGIN knows no letters besides ASCII (RFC 3501 6.2.3)
        client.plain_login(where.user, where.password)


def trust(wire: wires.Wire) -> ssl.SSLContext:
    """Whom the mail server's certificate, and the token server's, may be from. One for each connection: to prepare
    it for HTTP (ALPN) would spoil it for IMAP.
    """
    try:
        return wires.context(wire, settings.HELPDESK_MAILBOX_CA_FILE)
    except OSError:
        raise MailboxError("HELPDESK_MAILBOX_CA_FILE can't be read, or is no PEM file.", retry=False) from None


def access_token() -> str:
    """An access token by client credentials (RFC 6749 4.4), which is kept nowhere."""
    if not settings.HELPDESK_MAILBOX_TOKEN_URL.startswith("https://"):
        raise MailboxError("HELPDESK_MAILBOX_TOKEN_URL does not begin with https://.", retry=False)
    wire = wires.Wire()
    context = trust(wire)
    with (
        failing("The token server gave no token"),
        OAuth2Session(client=BackendApplicationClient(settings.HELPDESK_MAILBOX_CLIENT_ID)) as session,
    ):
        session.mount("https://", wires.Adapter(context))
        session.max_redirects = 0  # the secret is for the address in the settings alone
        session.register_compliance_hook("access_token_response", _answer_of_a_well_server)
        found = session.fetch_token(
            settings.HELPDESK_MAILBOX_TOKEN_URL,
            client_secret=settings.HELPDESK_MAILBOX_CLIENT_SECRET,
            include_client_id=True,
            scope=settings.HELPDESK_MAILBOX_SCOPE,
            timeout=(wires.CONNECT_TIMEOUT, wires.READ_TIMEOUT),
        )
        return str(found["access_token"])


def _answer_of_a_well_server(answer: requests.Response) -> requests.Response:
    if answer.status_code >= SERVER_FAULT or answer.status_code == TOO_MANY:
        raise MailboxError(f"The token server answered {answer.status_code}.", retry=True)
    return answer


@contextmanager
def failing(words: str, *, final: bool = False) -> Iterator[None]:
    """What goes wrong in here comes out as a MailboxError that begins with the words.

    ``final``: if the server says no, it will say so again.
    """
    try:
        yield
    except MailboxError:
        raise
    except Exception as error:  # libraries raise many kinds, and a server's nonsense any kind
        # Without the error's own words, or the error itself: they can hold what was sent, and what a server made of it.
        raise MailboxError(f"{words} ({_kind(error)}).", retry=not _is_final(error, refused=final)) from None


def _kind(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted, or it speaks no TLS"
    return type(error).__name__


def _is_final(error: Exception, *, refused: bool) -> bool:
    """Whether somebody must mend something first. ``refused``: a no to this would be such a case."""
    match error:
        case ssl.SSLCertVerificationError() | requests.exceptions.SSLError() | requests.TooManyRedirects():
            return True
        case OAuth2Error():
            return not isinstance(error, ServerError | TemporarilyUnavailableError)
        case imaplib.IMAP4.readonly():
            return refused
        case imaplib.IMAP4.abort() | OSError():
            return False
        case imaplib.IMAP4.error():
            # IMAPClient turns whatever ended a log-in into one kind, and the connection's end is no refusal.
            dropped = isinstance(error.__context__, imaplib.IMAP4.abort)
            return refused and not dropped and not any(code in str(error) for code in _NOT_NOW)
        case _:
            return False


class _Imap(imaplib.IMAP4):
    def __init__(self, where: Address, wire: wires.Wire, context: ssl.SSLContext) -> None:
        self._where, self._wire, self._context = where, wire, context
        super().__init__(where.host, where.port, wires.CONNECT_TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connection = socket.create_connection((self._where.host, self._where.port), timeout)
        if self._where.implicit:
            return self._context.wrap_socket(connection, server_hostname=self._where.host)
        watched = wires.Watched(fileno=connection.detach())
        watched.wire = self._wire
        watched.settimeout(timeout)
        return watched


class Client(IMAPClient):
    """Connects when it is made, and reads the greeting; each wait is bounded by the wire."""

    def __init__(self, where: Address, wire: wires.Wire, context: ssl.SSLContext) -> None:
        self._made_of = (where, wire, context)
        timeout = SocketTimeout(connect=wires.CONNECT_TIMEOUT, read=wires.READ_TIMEOUT)
        super().__init__(where.host, where.port, ssl=where.implicit, timeout=timeout)  # type: ignore[arg-type]  # takes both

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Imap(*self._made_of)
