"""``manage.py person_erase USER``: takes a person out of everything but the trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.directory import DirectoryError
from accounts.management import erasing
from accounts.privacy.person import EraseRefused


class Command(BaseCommand):
    help = "Erases a person: an account by its user name, an orderer by address. The audit trail keeps its events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name, the directory's id, or an orderer's e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            erased = erasing.erase(erasing.find(options["user"]))
        except (erasing.UnknownPerson, EraseRefused) as refused:
            raise CommandError(f"{refused} Nothing was erased.") from None
        except DirectoryError as error:
            raise CommandError(f"The directory did not say who that is ({error}). Nothing was erased.") from error
        for name, count in erased.items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write("The person is erased. The trail stays." if erased else "Nothing was held but the trail.")
