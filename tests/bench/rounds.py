"""A round of journeys under load, and one journey that is walked slowly, so that each step can be counted."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import ldap

from deploy.local import slapd
from tests.bench import people
from tests.bench.counting import COUNTS, Counters, cpu_by_family
from tests.bench.installation import Installation

EVENTS, NOTICES, MAILS = 7, 1, 1  # that a journey leaves
SAMPLE = 5  # people of a round who log in with the new password
SETTLE_TIMEOUT = 60.0  # seconds until the last notice is out
STEPS = (
    "GET /",
    "GET /aterstall/",
    "POST /aterstall/",
    "GET /aterstall/kod/",
    "POST /aterstall/kod/",
    "GET /aterstall/losenord/",
    "POST /aterstall/losenord/",
    "GET /aterstall/klart/",
)
SMS, ANSWERED = "SMS", "SMS after the answer"  # how long after the post that asked for it was sent, and was answered
CHANGED = "POST /aterstall/losenord/"  # whose notices the workers send


class Incomplete(Exception):
    """A journey went wrong, or an event or a notice is missing."""


@dataclass
class Round:
    """CPU seconds by family, until the last notice was out; milliseconds by step, of each journey."""

    clients: int
    journeys: int
    seconds: float  # until the last journey ended
    cal: float  # CPU seconds of one pass meanwhile
    cpu: dict[str, float]
    took: dict[str, list[float]] = field(repr=False)

    @property
    def a_second(self) -> float:
        return self.journeys / self.seconds

    def ms(self, family: str) -> float:
        """CPU milliseconds a journey."""
        return self.cpu[family] * 1000 / self.journeys

    def cals(self, family: str) -> float:
        return self.cpu[family] / self.cal / self.journeys

    @property
    def cal_a_journey(self) -> float:
        return sum(self.cpu.values()) / self.cal / self.journeys

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "cal_a_journey": self.cal_a_journey, "a_second": self.a_second}


@dataclass
class Steps:
    """By step: the counts, and the statements of one journey."""

    counts: dict[str, Counter[str]]
    texts: dict[str, list[str]]

    @property
    def total(self) -> Counter[str]:
        return sum(self.counts.values(), Counter[str]())

    def as_json(self) -> dict[str, Any]:
        """Not by ``asdict``, which makes no Counter of a Counter."""
        return {"counts": {step: dict(one) for step, one in self.counts.items()}, "texts": self.texts}


def run_round(installation: Installation, *, clients: int, seconds: float, most: int = 10**6) -> Round:
    """Raises Incomplete if anything went wrong."""
    first, left = installation.take(most)
    if not left:
        raise Incomplete("everybody has had a turn: more people are needed")
    left_before = traces(installation)
    cpu_before = cpu_by_family(installation.families)
    done = installation.load.ask("load", clients=clients, seconds=seconds, first=first, most=left)
    installation.next += done["used"]
    if done["wrong"]:
        raise Incomplete(f"{len(done['wrong'])} went wrong: {done['wrong'][:3]}\n{installation.last_words()}")
    journeys = len(done["took"])
    await_notices(installation, left_before, journeys)
    cpu = cpu_by_family(installation.families)
    require_traces(installation, left_before, journeys)
    log_in(installation, [first + at * journeys // SAMPLE for at in range(min(SAMPLE, journeys))])
    return Round(
        clients=clients,
        journeys=journeys,
        seconds=done["seconds"],
        cal=done["cal"],
        cpu={name: cpu[name] - cpu_before[name] for name in cpu},
        took={step: [one[step] for one in done["took"]] for step in (*STEPS, SMS, ANSWERED)},
    )


def traces(installation: Installation) -> dict[str, int]:
    """What journeys have left: audit events, SMS without a code, mails."""
    return {"events": installation.events(), **notices(installation)}


def notices(installation: Installation) -> dict[str, int]:
    seen = installation.load.ask("seen")
    return {"notices": seen["notices"], "mails": seen["mails"]}


def await_notices(installation: Installation, before: dict[str, int], journeys: int) -> None:
    """Until they are there. Raises Incomplete if they aren't in time."""
    wanted = {"notices": before["notices"] + NOTICES * journeys, "mails": before["mails"] + MAILS * journeys}
    deadline = time.monotonic() + SETTLE_TIMEOUT
    while (found := notices(installation)) != wanted:
        if time.monotonic() > deadline:
            raise Incomplete(f"of {journeys} journeys: {found}, not {wanted}\n{installation.last_words()}")
        time.sleep(0.02)


def require_traces(installation: Installation, before: dict[str, int], journeys: int) -> None:
    """Raises Incomplete if there is more or less than there should be."""
    each = {"events": EVENTS, "notices": NOTICES, "mails": MAILS}
    wanted, found = {name: before[name] + journeys * each[name] for name in each}, traces(installation)
    if found != wanted:
        raise Incomplete(f"of {journeys} journeys: {found}, not {wanted}\n{installation.last_words()}")


def log_in(installation: Installation, indexes: list[int]) -> None:
    """Raises Incomplete unless the directory takes the new passwords."""
    for index in indexes:
        server = ldap.initialize(installation.slapd.plain_url)
        try:
            server.simple_bind_s(f"uid={people.username(index)},{slapd.PEOPLE}", people.new_password(index))
        except ldap.INVALID_CREDENTIALS:
            raise Incomplete(f"{people.username(index)} can't log in with the new password") from None
        finally:
            server.unbind_s()


def count_steps(installation: Installation, journeys: int, pause: float) -> Steps:
    """By step, with what the workers do of it: the median of so many journeys, each walked alone.

    After each step the workers get ``pause`` seconds. What the processes do anyhow, as the workers' looks for tasks, is
    measured first, and left out.
    """
    left_before = traces(installation)
    counters = Counters(installation)
    counters.begin()
    try:
        began = time.monotonic()
        time.sleep(10 * pause)
        idle, lasted = counters.look(), time.monotonic() - began
        found: dict[str, list[dict[str, float]]] = {step: [] for step in STEPS}
        texts: dict[str, list[str]] = {}
        for _ in range(journeys):
            index, before = installation.next, notices(installation)
            installation.next += 1
            counters.look()
            for step in STEPS:
                began = time.monotonic()
                installation.load.ask("step", index=index, step=step)
                if step == CHANGED:
                    await_notices(installation, before, 1)
                time.sleep(pause)
                counts, took = counters.look(), time.monotonic() - began
                texts[step] = counters.texts
                found[step].append({name: counts[name] - idle[name] * took / lasted for name in COUNTS})
    finally:
        counters.end()
        counters.close()
    require_traces(installation, left_before, journeys)
    medians = {
        step: Counter({name: max(0, round(statistics.median(one[name] for one in each))) for name in COUNTS})
        for step, each in found.items()
    }
    return Steps(medians, texts)
