"""A short mail of the portal's own: a greeting, a few paragraphs, at most one link, in the language that is active."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Company
from notifications import outbox
from notifications.models import Message


class Link(NamedTuple):
    """What the button says, and where it leads: an address below ``PORTAL_URL``."""

    label: str
    url: str


def letter(
    *,
    purpose: Message.Purpose,
    to: str,
    subject: str,
    paragraphs: Sequence[str],
    link: Link | None = None,
    after: Sequence[str] = (),
    useful: timedelta,
    key: str = "",
    company: Company | None = None,
    about: str = "",
) -> Message:
    """The mail, for ``outbox.queue``. The link stands between ``paragraphs`` and ``after``; the rest is as in
    ``outbox.mail``. What people wrote goes in through ``names.inert``.
    """
    context = {
        "language": get_language(),
        "subject": subject,
        "paragraphs": [_("Hej!"), *paragraphs],
        "link": link,
        "after": [*after, _("Detta mejl skickades automatiskt från systemet.")],
        "municipality": settings.MUNICIPALITY_NAME,
    }
    return outbox.mail(
        purpose=purpose,
        to=to,
        subject=subject,
        text=render_to_string("mail/notice.txt", context),
        html=render_to_string("mail/notice.html", context),
        useful=useful,
        key=key,
        company=company,
        about=about,
    )
