"""A mail from its template: a greeting, some paragraphs, at most one link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from idportal import message_templates
from notifications.models import Message
from notifications.outbox.messages import MailOptions, mail


def letter(event: str, context: Mapping[str, Any], *, language: str = "sv", **options: Unpack[MailOptions]) -> Message:
    """A mail for ``outbox.enqueue``. ``event`` and ``context`` as in ``message_templates.mail``.

    A text that a person wrote goes into the context through ``idportal.text.inert``.
    """
    return mail(**message_templates.mail(event, language, context)._asdict(), **options)
