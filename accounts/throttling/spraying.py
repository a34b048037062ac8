"""Spots password spraying: few passwords tried on many accounts (security.md D4). Counted in the cache alone.

Of a password, 16 bits of a keyed digest name a bucket, for an hour. Who reads the cache without the key, which is in
the settings, learns nothing of it; with the key, one password in 65,536 still fits. Two passwords may share a bucket:
that stops nobody, unless wrong ones are tried on ten other accounts within the hour.
"""

import logging

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from accounts import audit, limits
from accounts.models import Event
from accounts.privacy.encryption import digest
from accounts.signals import logins_failing
from accounts.throttling import places
from accounts.throttling.places import Place

log = logging.getLogger("idportal.spraying")

_BUCKET = 4  # hexadecimal digits: 16 bits


def take_place(password: str, subject: str) -> Place:
    """The account's place among those on which the password is tried; without a key if there is none left.

    Give it back if the password was right: colleagues may have the same first one.
    """
    bucket = digest(password, "spraying")[:_BUCKET]
    return places.take(f"password {bucket}", subject, limits.PASSWORD_ACCOUNTS, limits.PASSWORD_ACCOUNTS_WINDOW)


def count_failure(request: HttpRequest) -> None:
    """Counts a failed log-in of any account. More than FAILED_LOGINS_USUAL in ten minutes raise the alarm."""
    usual = settings.FAILED_LOGINS_USUAL
    usage = get_usage(
        request,
        group="failed-logins-in-all",
        key=lambda *_: "all",
        rate=f"{usual}/10m",
        method=["POST"],
        increment=True,
    )
    if usage is None or not usage["should_limit"]:
        return
    cache.set(limits.LOGINS_FAILING, value=True, timeout=limits.LOGINS_FAILING_LASTS)
    if not cache.add(f"{limits.LOGINS_FAILING}-told", value=True, timeout=limits.LOGINS_FAILING_TOLD):
        return
    log.error("more than %d log-ins have failed in ten minutes: each address is allowed fewer", usual)
    with transaction.atomic():
        audit.record(Event.LOGINS_FAILING, None, result=f"{usage['count']} failures")
        logins_failing.send(sender=None, usual=usual)
