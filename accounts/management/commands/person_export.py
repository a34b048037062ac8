"""``manage.py person_export USER``: all that the portal holds of a person, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts.directory import DirectoryError
from accounts.management import erasing


class Command(BaseCommand):
    help = "Prints all that the portal holds of a person, as JSON: an account by its user name, an orderer by address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name, the directory's id, or an orderer's e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = erasing.export(erasing.find(options["user"]))
        except erasing.UnknownPerson as unknown:
            raise CommandError(str(unknown)) from None
        except DirectoryError as error:
            raise CommandError(f"The directory did not say who that is ({error}). Try again.") from error
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
