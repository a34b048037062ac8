"""``manage.py send_expiry_digests``. Issue 3; design.md "Digest:"."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, Event
from deploy.local.cast import CARIN, HEMTJANST_ETT, KARL, MARIA, STEFAN
from notifications import digests
from notifications.models import DigestRun
from tests.accounts.helpers import trail
from tests.conftest import has_number
from tests.notifications.digest_world import DAY, completed, hemtjanst_ett, omsorg_tva, runs_out, sent, somebody, told
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

SECOND = "lena@hemtjanst-ett.example"


def command(*arguments: str) -> tuple[str, str]:
    """What it says on its two streams."""
    out, errors = io.StringIO(), io.StringIO()
    call_command("send_expiry_digests", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


@pytest.fixture
def people(empty_server: TestSlapd) -> None:
    """Two of one company, with two recipients, one of another, with none."""
    hemtjanst_ett(CARIN.mail, SECOND)
    omsorg_tva()
    runs_out(empty_server, STEFAN, DAY + timedelta(15))
    runs_out(empty_server, KARL, DAY + timedelta(1))
    runs_out(empty_server, MARIA, DAY)


TELLS = f"""\
{CARIN.mail}  {HEMTJANST_ETT}  2 accounts: lovkalin01 Karl Lind (1 day), lovstlin32 Stefan Lind (15 days)
{SECOND}  {HEMTJANST_ETT}  2 accounts: lovkalin01 Karl Lind (1 day), lovstlin32 Stefan Lind (15 days)
it-helpdesk@orebro.se  no recipient  1 account: lovmalsund Maria Sund (0 days)
"""


@pytest.mark.usefixtures("people")
def test_it_tells_what_goes_to_whom_and_sends_it() -> None:
    done = f"3 mails and 0 SMS are in the outbox. The run of {DAY} is done.\n"
    assert command("--date", str(DAY)) == (TELLS + done, "")
    assert sorted(message.to for message in sent()) == [CARIN.mail, "it-helpdesk@orebro.se", SECOND]


@pytest.mark.usefixtures("people")
def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    assert command("--date", str(DAY), "--dry-run") == (
        f"{TELLS}A dry run: nothing was sent, and nothing counts as told.\n",
        "",
    )
    assert (sent(), list(DigestRun.objects.all()), trail()) == ([], [], [])
    command("--date", str(DAY))
    assert len(sent()) == 3


@pytest.mark.usefixtures("people")
def test_a_day_that_is_done_is_said_to_be() -> None:
    command("--date", str(DAY))
    said, _ = command("--date", str(DAY))
    assert said.startswith(f"The run of {DAY} was done already, ")
    assert said.endswith(". Nothing was sent.\n")
    assert len(sent()) == 3
    said, _ = command("--date", str(DAY), "--dry-run")
    assert said.startswith(f"Nobody is to be told on {DAY}.\n")


def test_without_a_date_it_is_today(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    today = timezone.localdate()
    runs_out(empty_server, STEFAN, today + timedelta(7))
    command()
    assert DigestRun.objects.get().day == today
    assert told(sent()) == [(STEFAN.username, "7")]


def test_a_date_counts_as_that_days_run(empty_server: TestSlapd) -> None:
    """As if it were today: days left, the missed days before it, and the run that the next day follows."""
    hemtjanst_ett()
    completed(DAY - timedelta(2))
    runs_out(empty_server, STEFAN, DAY + timedelta(6))
    command("--date", str(DAY))
    assert told(sent()) == [(STEFAN.username, "6")]
    run = DigestRun.objects.get(day=DAY)
    assert run.completed_at
    assert run.since == DAY - timedelta(2)
    assert digests.run(DAY + timedelta(1)).since == DAY


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_a_date_that_lies_ahead_comes_with_a_warning(empty_server: TestSlapd, how: tuple[str, ...]) -> None:
    ahead = timezone.localdate() + timedelta(2)
    said, warned = command("--date", str(ahead), *how)
    assert f"{ahead} lies ahead" in warned
    assert "no run before tells it" in warned
    assert f"send_expiry_digests --date {ahead} --take-back" in warned
    assert f"Nobody is to be told on {ahead}." in said


def test_a_run_for_a_wrong_day_can_be_taken_back(empty_server: TestSlapd) -> None:
    """Else nobody would be told of what it covered until its day came."""
    hemtjanst_ett()
    completed(DAY - timedelta(1))
    wrong = DAY + timedelta(20)
    command("--date", str(wrong))
    runs_out(empty_server, STEFAN, DAY + timedelta(7))
    command("--date", str(DAY))
    assert told(sent()) == []
    command("--date", str(DAY), "--take-back")
    said, _ = command("--date", str(wrong), "--take-back")
    assert f"The run of {wrong} counts as not made." in said
    assert [row.result for row in AuditEvent.objects.filter(event=Event.DIGEST_TAKEN_BACK)] == [str(DAY), str(wrong)]
    command("--date", str(DAY))
    assert told(sent()) == [(STEFAN.username, "7")]


def test_there_is_nothing_to_take_back_of_a_day_without_a_run() -> None:
    with pytest.raises(CommandError, match=r"There is no run of .*\. Nothing was changed\."):
        command("--date", str(DAY), "--take-back")


def test_a_reminder_by_sms_is_told_without_the_number(empty_server: TestSlapd, settings: Settings) -> None:
    settings.EXPIRY_SMS = True
    today = timezone.localdate()
    runs_out(empty_server, STEFAN, today + timedelta(8))
    has_number(STEFAN)
    said, _ = command("--date", str(today + timedelta(1)))
    assert "SMS to the person  lovstlin32 Stefan Lind (7 days)\n" in said
    assert "1 mail and 1 SMS are in the outbox." in said
    assert STEFAN.phone[3:] not in said


def test_a_name_does_nothing_to_the_terminal(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32", "\x1b[2J\x07Bo\nRoot", "\u202eLind"), DAY)
    said, _ = command("--date", str(DAY), "--dry-run")
    assert f"{HEMTJANST_ETT}  1 account: lovstlin32 [2JBo Root Lind (0 days)\n" in said


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_a_directory_that_is_down_is_told_in_plain_words_and_nothing_is_half_done(
    empty_server: TestSlapd, how: tuple[str, ...]
) -> None:
    empty_server.stop()
    with pytest.raises(CommandError, match=r"^The directory did not say whose password runs out .*Nothing was sent"):
        command("--date", str(DAY), *how)
    assert sent() == []
    empty_server.start()
    command("--date", str(DAY))
    assert len(sent()) == 3


@pytest.mark.parametrize(
    "wrong", ["2026-02-29", "2026-9-14", "14/9 2026", "20260914", "today", "", "0001-01-01", "9999-12-31"]
)
def test_a_date_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(CommandError, match=r"is no date\. Write it as 2026-03-29\."):
        command(f"--date={wrong}")
    assert (sent(), list(DigestRun.objects.all())) == ([], [])
