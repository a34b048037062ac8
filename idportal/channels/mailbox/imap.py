"""The open mailbox. It knows nothing of what the mails say.

Always TLS, with certificate and host name checked. A Deadline bounds how long and how much a server may answer.
"""

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from imapclient import DELETED

from idportal.channels.deadline import Deadline
from idportal.channels.mailbox.access import (
    ImapClient,
    MailboxError,
    access_token,
    failing,
    tls_context,
)
from idportal.channels.mailbox_address import MailboxAddress, mailbox_address

LONGEST = 300.0  # seconds for all that is done in an open mailbox, if the caller names no others
LOGOUT_TIMEOUT = 2.0  # seconds; nothing depends on the answer to a logout

# Messages in one command. A command line may have 8,192 octets (RFC 7162 4), and a number ten digits.
AT_ONCE = 500


class Fetched(NamedTuple):
    """A message. ``raw``: its first bytes; the whole of it, unless ``size`` (bytes) is more."""

    uid: int
    size: int
    raw: bytes


@contextmanager
def open_mailbox(seconds: float = LONGEST) -> Iterator["Mailbox"]:
    """Connects, logs in, and enters the folder of HELPDESK_MAILBOX; logs out at the end. Raises MailboxError.

    After so many seconds the server is waited for no more, whatever is asked of it.
    """
    if not settings.HELPDESK_MAILBOX:
        raise MailboxError("HELPDESK_MAILBOX is not set.", retry=False)
    try:
        where = mailbox_address(settings.HELPDESK_MAILBOX)
    except ValueError as error:
        raise MailboxError(f"HELPDESK_MAILBOX {error}.", retry=False) from None
    limits = Deadline(seconds)
    token = access_token(limits) if settings.HELPDESK_MAILBOX_TOKEN_URL else ""
    context = tls_context(limits)
    with failing(f"The mail server {where.host}:{where.port} can't be reached"):
        limits.allow()
        client = ImapClient(where, limits, context)
    try:
        if not where.implicit:
            with failing("The mail server offers no STARTTLS, or broke it off", final=True):
                client.starttls(context)
        with failing("The mail server refused the log-in", final=True):
            limits.allow()
            if token:
                client.oauth2_login(where.user, token)
            elif (where.user + where.password).isascii():
                client.login(where.user, where.password)
            else:  # LOGIN knows no letters besides ASCII (RFC 3501 6.2.3)
                client.plain_login(where.user, where.password)
        mailbox = Mailbox(client, limits, where)
        mailbox.enter(where.folder)
        yield mailbox
        limits.allow(LOGOUT_TIMEOUT)
        with suppress(Exception):  # of any kind: the work is done
            client.logout()
    finally:
        with suppress(Exception):  # the connection may be broken
            client.shutdown()


