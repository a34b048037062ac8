"""/metrics: figures that a monitor reads, true whichever process answers, and about nobody."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import AuditEvent, Company, Event
from deploy.local.cast import CARIN, STEFAN
from notifications.models import DigestRun, Message
from tests.conftest import has_number
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db


def figures(client: Client) -> dict[tuple[str, ...], float]:
    """Each figure by its name and labels' values."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name.removeprefix("idportal_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def a_message(state: Message.Status, minutes_old: int) -> None:
    made = timezone.now() - timedelta(minutes=minutes_old)
    Message.objects.create(
        kind=Message.Channel.MAIL,
        purpose=Message.Topic.DIGEST,
        to=CARIN.mail,
        subject="Utgående lösenord",
        text=f"{STEFAN.given_name} {STEFAN.surname} {STEFAN.username}",
        state=state,
        created_at=made,
        next_try_at=made,
        useful_until=made + timedelta(days=3),
    )


def test_the_outbox_by_state_and_how_old_the_oldest_is_that_waits(client: Client) -> None:
    assert figures(client)["outbox_oldest_seconds",] == 0
    a_message(Message.Status.WAITING, 3)
    a_message(Message.Status.WAITING, 2)
    a_message(Message.Status.REFUSED, 60)
    found = figures(client)
    assert found["outbox_messages", "mail", "waiting"] == 2
    assert found["outbox_messages", "mail", "refused"] == 1
    assert found["outbox_messages", "sms", "waiting"] == 0
    assert 180 <= found["outbox_oldest_seconds",] < 240


def test_the_last_day_whose_run_was_completed(client: Client) -> None:
    assert figures(client)["digest_last_day_seconds",] == 0
    DigestRun.objects.create(day=date(2026, 11, 24), since=date(2026, 11, 23), completed_at=timezone.now())
    DigestRun.objects.create(day=date(2026, 11, 25), since=date(2026, 11, 24))  # begun only
    assert figures(client)["digest_last_day_seconds",] == 1795478400  # 2026-11-24 00:00 UTC


def test_events_of_the_last_hour_numbers_and_companies(client: Client, openldap_settings: TestSlapd) -> None:
    for minutes in (5, 10, 61):
        AuditEvent.objects.create(event=Event.CODE_SENT, at=timezone.now() - timedelta(minutes=minutes))
    has_number(STEFAN)
    Company.objects.create(name="A", organisation_number="556677-8899", recipient1=CARIN.mail)
    Company.objects.create(name="B", organisation_number="559900-1129")
    found = figures(client)
    assert found["events_last_hour", "code sent"] == 2
    assert found["registered_numbers",] == 1
    assert found["companies", "none"] == 1
    assert found["companies", "one or two"] == 1


def test_nothing_of_it_is_about_anybody(client: Client, openldap_settings: TestSlapd) -> None:
    a_message(Message.Status.WAITING, 1)
    has_number(STEFAN)
    page = client.get("/metrics").content.decode()
    assert not [word for word in (CARIN.mail, STEFAN.username, STEFAN.surname, STEFAN.phone[3:]) if word in page]


def test_it_is_read_only(client: Client) -> None:
    assert client.post("/metrics").status_code == 405
