"""The helpdesk's mailbox over IMAP: messages are read, moved to a folder, and later deleted from it."""

from idportal.channels.mailbox.access import MailboxError
from idportal.channels.mailbox.imap import Fetched, Mailbox, open_mailbox

__all__ = ["Fetched", "Mailbox", "MailboxError", "open_mailbox"]
