"""Empties the helpdesk's mailbox into the queue, as beat does each minute."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from helpdesk.intake import fetch
from idportal.channels.mailbox import MailboxError


class Command(BaseCommand):
    help = "Read the mails in HELPDESK_MAILBOX into the helpdesk's queue until none is left, and move each."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.HELPDESK_MAILBOX:
            raise CommandError("HELPDESK_MAILBOX is not set. docs/configuration.md shows an example.")
        handled = odd = 0
        more = True
        while more:
            try:
                done = fetch.run()
            except MailboxError as error:
                advice = "Try again later." if error.retry else "Check the HELPDESK_MAILBOX settings."
                raise CommandError(f"{handled} mails were taken in; then: {error} {advice}") from None
            handled, odd = handled + done.handled, odd + done.unreadable
            # A server that shows a mail which it can't give away would be asked for ever.
            more = done.more and done.handled > 0
        self.stdout.write(f"{handled} mails were taken in, {odd} of them could not be read.")
