"""Messages about one change share a task; each is settled by itself."""

from __future__ import annotations

from unittest import mock

import pytest
from kombu.exceptions import OperationalError as QueueDown
from pytest_django import Settings

from notifications.models import Message
from notifications.outbox import delivery, queueing
from tests.notifications.helpers import Purpose, State, a_mail, an_sms, put
from tests.notifications.helpers import wait_in_the_outbox as wait
from tests.servers.smsgateway import SmsGateway
from tests.servers.smtp import PrivateSmtp

pytestmark = pytest.mark.django_db(transaction=True)

TOLD = Purpose.PASSWORD_RESET


def states() -> dict[str, str]:
    return dict(Message.objects.values_list("kind", "state"))


def test_a_notice_by_sms_and_mail_is_one_task(settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        put(a_mail(purpose=TOLD), an_sms(purpose=TOLD))
    [call] = queued.call_args_list
    assert set(*call.args) == set(Message.objects.values_list("pk", flat=True))
    assert not Message.objects.filter(queued_at=None).exists()


@pytest.mark.parametrize(
    ("purpose", "count"), [(Purpose.DIGEST, 2), (TOLD, delivery.TOGETHER + 1)], ids=["nobody waits", "too many"]
)
def test_others_have_a_task_each(settings: Settings, purpose: Message.Topic, count: int) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        put(*(a_mail(purpose=purpose) for _each in range(count)))
    assert [len(call.args[0]) for call in queued.call_args_list] == [1] * count


def test_the_sms_goes_first(smtp: PrivateSmtp, sms_gateway: SmsGateway) -> None:
    """Its receiver waits for it. A mail server may take its time."""
    ids = wait([a_mail(purpose=TOLD), an_sms(purpose=TOLD)])
    assert [message.kind for message in delivery._claim(*ids)] == ["sms", "mail"]


def test_one_that_fails_waits_alone(smtp: PrivateSmtp, sms_gateway: SmsGateway, settings: Settings) -> None:
    smtp.behave(script=["451 DATA"])
    ids = wait([a_mail(purpose=TOLD), an_sms(purpose=TOLD)])
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        queueing.deliver(*ids)
    assert states() == {"sms": State.SENT, "mail": State.WAITING}
    [call] = queued.call_args_list
    mail = Message.objects.get(kind="mail")
    assert (call.args, call.kwargs["eta"]) == (((mail.pk,),), mail.next_try_at)


def test_one_that_no_key_opens_holds_up_no_other(
    smtp: PrivateSmtp, sms_gateway: SmsGateway, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = ["the old key of the outbox"]
    ids = wait([an_sms(purpose=TOLD)])
    settings.ENCRYPTION_KEYS = ["the new key of the outbox"]
    ids += wait([a_mail(purpose=TOLD)])
    assert delivery.deliver(*ids) == {ids[0]}
    assert states() == {"sms": State.WAITING, "mail": State.SENT}


def test_what_another_has_claimed_is_left_to_it(smtp: PrivateSmtp, sms_gateway: SmsGateway) -> None:
    ids = wait([an_sms(purpose=TOLD), a_mail(purpose=TOLD)])
    delivery._claim(ids[0])
    assert delivery.deliver(*ids) == {ids[0]}
    assert states() == {"sms": State.SENDING, "mail": State.SENT}


def test_a_message_that_the_queue_did_not_take_has_no_task(settings: Settings) -> None:
    """So the next sweep makes one."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(queueing.deliver, "apply_async", side_effect=[None, QueueDown("no")]):
        put(*(a_mail(purpose=Purpose.DIGEST) for _ in range(3)))
    assert [message.queued_at is None for message in Message.objects.order_by("pk")] == [False, True, True]
