"""The helpdesk's mailbox, over IMAP: what waits in it is read, moved to a folder, and in time deleted there.

Knows nothing of what the mails say. Always TLS, with the certificate and the host name checked.

How long a server may take to answer, and how much it may say, stands in ``idportal/wires.py``; the log-in in
``idportal/mailbox_access.py``.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from imapclient import DELETED

from idportal import wires
from idportal.mailbox_access import Address, Client, MailboxError, access_token, address, failing, log_in, trust

__all__ = ["Fetched", "Mailbox", "MailboxError", "open_mailbox"]

LOGOUT_TIMEOUT = 2.0  # seconds; all is done by then; that the server says goodbye changes nothing

# Messages that one command is about. The answer has a number for each; and command lines stay below the 8,192 octets
# that every server takes (RFC 7162 4), where a number may have ten digits.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message: ``raw`` is the first part of it, byte by byte, and all of it unless ``size`` (bytes) is more."""

    uid: int
    size: int
    raw: bytes


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    """Connect, log in, and enter the folder of HELPDESK_MAILBOX; log out at the end. Raises :class:`MailboxError`.

    Each wait is bounded (seconds: CONNECT_TIMEOUT; READ_TIMEOUT for the next bytes, ANSWER_TIMEOUT for an answer).
    """
    if not settings.HELPDESK_MAILBOX:
        raise MailboxError("HELPDESK_MAILBOX is not set.", retry=False)
    try:
        where = address(settings.HELPDESK_MAILBOX)
    except ValueError as error:
        raise MailboxError(f"HELPDESK_MAILBOX {error}.", retry=False) from None
    token = access_token() if settings.HELPDESK_MAILBOX_TOKEN_URL else ""
    wire = wires.Wire()
    context = trust(wire)
    with failing(f"The mail server {where.host}:{where.port} can't be reached"):
        wire.allow()
        client = Client(where, wire, context)
    try:
        if not where.implicit:
            with failing("The mail server offers no STARTTLS, or broke it off", final=True):
                client.starttls(context)
        with failing("The mail server refused the log-in", final=True):
            wire.allow()
            log_in(client, where, token)
        mailbox = Mailbox(client, wire, where)
        mailbox.enter(where.folder)
        yield mailbox
    except BaseException:
        _hang_up(client)
        raise
    wire.allow(LOGOUT_TIMEOUT)
    try:
        client.logout()
    except Exception:  # whatever it is: all that was wanted is done
        _hang_up(client)


