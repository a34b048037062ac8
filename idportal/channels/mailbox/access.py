"""Connecting to the helpdesk's mailbox: its address, the token, the connection, and what its errors mean."""

import imaplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import requests
from django.conf import settings
from imapclient import IMAPClient, SocketTimeout
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import ServerError, TemporarilyUnavailableError
from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth2Session

from idportal.channels.deadline import READ_TIMEOUT, Deadline, connect, tls_sockets
from idportal.channels.mailbox_address import MailboxAddress

# Answers that mean "not now" (RFC 5530). Any other refusal of a log-in or a folder stays until a setting is fixed.
_NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


class MailboxError(Exception):
    """The mailbox could not be used. ``retry``: it may succeed later; otherwise a setting must be fixed first.

    Its text is the portal's own and holds no password, no token and nothing of a mail.
    """

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry


class TlsAdapter(HTTPAdapter):
    """Speaks TLS with the given context, also through a proxy that the environment names."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **more)

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        return super().proxy_manager_for(*arguments, ssl_context=self._context, **more)


def tls_context(limits: Deadline) -> ssl.SSLContext:
    """Trusts the authorities that the mail server and the token server may have, and checks host names.

    Its sockets have this deadline. Each connection needs a context of its own: HTTP (ALPN) would spoil it for IMAP.
    """

    context = ssl.create_default_context()
    context.sslsocket_class = tls_sockets(limits)
    try:
        if settings.HELPDESK_MAILBOX_CA_FILE:
            context.load_verify_locations(settings.HELPDESK_MAILBOX_CA_FILE)
    except OSError:
        raise MailboxError("HELPDESK_MAILBOX_CA_FILE can't be read, or is no PEM file.", retry=False) from None
    return context


def access_token(limits: Deadline) -> str:
    """Asks for an access token by client credentials (RFC 6749 4.4). It is not stored."""
    if not settings.HELPDESK_MAILBOX_TOKEN_URL.startswith("https://"):
        raise MailboxError("HELPDESK_MAILBOX_TOKEN_URL does not begin with https://.", retry=False)
    limits.allow()
    context = tls_context(limits)
    with (
        failing("The token server gave no token"),
        OAuth2Session(client=BackendApplicationClient(settings.HELPDESK_MAILBOX_CLIENT_ID)) as session,
    ):
        session.mount("https://", TlsAdapter(context))
        session.max_redirects = 0  # only the address in the settings may see the secret
        session.register_compliance_hook("access_token_response", _require_healthy)
        found = session.fetch_token(
            settings.HELPDESK_MAILBOX_TOKEN_URL,
            client_secret=settings.HELPDESK_MAILBOX_CLIENT_SECRET,
            include_client_id=True,
            scope=settings.HELPDESK_MAILBOX_SCOPE,
            timeout=limits.wait(),
        )
        return str(found["access_token"])


def _require_healthy(answer: requests.Response) -> requests.Response:
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise MailboxError(f"The token server answered {answer.status_code}.", retry=True)
    return answer


@contextmanager
def failing(words: str, *, final: bool = False) -> Iterator[None]:
    """Turns any error inside into a MailboxError that begins with ``words``.

    ``final``: a refusal by the server will not change by itself.
    """
    try:
        yield
    except MailboxError:
        raise
    except Exception as error:  # libraries raise many kinds, and a broken server can cause any of them
        # Without the error and its words: they can hold what was sent, and what the server answered.
        kind = type(error).__name__
        if isinstance(error, ssl.SSLCertVerificationError):
            kind = f"its certificate is not trusted: {error.verify_message}"
        elif isinstance(error, requests.exceptions.SSLError):
            kind = "its certificate is not trusted, or it speaks no TLS"
        raise MailboxError(f"{words} ({kind}).", retry=not _is_final(error, refused=final)) from None


def _is_final(error: Exception, *, refused: bool) -> bool:
    """Whether a setting must be fixed first. ``refused``: a refusal here means that."""
    match error:
        case ssl.SSLCertVerificationError() | requests.exceptions.SSLError() | requests.TooManyRedirects():
            return True
        case OAuth2Error():
            return not isinstance(error, ServerError | TemporarilyUnavailableError)
        case imaplib.IMAP4.readonly():
            return refused
        case imaplib.IMAP4.error() if not isinstance(error, imaplib.IMAP4.abort):
            # IMAPClient raises the same for a refused log-in and for a lost connection.
            dropped = isinstance(error.__context__, imaplib.IMAP4.abort)
            return refused and not dropped and not any(code in str(error) for code in _NOT_NOW)
    return False


class _Imap(imaplib.IMAP4):
    def __init__(self, where: MailboxAddress, limits: Deadline, context: ssl.SSLContext) -> None:
        self._where, self._limits, self._context = where, limits, context
        super().__init__(where.host, where.port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        wire = connect(self._where.host, self._where.port, self._limits)
        return self._context.wrap_socket(wire, server_hostname=self._where.host) if self._where.implicit else wire


class ImapClient(IMAPClient):
    """Connects at once and reads the greeting; the deadline bounds each wait."""

    def __init__(self, where: MailboxAddress, limits: Deadline, context: ssl.SSLContext) -> None:
        self._made_of = (where, limits, context)
        timeout = SocketTimeout(connect=READ_TIMEOUT, read=READ_TIMEOUT)
        super().__init__(where.host, where.port, ssl=where.implicit, timeout=timeout)  # type: ignore[arg-type]  # takes both

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Imap(*self._made_of)
