"""SMS that are no codes, from the outbox. Source: issue 3, "The outbox"."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone
from pytest_django import Settings

from idportal.channels import sms as gateways
from notifications.models import Message
from notifications.outbox import delivery, queueing
from tests.notifications.helpers import NUMBER, a_mail, again, an_sms, only, put, time_passes
from tests.notifications.helpers import wait_in_the_outbox as wait
from tests.servers.smsgateway import Mood, SmsGateway
from tests.servers.smtp import PrivateSmtp

pytestmark = pytest.mark.django_db(transaction=True)

State = Message.Status


def test_it_goes_through_the_gateways(sms_gateway: SmsGateway) -> None:
    put(an_sms(text="Hej Åsa!"))
    assert [(each.to, each.text) for each in sms_gateway.received] == [(NUMBER, "Hej Åsa!")]
    assert (only().state, only().kind, only().subject, only().html) == (State.SENT, "sms", "", "")


def test_it_counts_against_no_limit_of_codes(sms_gateway: SmsGateway, settings: Settings) -> None:
    """Or who burns that limit would silence the notices."""
    settings.SMS_DAILY_LIMIT = 0
    put(*(an_sms() for _each in range(10)))
    assert len(sms_gateway.received) == 10


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.RESET])
def test_a_gateway_that_fails_is_asked_again(sms_gateway: SmsGateway, mood: Mood) -> None:
    sms_gateway.mood = mood
    put(an_sms())
    for _try in range(4):
        assert (again().state, only().perhaps_sent) == (State.WAITING, 0)
    sms_gateway.mood = Mood.ACCEPT
    assert (again().state, len(sms_gateway.received)) == (State.SENT, 1)


def test_what_was_perhaps_sent_is_tried_once_more_at_most(
    sms_gateway: SmsGateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can see that a second SMS is the same: two that may have come are enough."""
    monkeypatch.setattr(gateways, "GATEWAY_TIMEOUT", 0.2)
    sms_gateway.mood = Mood.HANG
    put(an_sms())
    assert (only().state, only().perhaps_sent) == (State.WAITING, 1)
    sms_gateway.mood = Mood.FAIL
    assert (again().state, only().perhaps_sent) == (State.WAITING, 1), "certainly not sent"
    sms_gateway.mood = Mood.HANG
    message = again()
    assert (message.state, message.perhaps_sent, message.attempts) == (State.REFUSED, 2, 3)
    assert "was refused: No SMS gateway took the message." in caplog.text


def test_a_worker_that_died_may_have_sent_it(sms_gateway: SmsGateway, settings: Settings) -> None:
    """A mail is tried until it is through; its double can be told."""
    [message_id] = wait([an_sms()])
    for _death in range(2):
        assert delivery._claim(message_id)
        time_passes(seconds=settings.OUTBOX_LEASE)
    delivery.deliver(message_id)
    message = only()
    assert (message.state, message.error) == (State.REFUSED, "nobody knows whether it went out, twice")
    assert sms_gateway.attempts == 0


def test_a_mail_goes_out_however_many_workers_died_of_it(smtp: PrivateSmtp, settings: Settings) -> None:
    [message_id] = wait([a_mail()])
    for _death in range(4):
        assert delivery._claim(message_id)
        time_passes(seconds=settings.OUTBOX_LEASE)
    delivery.deliver(message_id)
    assert (only().state, smtp.count()) == (State.SENT, 1)


@pytest.mark.parametrize("text", ["x" * 161, "☎"])
def test_what_is_no_single_sms_is_refused(sms_gateway: SmsGateway, text: str) -> None:
    put(an_sms(text=text))
    assert (only().state, only().attempts, sms_gateway.attempts) == (State.REFUSED, 1, 0)


def test_it_may_wait_for_the_morning(sms_gateway: SmsGateway, settings: Settings) -> None:
    """It is useful from then on, and the queue gets it for then."""
    morning = timezone.now() + timedelta(hours=2)
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        put(an_sms(not_before=morning, useful=timedelta(hours=1)))
    assert queued.call_args.kwargs["eta"] == only().next_try_at == morning
    delivery.deliver(only().pk)
    assert (only().state, sms_gateway.attempts) == (State.WAITING, 0)
    time_passes(hours=2.5)
    delivery.deliver(only().pk)
    assert (only().state, len(sms_gateway.received)) == (State.SENT, 1)


def test_a_time_that_has_passed_is_now(sms_gateway: SmsGateway) -> None:
    put(an_sms(not_before=timezone.now() - timedelta(hours=2), useful=timedelta(hours=1)))
    assert only().state == State.SENT
