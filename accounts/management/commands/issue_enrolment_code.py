from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.directory import DirectoryError
from accounts.staff import enrolment
from accounts.staff.enrolment import Unissued
from idportal import clock

_WHY = {
    Unissued.UNKNOWN: "Nobody among the staff in the directory is called {name}",
    Unissued.DISABLED: "The account {name} is disabled",
    Unissued.NO_ROLE: "{name} is neither an agent nor an administrator: see the two groups of the directory",
    Unissued.CONNECTED: "{name} has a second factor. If it is lost, run reset_second_factor first",
}


class Command(BaseCommand):
    help = (
        "Prints a code that lets this agent or administrator connect a second factor at /logga-in/. It is good once, "
        "for a day, and replaces an earlier one. On stdout stands the code alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="user name in the directory")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        try:
            issued = enrolment.issue(name)
        except DirectoryError as error:
            raise CommandError(f"The directory did not say who {name} is ({error}). No code was made.") from error
        if isinstance(issued, Unissued):
            raise CommandError(f"{_WHY[issued].format(name=name)}. No code was made.")
        self.stdout.write(issued.code)
        self.stderr.write(
            f"Enrolment code for {issued.username}, good once, until {clock.stamp(issued.valid_until)}. Give it to "
            "this person and nobody else. It is entered at /logga-in/ after the password."
        )
