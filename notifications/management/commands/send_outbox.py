from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications import outbox
from notifications.outbox import queueing


class Command(BaseCommand):
    help = "Sends what waits in the outbox and is due, through the queue; without a queue, here and now."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what it found. An error if the queue is down."""
        swept = outbox.sweep()
        self.stdout.write(f"{swept.queued} messages handed over, {swept.expired} expired")
        if swept.queued < swept.found:
            raise CommandError(
                f"The queue is down: {swept.found - swept.queued} messages still wait. Nothing is lost; "
                "start Redis and run this again, or let the worker find them when it starts."
            )
        if swept.found == queueing.BATCH:
            self.stdout.write("More may be waiting. Run this again.")