class Mailbox:
    """An open mailbox, from :func:`open_mailbox`. Each method raises :class:`MailboxError`, and nothing else."""

    def __init__(self, client: Client, wire: wires.Wire, where: Address) -> None:
        self._client = client
        self._wire = wire
        self._where = where
        self._folder = where.folder
        self._entered = ""
        self._known: dict[str, bool] = {}  # folders by their full name: whether they are there
        self._prefix: str | None = None
        self._validity = 0

    def name_of(self, uid: int) -> str:
        """Of a message of the folder, for as long as there is one: a UID alone may be given to another one later."""
        where = self._where
        self._be_in(self._folder)
        return f"{where.user}@{where.host}:{where.port}/{self._folder}/{self._validity}/{uid}"

    def waiting(self, most: int) -> list[int]:
        """UIDs in the folder that are not marked as deleted, oldest first, at most so many."""
        found: list[int] = []
        count = self.enter(self._folder)
        for first in range(1, count + 1, AT_ONCE):
            if len(found) >= most:
                break
            found += self._search(f"{first}:{min(first + AT_ONCE - 1, count)}", "UNDELETED")
        return sorted(found)[:most]

    def read(self, uid: int, limit: int) -> Fetched | None:
        """The message, of which the first ``limit`` bytes are fetched; None if it is gone. It stays unread."""
        self._be_in(self._folder)
        with failing("The mail server would not show a message"):
            try:
                self._wire.allow(more=limit)
                answer = self._client.fetch([uid], ["RFC822.SIZE", f"BODY.PEEK[]<0.{limit}>"]).get(uid, {})
            except imaplib.IMAP4.error:
                if self._is_here(uid):
                    raise
                return None
            size, raw = answer.get(b"RFC822.SIZE"), answer.get(b"BODY[]<0>")
            if size is None or raw is None:
                if self._is_here(uid):
                    raise MailboxError("The mail server shows nothing of a message.", retry=True)
                return None
        return Fetched(uid, size, raw[:limit])

    def move(self, uid: int, folder: str) -> None:
        """To that folder of the mailbox's owner, which is made if it is missing. What is gone already is no error.

        A server without MOVE (RFC 6851) copies, marks as deleted and expunges; where it can't expunge one message
        alone (RFC 4315), the mark stays, and :meth:`waiting` passes it over.
        """
        self._be_in(self._folder)
        target = self._full(folder)
        if not self._exists(target):
            self._make(target)
        with failing("The mail server would not move a message"):
            try:
                self._carry(uid, target)
            except imaplib.IMAP4.error:
                if not self._is_here(uid):
                    return
                self._known.clear()
                if self._exists(target):
                    raise
                self._make(target)  # somebody removed it
                self._carry(uid, target)

    def forget(self, folder: str, before: datetime) -> int:
        """Delete what came into the mailbox before that day and lies in that folder; returns how many.

        The server knows days only (RFC 3501 6.4.4), so what came on the day of ``before`` stays. 0 if the folder is
        missing.
        """
        target = self._full(folder)
        if not self._exists(target):
            return 0
        day = timezone.localtime(before).date()
        gone = 0
        # From the newest, so that what is deleted moves none of those still to come.
        for last in range(self.enter(target), 0, -AT_ONCE):
            if found := self._search(f"{max(1, last - AT_ONCE + 1)}:{last}", "BEFORE", day):
                with failing("The mail server would not delete messages"):
                    self._wire.allow()
                    self._delete(found, all_marked=True)
                gone += len(found)
        return gone

    def enter(self, folder: str) -> int:
        """Go into the folder, by its full name; returns how many messages it holds."""
        self._entered = ""
        with failing(f"The mailbox has no folder {folder!r} that this user may change", final=True):
            self._wire.allow()
            told = self._client.select_folder(folder)
            count: int = told[b"EXISTS"]
            self._validity = int(told.get(b"UIDVALIDITY", 0))
        self._entered = folder
        return count

    def _be_in(self, folder: str) -> None:
        if self._entered != folder:
            self.enter(folder)

    def _search(self, *criteria: object) -> list[int]:
        with failing("The mail server would not search"):
            self._wire.allow()
            return list(self._client.search(list(criteria)))

    def _is_here(self, uid: int) -> bool:
        self._wire.allow()
        self._client.noop()  # it tells what others removed at the ends of commands, and not within a FETCH
        return uid in self._client.search(["UID", uid])

    def _carry(self, uid: int, target: str) -> None:
        self._wire.allow()
        if self._client.has_capability("MOVE"):
            self._client.move([uid], target)
        else:
            self._client.copy([uid], target)
            self._delete([uid])

    def _delete(self, uids: list[int], *, all_marked: bool = False) -> None:
        self._client.add_flags(uids, [DELETED], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        elif all_marked:  # not in the folder that people work in: what they marked is theirs
            self._client.expunge()

    def _full(self, folder: str) -> str:
        """The folder's name as the server has it: some keep everything of one's own below INBOX (RFC 2342)."""
        if self._prefix is None:
            with failing("The mail server would not tell where folders lie"):
                self._wire.allow()
                personal = self._client.namespace().personal if self._client.has_capability("NAMESPACE") else None
                self._prefix = personal[0][0] if personal else ""
        own = folder.upper() == "INBOX" or folder.startswith(self._prefix)
        return folder if own else f"{self._prefix}{folder}"

    def _exists(self, folder: str) -> bool:
        if not self._known.get(folder):
            with failing("The mail server would not list folders"):
                self._wire.allow()
                found = self._client.list_folders("", folder)
            # A name without messages of its own stands in the list for the sake of folders below it.
            empty = {b"\\noselect", b"\\nonexistent"}
            self._known[folder] = any(not empty & {flag.lower() for flag in flags} for flags, _, _ in found)
        return self._known[folder]

    def _make(self, folder: str) -> None:
        with failing("The mail server would not make a folder"):
            try:
                self._wire.allow()
                self._client.create_folder(folder)
            except imaplib.IMAP4.error:
                if not self._exists(folder):  # a second fetcher may have made it just now
                    raise
            with suppress(imaplib.IMAP4.error):  # some have no such list, and nothing hangs on it
                self._client.subscribe_folder(folder)
        self._known[folder] = True


def _hang_up(client: Client) -> None:
    with suppress(Exception):  # it is broken already
        client.shutdown()
