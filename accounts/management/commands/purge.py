from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.directory import DirectoryError
from accounts.privacy import retention


class Command(BaseCommand):
    help = "Deletes what is past its time: codes and failed tries after 24 hours, the audit trail after 18 months."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = retention.purge()
        except DirectoryError as error:
            raise CommandError(
                f"The directory did not say which accounts are gone ({error}). All else is purged; run it again later."
            ) from error
        for name, count in counts.items():
            self.stdout.write(f"{name}: {count} deleted")
