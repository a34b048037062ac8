"""``python -m deploy.local.load``: migrates the database of demo or stack, and loads the cast into it."""

import io

import django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction


def main() -> None:
    django.setup(set_prefix=False)
    from deploy.local import start_codes

    call_command("check", stdout=io.StringIO())
    call_command("migrate", verbosity=0)
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    fill()
    if hasattr(settings, "DEMO_FOLDER"):
        start_codes.provide()
    if settings.CELERY_TASK_ALWAYS_EAGER:  # no beat will send it
        call_command("send_expiry_digests", stdout=io.StringIO())


@transaction.atomic
def fill() -> None:
    """Creates numbers, companies and the orderer, unless there are companies already."""
    from accounts import directory, users
    from accounts.models import Company, Orderer, Phone
    from accounts.models.recipients import Recipients
    from accounts.privacy.encryption import digest
    from deploy.local.cast import CARIN, CAST, COMPANIES

    if Company.objects.exists():
        return
    for person in CAST:
        account = directory.connect().find(person.username)
        if account is not None and person.phone:
            number = {"number": person.phone, "number_digest": digest(person.phone, "number")}
            Phone.objects.create(user=users.for_account(account), **number)
    for company in COMPANIES:
        Company.objects.create(
            organisation_number=company.organisation_number,
            name=company.name,
            directory_values=company.name,
            **Recipients(company.recipients).columns,
        )
    orderer = Orderer.objects.create(email=CARIN.mail, name=CARIN.name, mobile=CARIN.phone)
    orderer.companies.set(Company.objects.filter(name=CARIN.company))


if __name__ == "__main__":
    main()
