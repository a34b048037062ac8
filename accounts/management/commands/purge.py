from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts import retention


class Command(BaseCommand):
    help = "Deletes what is past its time: codes and failed tries after 24 hours, the audit trail after 18 months."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line a kind."""
        for name, count in retention.purge().items():
            self.stdout.write(f"{name}: {count} deleted")
