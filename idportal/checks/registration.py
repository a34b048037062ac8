"""System checks: a dangerous or missing setting is an error that says how to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register

from idportal.checks import portal, production, services


@register(Tags.security)
def settings_are_safe(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every command runs it; `check --deploy` adds what only production needs."""
    return [
        *portal.addresses(),
        *portal.keys(),
        *portal.passwords(),
        *portal.proxies(),
        *services.directory(),
        *services.sms(),
        *services.helpdesk(),
        *services.mailbox(),
        *portal.queue(),
    ]


@register(Tags.security, deploy=True)
def deployment_is_complete(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What a production installation needs besides."""
    return [*production.portal(), *production.sms(), *production.mail()]
