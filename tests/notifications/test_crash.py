"""Nothing is lost when the outbox's services break, and hardly anything is sent twice: issue 3, must show 2."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.accounts.with_worker import everything_in
from tests.notifications.crash import CANARY, DISASTERS, WAIT, Installation, survive
from tests.servers.smtp import wait_for

pytestmark = pytest.mark.slow

COUNT = 300  # the 1,000 of the issue: python -m tests.notifications.crash


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    # Not below pytest's own folder, which is closed to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="idportal-crash-") as folder, Installation(Path(folder)) as made:
        yield made


@pytest.mark.parametrize(("disaster", "uncounted"), DISASTERS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_each_mail_arrives_and_once_whatever_breaks_in_the_middle(
    installation: Installation, disaster: Callable[[Installation], set[str]], uncounted: int
) -> None:
    """But for those of which the server had said yes, or would have, when it happened. Without beat."""
    outcome = survive(installation, disaster, COUNT)
    assert outcome.arrived == COUNT
    assert sum(outcome.unexplained.values()) <= uncounted, outcome
    assert outcome.refused > 0.02 * COUNT, "the weather was bad"
    assert outcome.dropped_before + len(outcome.dropped_after) > 0.005 * COUNT


def test_a_crash_between_the_servers_yes_and_the_commit_makes_the_double(installation: Installation) -> None:
    """The one way to it: the mail is there, the row does not know, and the next worker sends it again as the same."""
    installation.weather = {"script": ["hang after"]}
    installation.put(1)
    wait_for(installation.smtp, 1, WAIT)
    assert len(installation.in_flight()) == 1
    installation.worker.kill()
    installation.worker.start()
    installation.wait_until_settled(1)
    [message_id] = {str(mail["Message-ID"]) for mail in installation.smtp.mails()}
    assert Counter(event["id"] for event in installation.smtp.events("kept")) == {message_id: 2}


def test_queue_and_logs_hold_ids_alone(installation: Installation) -> None:
    installation.weather = {}
    installation.worker.stop()
    installation.put(3)
    held = str(everything_in(installation.redis))
    assert held.count("celery") > 0
    installation.worker.start()
    installation.wait_until_settled(3)
    everything = held + str(everything_in(installation.redis)) + installation.logs()
    assert "notifications.tasks.deliver" in everything
    for secret in (CANARY, "hemtjanst-ett.example", "nr1@", "Utgående"):
        assert secret not in everything
