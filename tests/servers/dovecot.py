"""The Dovecot of demo and stack, with helpers to add mails and look at them."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from deploy.local.dovecot import ACCOUNT
from tests.servers.private import PrivateDovecot
from tests.servers.processes import suspended

TIMEOUT = 20.0  # seconds

TOKENS = """\
auth_mechanisms {
  plain = yes
  login = yes
  xoauth2 = yes
}
passdb oauth2 {
  mechanisms_filter = xoauth2
}
oauth2 {
  introspection_mode = post
  introspection_url = %s
  force_introspection = yes
  active_attribute = active
  active_value = true
  username_attribute = username
}
"""


class TestDovecot:
    """A mail server with one mailbox. What is done here is done as its owner, past the portal.

    ``introspection_url`` is asked about tokens (RFC 7662), which then let one in besides the password (XOAUTH2).
    """

    __test__ = False

    def __init__(self, folder: Path, *, introspection_url: str = "", extra: str = "") -> None:
        tokens = TOKENS % introspection_url if introspection_url else ""
        self.dovecot = PrivateDovecot(folder, extra=tokens + extra)

    @property
    def lmtp_port(self) -> int:
        return self.dovecot.lmtp_port

    @property
    def starttls_url(self) -> str:
        """For HELPDESK_MAILBOX."""
        return f"imap://{ACCOUNT}:{self.dovecot.secret()}@127.0.0.1:{self.dovecot.plain_port}/INBOX"

    def start(self) -> None:
        self.dovecot.start()

    def stop(self) -> None:
        self.dovecot.stop()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """While this lasts, connections are held and nothing answers."""
        with ExitStack() as stack:
            for process in self.processes():
                stack.enter_context(suspended(process))
            yield

    def processes(self) -> list[int]:
        """The server's own process and all that it has started."""
        found = [self.dovecot.pid]
        for process in found:
            found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split())
        return found

    def settings(self) -> dict[str, Any]:
        """The Django settings that point the portal at it, by password."""
        return {
            **self.dovecot.environment(),
            "HELPDESK_MAILBOX_TOKEN_URL": "",
            "HELPDESK_MAILBOX_CLIENT_ID": "",
            "HELPDESK_MAILBOX_CLIENT_SECRET": "",
        }

    def folders(self) -> list[str]:
        """The names of all folders, as the server has them."""
        with self.client() as client:
            return sorted(name for _flags, _separator, name in client.list_folders())

    def folder(self, name: str) -> list[bytes]:
        """The messages of a folder, oldest first, without those marked as deleted; none if it is missing.

        Looking marks nothing as read.
        """
        with self.client() as client:
            if not client.folder_exists(name):
                return []
            client.select_folder(name, readonly=True)
            found = client.fetch(client.search("UNDELETED"), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def flags(self, name: str = "INBOX") -> list[set[bytes]]:
        """The flags of each message, oldest first, without \\Recent, which every look takes away."""
        with self.client() as client:
            client.select_folder(name, readonly=True)
            found = client.get_flags(client.search())
            return [set(found[uid]) - {b"\\Recent"} for uid in sorted(found)]

    def append(
        self, raw: bytes, folder: str = "INBOX", when: datetime | None = None, flags: tuple[str, ...] = ()
    ) -> int:
        """Puts the bytes there as they are, as if they had come at that time; returns the UID."""
        with self.client() as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, raw, flags, when)
            client.select_folder(folder, readonly=True)
            return int(max(client.search()))

    def deliver(self, raw: bytes, mail_from: str = "", rcpt: str = ACCOUNT) -> None:
        """As the municipality's mail server does, by LMTP, which adds Return-Path, Delivered-To and Received.

        ``mail_from``: the sender of the envelope, "" for a bounce's. Line ends become SMTP's.
        """
        with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=TIMEOUT) as lmtp:
            lmtp.sendmail(mail_from, [rcpt], re.sub(rb"\r?\n", b"\r\n", raw))

    def remove(self, uid: int, folder: str = "INBOX") -> None:
        """As somebody else who works in the same mailbox."""
        with self.client() as client:
            client.select_folder(folder)
            client.delete_messages([uid])
            client.expunge([uid])

    def clear(self) -> None:
        """No mail, and no folder besides INBOX. Starts the server if it does not run."""
        if not self.dovecot.answers():
            self.stop()
            self.start()
        with self.client() as client:
            names = [name for _flags, _separator, name in client.list_folders() if name.upper() != "INBOX"]
            for name in sorted(names, key=len, reverse=True):  # those within others first
                client.unsubscribe_folder(name)
                client.delete_folder(name)
            client.select_folder("INBOX")
            if everything := client.search():
                client.delete_messages(everything, silent=True)
                client.expunge()

    @contextmanager
    def client(self) -> Iterator[Any]:
        """A connection of its own, logged in."""
        context = ssl.create_default_context(cafile=str(self.dovecot.ca_file))
        with IMAPClient("127.0.0.1", self.dovecot.port, ssl_context=context, timeout=TIMEOUT) as client:
            client.login(ACCOUNT, self.dovecot.secret())
            yield client
