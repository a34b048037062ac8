"""What the audit trail tells when the portal is upgraded goes on to count: rows of their own begin with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from accounts import migrations
from accounts.models import AuditEvent, Event, FailedTry, PhoneRemoval, TriesForgotten, User

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

NOW = timezone.now()


@pytest.fixture
def migration() -> Any:
    """Its module, which may not be imported by a name that begins with a digit."""
    [file] = Path(migrations.__path__[0]).glob("*_plain_state.py")
    return import_module(f"accounts.migrations.{file.stem}")


def person(username: str) -> User:
    return User.objects.create(username=username, directory_id=f"id of {username}")


def told(event: Event, subject: str, ago: timedelta, *, actor: str = "", result: str = "") -> datetime:
    at = NOW - ago
    AuditEvent.objects.create(event=event, subject=subject, at=at, actor=actor, result=result)
    return at


def test_numbers_that_were_taken_away(migration: Any) -> None:
    """By an agent who is known or is not, or by a stop; not of accounts that the portal has no row of."""
    anna, karl, per = person("anna"), person("karl"), person("per")
    month = timedelta(30)
    at = [
        told(Event.PHONE_LINK_STOPPED, anna.directory_id, 3 * month, result="old number"),
        told(Event.PHONE_REMOVED, anna.directory_id, 2 * month, actor=per.directory_id, result="2026-00042"),
        told(Event.PHONE_REMOVED, karl.directory_id, month, actor="gone", result="2026-00043"),
    ]
    told(Event.PHONE_REMOVED, "id of nobody", month, actor=per.directory_id, result="2026-00044")
    told(Event.PHONE_FORGOTTEN, karl.directory_id, month)
    migration.carry_over(apps, None)
    rows = PhoneRemoval.objects.order_by("at").values_list("user", "at", "agent", "reference")
    assert list(rows) == [
        (anna.pk, at[0], None, ""),
        (anna.pk, at[1], per.pk, "2026-00042"),
        (karl.pk, at[2], None, "2026-00043"),
    ]


def test_tries_that_were_forgotten_within_a_day(migration: Any) -> None:
    told(Event.TRIES_FORGOTTEN, "anna", timedelta(hours=25))
    at = told(Event.TRIES_FORGOTTEN, "anna", timedelta(hours=23))
    migration.carry_over(apps, None)
    assert list(TriesForgotten.objects.values_list("subject", "at")) == [("anna", at)]


def test_wrong_codes_by_sms_since_the_last_right_one(migration: Any) -> None:
    """Of a day; a right code of any kind ends the row, and wrong ones of an app are counted elsewhere."""
    hour = timedelta(hours=1)
    refused, accepted = Event.SECOND_FACTOR_REFUSED, Event.SECOND_FACTOR_ACCEPTED
    told(refused, "per", 25 * hour, result="sms")
    told(refused, "per", 5 * hour, result="sms")
    told(accepted, "per", 4 * hour, result="app")
    told(refused, "per", 3 * hour, result="app")
    at = [told(refused, "per", hours * hour, result="sms") for hours in (2, 1)]
    told(refused, "eva", 2 * hour, result="sms")
    told(accepted, "eva", hour, result="sms")
    migration.carry_over(apps, None)
    rows = FailedTry.objects.order_by("at").values_list("subject", "kind", "at")
    assert list(rows) == [("per", "sms", each) for each in at]
    FailedTry.objects.create(subject="per", kind=FailedTry.Secret.CODE)
    migration.forget_wrong_codes(apps, None)
    assert FailedTry.objects.get().kind == FailedTry.Secret.CODE
