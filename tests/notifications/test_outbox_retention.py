"""How long messages are kept, and that their keys can be renewed: issue 3, "The outbox"; security.md Q1, X1."""

from __future__ import annotations

import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import tasks
from accounts.models import BouncedAddress
from accounts.privacy import retention as accounts_retention
from notifications import outbox
from notifications.models import Message
from tests.conftest import Inbox
from tests.notifications.helpers import CARIN, NUMBER, a_mail, an_sms, only, put, time_passes
from tests.notifications.helpers import wait_in_the_outbox as wait
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

State = Message.Status


def purge() -> dict[str, int]:
    out = StringIO()
    call_command("purge", stdout=out)
    lines = (line.removesuffix(" deleted").split(": ") for line in out.getvalue().splitlines())
    return {name: int(count) for name, count in lines}


def test_bodies_and_receivers_go_thirty_days_after_they_settled(smtp: PrivateSmtp) -> None:
    put(a_mail(html="<p>Hej!</p>"))
    time_passes(days=29, hours=23)
    assert purge()["bodies of messages"] == 0
    time_passes(hours=2)
    assert purge()["bodies of messages"] == 1
    row = only()
    assert (row.to, row.text, row.html, row.subject, row.state) == ("", "", "", "Utgående lösenord", State.SENT)
    assert row.blanked_at
    assert purge()["bodies of messages"] == 0, "once is enough"


def test_what_is_not_settled_keeps_its_body() -> None:
    wait([a_mail(useful=timedelta(days=99))])
    time_passes(days=60)
    assert purge()["bodies of messages"] == 0
    assert only().text == "Hej!"


def test_what_was_refused_or_too_late_loses_it_too(smtp: PrivateSmtp) -> None:
    smtp.behave(addresses=[CARIN])
    put(a_mail())
    wait([a_mail(useful=timedelta(0))])
    outbox.sweep()
    assert {row.state for row in Message.objects.all()} == {State.REFUSED, State.EXPIRED}
    time_passes(days=31)
    assert purge()["bodies of messages"] == 2


def test_rows_go_after_eighteen_months(smtp: PrivateSmtp) -> None:
    put(a_mail())
    time_passes(days=547)
    assert (purge()["messages"], Message.objects.count()) == (0, 1)
    time_passes(days=2)
    assert (purge()["messages"], Message.objects.count()) == (1, 0)


def test_a_bounce_is_forgotten_a_month_after_the_last(smtp: PrivateSmtp) -> None:
    smtp.behave(addresses=[CARIN])
    put(a_mail())
    put(a_mail())
    assert BouncedAddress.objects.get().count == 2
    BouncedAddress.objects.update(first_at=timezone.now() - timedelta(days=90))
    BouncedAddress.objects.update(last_at=timezone.now() - timedelta(days=29))
    assert purge()["bounced addresses"] == 0
    BouncedAddress.objects.update(last_at=timezone.now() - timedelta(days=31))
    assert purge()["bounced addresses"] == 1


def test_the_nightly_task_does_the_same(smtp: PrivateSmtp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "idportal")
    put(a_mail())
    time_passes(days=31)
    tasks.purge()
    assert only().text == ""
    assert "purged: 1 bodies of messages" in caplog.text


def test_a_directory_that_is_down_keeps_no_body_alive(
    smtp: PrivateSmtp, server: TestSlapd, caplog: pytest.LogCaptureFixture
) -> None:
    put(a_mail())
    time_passes(days=31)
    server.slapd.stop()
    tasks.purge()
    assert only().text == ""
    assert "the directory did not say which accounts are gone" in caplog.text


# --- Keys ----------------------------------------------------------------------------------------


def test_messages_outlive_the_key_that_encrypted_them(smtp: PrivateSmtp, sms: Inbox, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = ["the old key of the outbox"]
    put(a_mail(text="gammalt"))
    time_passes(days=31)
    purge()
    wait([a_mail(html="<p>Hej!</p>"), an_sms()])
    before = ciphertexts()
    settings.ENCRYPTION_KEYS = ["the new key of the outbox", "the old key of the outbox"]
    call_command("rotate_keys", stdout=StringIO())
    settings.ENCRYPTION_KEYS = ["the new key of the outbox"]
    assert not set(before) & set(ciphertexts())
    outbox.sweep()
    [mail] = smtp.mails()[1:]
    assert mail["To"] == CARIN
    assert [number for number, _text in sms.messages()] == [NUMBER]
    digests = [outbox.receiver_digest(kind, to) for kind, to in (("mail", CARIN), ("sms", NUMBER))]
    assert Message.objects.filter(to_digest__in=digests, blanked_at=None).count() == 2


def test_with_a_key_missing_no_message_is_changed(settings: Settings) -> None:
    """All or none, the numbers of the accounts included."""
    settings.ENCRYPTION_KEYS = ["the first key"]
    wait([a_mail()])
    settings.ENCRYPTION_KEYS = ["the second key"]
    wait([a_mail()])
    before = ciphertexts()
    settings.ENCRYPTION_KEYS = ["the third key", "the second key"]
    with pytest.raises(CommandError, match="ENCRYPTION_KEYS"):
        call_command("rotate_keys", stdout=StringIO())
    assert ciphertexts() == before


def test_others_join_by_name_and_not_by_import() -> None:
    """``accounts`` knows nothing of the outbox."""
    with transaction.atomic():
        assert {"messages", "bodies of messages"} <= accounts_retention.purge().keys()


def ciphertexts() -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "to", to_digest, text, html FROM notifications_message WHERE blanked_at IS NULL ORDER BY id'
        )
        return [tuple(row) for row in cursor.fetchall()]
