"""Runs that are killed, and runs at the same time: everything is reported once. Issue 3; must show 3."""

from __future__ import annotations

import signal
import subprocess
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as portal
from django.db import connection, connections
from django.db.models import F
from pytest_django import Settings

from accounts.models import Event
from notifications import digests, outbox
from notifications.models import DigestRun, Message
from tests import trapped
from tests.accounts.helpers import trail
from tests.idportal.conftest import PRODUCTION, manage
from tests.notifications.digest_world import DAY, completed, hemtjanst_ett, omsorg_tva, runs_out, sent, somebody, told
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

RECIPIENTS = ("carin@hemtjanst-ett.example", "lena@hemtjanst-ett.example", "chef@omsorg-tva.example")

IMPORTS = (
    "from notifications import outbox; from notifications.outbox import delivery, queueing; "
    "from notifications.digests import plan, rows, runs"
)
PLACES = {
    "before the directory is asked": 'before(runs, "look")',
    "in the middle of the scan": 'before(rows, "localdate")',
    "while composing": 'before(plan, "_mail")',
    "with the outbox filled and not committed": 'after(outbox, "enqueue")',
    "after the commit, before a mail went out": 'before(queueing, "enqueue_tasks")',
    "after the first mail": 'after(delivery, "deliver")',
}


@pytest.fixture
def values(empty_server: TestSlapd, tmp_path: Path) -> dict[str, str]:
    """The environment of a portal without a queue, on the database of this test; what it sends are files."""
    hemtjanst_ett(*RECIPIENTS[:2])
    omsorg_tva(RECIPIENTS[2])
    completed(DAY - timedelta(3))
    for number, company in enumerate(["Hemtjänst Ett AB", "Omsorg Två AB", "Nytt AB"] * 4):
        runs_out(empty_server, somebody(f"lov{number:02}", company=company), DAY + timedelta(7 - number % 3))
    return {
        **PRODUCTION,
        **empty_server.slapd.environment(),
        "SECRET_KEY": portal.SECRET_KEY,
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "CELERY_BROKER_URL": "",
        "REDIS_URL": "",
        "EMAIL_URL": f"filemail://{tmp_path}/mail",
        "HELPDESK_EMAIL": "it-helpdesk@kommunen.example",
    }


def start(values: dict[str, str], place: str) -> subprocess.CompletedProcess[str]:
    """One run in a process of its own, to its end or to the trap."""
    return trapped.run(("send_expiry_digests", "--date", str(DAY)), IMPORTS, place, values)


def delivered(folder: Path) -> list[str]:
    """Whom a mail in the folder went to, in order of the alphabet."""
    texts = [file.read_text(encoding="utf-8") for file in (folder / "mail").glob("*")]
    return sorted(line[4:] for text in texts for line in text.splitlines() if line.startswith("To: "))


def overtake_the_lease() -> None:
    """As if the worker that was killed had been so for longer than it may be believed to work."""
    long_ago = timedelta(seconds=portal.OUTBOX_LEASE + 1)
    Message.objects.filter(state=Message.Status.SENDING).update(next_try_at=F("next_try_at") - long_ago)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_killed_anywhere_and_started_again_the_rest_goes_out_and_nothing_twice(
    values: dict[str, str], tmp_path: Path, place: str
) -> None:
    killed = start(values, place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = start(values, "")
    assert again.returncode == 0, again.stderr
    overtake_the_lease()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portal, "EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
        patch.setattr(portal, "EMAIL_FILE_PATH", f"{tmp_path}/mail")
        outbox.sweep()
    everybody = sorted([*RECIPIENTS, "it-helpdesk@kommunen.example"])
    assert delivered(tmp_path) == everybody
    assert sorted(message.to for message in sent()) == everybody
    assert {message.state for message in sent()} == {Message.Status.SENT}
    of_one_each = [message for message in sent() if message.to != RECIPIENTS[1]]
    assert sorted(account for account, _ in told(of_one_each)) == [f"lov{number:02}" for number in range(12)]
    run = DigestRun.objects.get(day=DAY)
    assert (run.since, run.accounts, run.mails) == (DAY - timedelta(3), 12, 4)
    assert trail(Event.DIGEST_DONE) == [Event.DIGEST_DONE]


def test_a_process_whose_directory_is_down_says_so_and_ends_with_1(
    values: dict[str, str], empty_server: TestSlapd
) -> None:
    empty_server.stop()
    ran = manage("send_expiry_digests", "--date", str(DAY), **values)
    assert ran.returncode == 1
    assert "CommandError: The directory did not say whose password runs out" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert sent() == []
    empty_server.start()
    assert start(values, "").returncode == 0
    assert len(sent()) == 4


# --- At the same time ----------------------------------------------------------------------------


def at_once(*days: date) -> None:
    """A run for each of these days, in threads that look at the directory at the same time."""
    gate = threading.Barrier(len(days))
    errors: list[BaseException] = []
    looked: set[int] = set()

    def look(day: date) -> digests.Plan:
        plan = digests.look(day)
        if threading.get_ident() not in looked:
            looked.add(threading.get_ident())
            gate.wait(20)
        return plan

    def run(day: date) -> None:
        try:
            digests.run(day)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notifications.digests.runs.look", look)
        threads = [threading.Thread(target=run, args=(day,)) for day in days]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


@pytest.fixture
def three_companies(values: dict[str, str]) -> None:
    """What a killed process would tell, for threads of this one."""


@pytest.mark.usefixtures("three_companies")
def test_two_at_the_same_time_send_one_mail_each_receiver() -> None:
    at_once(DAY, DAY)
    assert len({message.to for message in sent()}) == len(sent()) == 4
    assert DigestRun.objects.get(day=DAY).mails == 4
    assert trail() == [Event.DIGEST_ATTEMPTED, Event.DIGEST_ATTEMPTED, Event.DIGEST_DONE]


@pytest.mark.usefixtures("three_companies")
def test_ten_at_the_same_time_send_one_mail_each_receiver() -> None:
    at_once(*[DAY] * 10)
    assert len({message.to for message in sent()}) == len(sent()) == 4
    assert trail(Event.DIGEST_DONE) == [Event.DIGEST_DONE]


@pytest.mark.parametrize("other", [-1, 1])
def test_runs_of_different_days_at_the_same_time_tell_each_threshold_once(
    three_companies: None, settings: Settings, other: int
) -> None:
    """Both have seen the same missed days outstanding; whoever comes second looks again."""
    settings.DIGEST_THRESHOLDS = [7]
    at_once(DAY, DAY + timedelta(other))
    of_one_each = [message for message in sent() if message.to != RECIPIENTS[1]]
    assert sorted(account for account, _ in told(of_one_each)) == [f"lov{number:02}" for number in range(12)]
    assert trail(Event.DIGEST_DONE) == [Event.DIGEST_DONE] * 2


def test_a_key_that_is_in_the_outbox_already_makes_no_second_mail(empty_server: TestSlapd) -> None:
    """The last line of defence, if somebody took the run's row away."""
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32"), DAY)
    digests.run(DAY)
    DigestRun.objects.all().delete()
    digests.run(DAY)
    assert len(sent()) == 1