class Mailbox:
    """An open mailbox, from :func:`open_mailbox`. Its methods raise MailboxError and nothing else."""

    def __init__(self, client: ImapClient, limits: Deadline, where: MailboxAddress) -> None:
        self._client, self._limits, self._where = client, limits, where
        self._entered = ""
        self._there: set[str] = set()  # folders, by their full names
        self._prefix: str | None = None
        self._validity = 0

    def name_of(self, uid: int) -> str:
        """A name that no other message ever gets: a UID alone may be reused."""
        where = self._where
        self._be_at_home()
        return f"{where.user}@{where.host}:{where.port}/{where.folder}/{self._validity}/{uid}"

    def waiting(self, most: int) -> list[int]:
        """Returns up to ``most`` UIDs of the folder that are not marked as deleted, oldest first."""
        found: list[int] = []
        count = self.enter(self._where.folder)
        for first in range(1, count + 1, AT_ONCE):
            if len(found) >= most:
                break
            found += self._search(f"{first}:{min(first + AT_ONCE - 1, count)}", "UNDELETED")
        return sorted(found)[:most]

    def read(self, uid: int, limit: int) -> Fetched | None:
        """Fetches the first ``limit`` bytes of the message, which stays unread; None if it is gone."""
        self._be_at_home()
        with failing("The mail server would not show a message"):
            try:
                self._limits.allow(more=limit)
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
        """Moves the message to that folder, which is made if it is missing. A message that is gone is no error.

        Without MOVE (RFC 6851) it is copied, marked as deleted and expunged. A server that can't expunge one message
        alone (RFC 4315) keeps the mark, and :meth:`waiting` skips it.
        """
        self._be_at_home()
        target = self._full(folder)
        if not self._exists(target):
            self._make(target)
        with failing("The mail server would not move a message"):
            try:
                self._carry(uid, target)
            except imaplib.IMAP4.error:
                if not self._is_here(uid):
                    return
                self._there.clear()
                if self._exists(target):
                    raise
                self._make(target)  # it was removed meanwhile
                self._carry(uid, target)

    def forget(self, folder: str, before: datetime) -> int:
        """Deletes the folder's messages that came before the day of ``before``; returns how many.

        IMAP searches by whole days (RFC 3501 6.4.4). 0 if the folder is missing.
        """
        target = self._full(folder)
        if not self._exists(target):
            return 0
        day = timezone.localtime(before).date()
        gone = 0
        # Newest first: a deleted message shifts the numbers of those after it.
        for last in range(self.enter(target), 0, -AT_ONCE):
            if found := self._search(f"{max(1, last - AT_ONCE + 1)}:{last}", "BEFORE", day):
                with failing("The mail server would not delete messages"):
                    self._limits.allow()
                    self._delete(found, all_marked=True)
                gone += len(found)
        return gone

    def enter(self, folder: str) -> int:
        """Enters the folder, by its full name; returns how many messages it holds."""
        self._entered = ""
        with failing(f"The mailbox has no folder {folder!r} that this user may change", final=True):
            self._limits.allow()
            answer = self._client.select_folder(folder)
            count: int = answer[b"EXISTS"]
            self._validity = int(answer.get(b"UIDVALIDITY", 0))
        self._entered = folder
        return count

    def _be_at_home(self) -> None:
        if self._entered != self._where.folder:
            self.enter(self._where.folder)

    def _search(self, *criteria: object) -> list[int]:
        with failing("The mail server would not search"):
            self._limits.allow()
            return list(self._client.search(list(criteria)))

    def _is_here(self, uid: int) -> bool:
        self._limits.allow()
        self._client.noop()  # servers report removed messages after a command, but not within a FETCH
        return uid in self._client.search(["UID", uid])

    def _carry(self, uid: int, target: str) -> None:
        self._limits.allow()
        if self._client.has_capability("MOVE"):
            self._client.move([uid], target)
        else:
            self._client.copy([uid], target)
            self._delete([uid])

    def _delete(self, uids: list[int], *, all_marked: bool = False) -> None:
        self._client.add_flags(uids, [DELETED], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        elif all_marked:  # not in the folder in which people work: they may have marked others
            self._client.expunge()

    def _full(self, folder: str) -> str:
        """The folder's full name: some servers keep own folders below INBOX (RFC 2342)."""
        if self._prefix is None:
            with failing("The mail server would not tell where folders lie"):
                self._limits.allow()
                personal = self._client.namespace().personal if self._client.has_capability("NAMESPACE") else None
                self._prefix = personal[0][0] if personal else ""
        own = folder.upper() == "INBOX" or folder.startswith(self._prefix)
        return folder if own else f"{self._prefix}{folder}"

    def _exists(self, folder: str) -> bool:
        if folder not in self._there:
            with failing("The mail server would not list folders"):
                self._limits.allow()
                found = self._client.list_folders("", folder)
            # The list also has names that hold only other folders.
            empty = {b"\\noselect", b"\\nonexistent"}
            if any(not empty & {flag.lower() for flag in flags} for flags, _, _ in found):
                self._there.add(folder)
        return folder in self._there

    def _make(self, folder: str) -> None:
        with failing("The mail server would not make a folder"):
            try:
                self._limits.allow()
                self._client.create_folder(folder)
            except imaplib.IMAP4.error:
                if not self._exists(folder):  # another fetcher may have just made it
                    raise
            with suppress(imaplib.IMAP4.error):  # some servers have no subscriptions
                self._client.subscribe_folder(folder)
        self._there.add(folder)
