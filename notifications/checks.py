"""System checks of what the notices are told by the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils import timezone, translation

from idportal import sms
from notifications import notices


@register
def notices_fit_one_sms(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A helpdesk address so long that a notice would not fit, even without the user name, is an error."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            texts = [notices.sms_text(purpose, "", timezone.now()) for purpose in notices.BY_SMS]
        if not all((length := sms.septets(text)) is not None and length <= sms.SEGMENT for text in texts):
            return [
                Error(
                    "An SMS that tells of a change does not fit one message: HELPDESK_EMAIL is too long, or holds odd "
                    "signs.",
                    hint="Use a shorter HELPDESK_EMAIL, of the letters a to z.",
                    id="notifications.E001",
                )
            ]
    return []


@register
def leases_outlive_tasks(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A message whose worker is still at it must not be taken for one that was left behind."""
    if settings.OUTBOX_LEASE > settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [
        Warning(
            f"OUTBOX_LEASE is {settings.OUTBOX_LEASE} s, and a task may run for {settings.CELERY_TASK_TIME_LIMIT} s: "
            "a slow mail would be sent twice.",
            hint="Leave OUTBOX_LEASE unset.",
            id="notifications.W002",
        )
    ]
