"""The helpdesk's mailbox address. Kept apart from ``mailbox``, which loads HTTP, OAuth and IMAP."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

PORTS = {"imaps": 993, "imap": 143}


@dataclass(frozen=True, slots=True)
class MailboxAddress:
    """HELPDESK_MAILBOX in its parts. ``implicit``: TLS from the first byte, not by STARTTLS."""

    implicit: bool
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str


def mailbox_address(url: str) -> MailboxAddress:
    """Parses ``imaps://user:password@host[:port]/folder``. Raises ValueError; its text holds no password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(
            "can't be read; characters such as @ : / ? # in a password are written %40 %3A %2F %3F %23"
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
    port = port or PORTS[parts.scheme]
    user, password = unquote(parts.username), unquote(parts.password or "")
    return MailboxAddress(parts.scheme == "imaps", parts.hostname, port, user, password, folder)
