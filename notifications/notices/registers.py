"""Notices when an orderer or a company's recipients change, in the register or by a file (security.md H9).

In Swedish: another person reads it than the one who made the change. The old and the new are told alike, since either
may be the stranger's. Orderers get no word of who made the change: that stands in the trail.
"""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from accounts import signals
from accounts.models import Company, Orderer
from accounts.models.recipients import Recipients
from idportal.channels import message_templates
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.notices import SMS_USEFUL, mail

Topic = Message.Topic


@receiver(signals.orderer_contact_changed)
def contact_was_changed(orderer: Orderer, before: Orderer | None, **others: Any) -> None:
    """By SMS to the numbers and by mail to the addresses, whichever of them changed."""
    words = {
        "new": before is None,
        "email_changed": before is not None and before.email.lower() != orderer.email.lower(),
        "mobile_changed": before is not None and before.mobile != orderer.mobile,
        "at": timezone.now(),
        "until": orderer.waits_until,
        "link": f"{settings.PORTAL_URL}{reverse('orderer-login')}" if before is None else "",
    }
    everyone = [each for each in (before, orderer) if each]
    text = message_templates.sms("orderer_changed", "sv", words)
    numbers = dict.fromkeys(each.mobile for each in everyone)
    outbox.enqueue(
        [
            *(
                mail("orderer_changed", Topic.ORDERER_CHANGED, to, words)
                for to in Recipients(each.email for each in everyone)
            ),
            *(outbox.sms(purpose=Topic.ORDERER_CHANGED, to=to, text=text, useful=SMS_USEFUL) for to in numbers),
        ]
    )


@receiver(signals.orderer_joined)
def orderer_has_joined(orderer: Orderer, companies: Collection[Company], **others: Any) -> None:
    """Each company's other orderers and its recipients learn who may order for it now."""
    for company in companies:
        colleagues = company.orderers.filter(active=True).exclude(pk=orderer.pk).order_by("pk")
        words = {"orderer": inert(orderer.name), "company": inert(company.name), "at": timezone.now()}
        told = Recipients([*colleagues.values_list("email", flat=True), *company.recipients])
        outbox.enqueue(
            mail("orderer_joined", Topic.ORDERER_CHANGED, to, words, company=company)
            for to in told - Recipients([orderer.email])
        )


@receiver(signals.recipients_changed)
def recipients_were_changed(company: Company, before: Recipients, **others: Any) -> None:
    """The old recipients and the new, each whether they get the mail from now on."""
    after = company.recipients
    outbox.enqueue(
        mail(
            "recipients_changed",
            Topic.RECIPIENTS_CHANGED,
            to,
            {"company": inert(company.name), "leaves": to not in after, "joins": to not in before},
            company=company,
        )
        for to in Recipients([*before, *after])
    )
