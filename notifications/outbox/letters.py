"""A mail of the portal's own, from its template: a greeting, some paragraphs, at most one link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from accounts.models import Company
from idportal import message_templates
from notifications import outbox
from notifications.models import Message


def letter(
    event: str,
    context: Mapping[str, Any],
    *,
    purpose: Message.Topic,
    to: str,
    language: str = "sv",
    useful: timedelta,
    key: str = "",
    company: Company | None = None,
    about: str = "",
) -> Message:
    """The mail, for ``outbox.queue``. ``event`` and ``context`` as in ``texts.mail``; the rest as in ``outbox.mail``.

    What people wrote goes into the context through ``names.inert``.
    """
    written = message_templates.mail(event, language, context)
    return outbox.mail(
        purpose=purpose, to=to, **written._asdict(), useful=useful, key=key, company=company, about=about
    )
