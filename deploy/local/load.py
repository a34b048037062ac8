"""Registers what the cast of the demo has: numbers, companies, an orderer. The demo begins where the story does."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import directory, users
from accounts.encryption import digest
from accounts.models import Company, Orderer, Phone
from deploy.local.cast import CARIN, CAST, COMPANIES


class Command(BaseCommand):
    help = "Registers the numbers, companies and orderers of the demo's cast. For the demo alone."

    def handle(self, *args: Any, **options: Any) -> None:
        """Gives each person of the cast the number that the story says, unless one is registered already.

        The companies and their orderer likewise: what was changed in the demo stays until it begins anew.
        """
        if not settings.DEMO:
            raise CommandError("This is not the demo: DEMO_FOLDER, DEBUG and a loopback PORTAL_URL belong to it.")
        for person in CAST:
            account = directory.connect().find(person.username)
            if account is None or not person.phone:
                continue
            with transaction.atomic():
                number = {"number": person.phone, "number_digest": digest(person.phone, "number")}
                Phone.objects.get_or_create(user=users.of(account), defaults=number)
        for company in COMPANIES:
            first, second = (*company.recipients, "", "")[:2]
            Company.objects.get_or_create(
                organisation_number=company.organisation_number,
                defaults={
                    "name": company.name,
                    "directory_values": company.name,
                    "recipient1": first,
                    "recipient2": second,
                },
            )
        orderer, made = Orderer.objects.get_or_create(
            email=CARIN.mail, defaults={"name": CARIN.name, "mobile": CARIN.phone}
        )
        if made:
            orderer.companies.set(Company.objects.filter(name=CARIN.company))
