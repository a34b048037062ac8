"""Registers the numbers that the cast of the demo has, so that the demo begins where the story does."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import directory, users
from accounts.demo.cast import CAST
from accounts.encryption import digest
from accounts.models import Phone


class Command(BaseCommand):
    help = "Registers the numbers of the demo's cast. For the demo alone."

    def handle(self, *args: Any, **options: Any) -> None:
        """Gives each person of the cast the number that the story says, unless one is registered already."""
        if not settings.DEMO:
            raise CommandError("This is not the demo: DEMO_FOLDER, DEBUG and a loopback PORTAL_URL belong to it.")
        for person in CAST:
            account = directory.connect().find(person.username)
            if account is None or not person.phone:
                continue
            with transaction.atomic():
                number = {"number": person.phone, "number_digest": digest(person.phone, "number")}
                Phone.objects.get_or_create(user=users.of(account), defaults=number)
