from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from accounts.privacy import retention


class Command(BaseCommand):
    help = "Encrypts every number anew with the newest key. After it, older keys may be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = retention.renew_keys()
        except InvalidToken as error:
            raise CommandError(
                "A number was encrypted with a key that is not set. Nothing was changed. "
                "Add the missing key to ENCRYPTION_KEYS or SECRET_KEY_FALLBACKS and run this again."
            ) from error
        self.stdout.write(f"{count} numbers encrypted with the newest key")
