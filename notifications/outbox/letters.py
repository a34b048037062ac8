"""A mail from its template: a greeting, some paragraphs, at most one link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from accounts.models import Company
from idportal import message_templates
from notifications.models import Message
from notifications.outbox.messages import mail


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
    """A mail for ``outbox.enqueue``. ``event`` and ``context`` as in ``message_templates.mail``, the rest as in
    ``outbox.mail``. A text that a person wrote goes into the context through ``idportal.text.inert``.
    """
    written = message_templates.mail(event, language, context)
    return mail(purpose=purpose, to=to, **written._asdict(), useful=useful, key=key, company=company, about=about)
