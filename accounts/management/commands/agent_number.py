from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import phones
from accounts.directory import DirectoryError, connect_staff
from accounts.models import numbers
from accounts.staff import roles


class Command(BaseCommand):
    help = (
        "Gives an agent of the helpdesk the mobile number to which HELPDESK_SMS_FACTOR sends codes. "
        "Agents' accounts are protected, so no page takes it. Make sure that the telephone is the agent's."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="user name in the directory")
        parser.add_argument("number", help="mobile number, written in any way")

    def handle(self, *args: Any, **options: Any) -> None:
        """For the account that has the name in the directory now. The account's mail address and an old number are
        told."""
        name = options["username"]
        try:
            number = numbers.parse(options["number"])
            account = connect_staff().find(name)
            held = roles.roles_of(account) if account else roles.NONE
        except ValidationError as error:
            raise CommandError(f"{error.messages[0]} Nothing was changed.") from error
        except DirectoryError as error:
            raise CommandError(f"The directory did not say who {name} is ({error}). Nothing was changed.") from error
        if account is None or roles.AGENT.name not in held:
            raise CommandError(f"No agent in the directory is called {name}. Nothing was changed.")
        phones.enter(account, number)
        self.stdout.write(f"{account.username} gets codes to {numbers.shown(number)}.")
