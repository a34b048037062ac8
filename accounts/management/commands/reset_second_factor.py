from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.directory import DirectoryError, connect_staff
from accounts.models import User
from accounts.staff import second_factor

NEXT = "To connect one: issue_enrolment_code {name}."


class Command(BaseCommand):
    help = (
        "Takes away a user's authenticator app and recovery codes, and with HELPDESK_SMS_FACTOR the number, too. "
        "A new one is connected with a code of issue_enrolment_code."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="user name in the directory")

    def handle(self, *args: Any, **options: Any) -> None:
        """For the account that has the name in the directory now."""
        name = options["username"]
        try:
            account = connect_staff().find(name)
        except DirectoryError as error:
            raise CommandError(f"The directory did not say who {name} is ({error}). Nothing was changed.") from error
        if account is None:
            raise CommandError(f"Nobody in the directory is called {name}. Nothing was changed.")
        user = User.objects.filter(directory_id=account.id).first()
        if user is None or not second_factor.remove(user):
            self.stdout.write(f"{account.username} has no second factor. {NEXT.format(name=name)}")
            return
        self.stdout.write(f"The second factor of {account.username} is removed. {NEXT.format(name=name)}")
