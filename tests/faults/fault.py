"""A fault: how to cause it, how to mend it, and what came of it."""

from __future__ import annotations

import re
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.faults.ledger import Ledger
from tests.faults.stack import FaultyStack
from tests.faults.walkers import DONE, TOLD, Walkers

RECOVERED_WITHIN = 90.0  # seconds
WELL_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """``bring`` returns a context manager: the fault is there when it is entered, and mended when it is left.

    ``log``: what a line of WARNING or ERROR says then; "" if there is nothing to decide. ``lasts``: at most so many
    seconds, and until ``enough``. ``holds``: what must be true besides, asked before the fault is mended.
    """

    name: str
    bring: Callable[[FaultyStack], AbstractContextManager[None]]
    log: str = ""
    lasts: float = 12.0
    tried: int = 4  # journeys that began under it and came to an end; with so many it may end
    short: bool = False  # whether it is part of the short form
    holds: Callable[[FaultyStack], str] = lambda _: ""  # what is wrong, or ""
    late: str = "false"  # messages that may still be on their way when all else has settled, as SQL has them
    possible: Callable[[FaultyStack], str] = lambda _: ""  # why it can't be tried, or ""


@dataclass
class Row:
    """A line of the table."""

    fault: str
    tried: str = ""
    held: str = "held"
    seen: str = ""
    logged: str = ""
    lost: str = "nothing"
    seconds: str = ""
    wrong: list[str] = field(default_factory=list)


def bring(stack: FaultyStack, fault: Fault) -> Row:
    """Never raises: what raises has fallen."""
    row = Row(fault.name)
    if why := fault.possible(stack):
        row.held, row.lost, row.tried = f"not tried: {why}", "", ""
        return row
    try:
        _bring(stack, fault, row)
    except Exception as error:  # the next fault is tried all the same
        row.wrong.append(f"{type(error).__name__}: {error}")
        row.wrong += traceback.format_exc().splitlines()[-3:]
    if row.wrong:
        row.held = "fell"
        row.lost = "; ".join(row.wrong[:3])
    return row


def _bring(stack: FaultyStack, fault: Fault, row: Row) -> None:
    ledger = Ledger(stack, fault.late)
    ledger.open()
    stack.logs.mark()
    with Walkers(stack) as walkers:
        start = time.monotonic()
        if not walkers.wait(lambda: walkers.done_since(start), WELL_WITHIN):
            raise RuntimeError(f"nobody came through before it: {[each.met for each in walkers.journeys]}")
        with fault.bring(stack):
            began = time.monotonic()
            _tolerant(stack.due)
            walkers.wait(lambda: len(list(walkers.since(began))) >= fault.tried, fault.lasts)
            if wrong := fault.holds(stack):
                row.wrong.append(wrong)
        mended = time.monotonic()
        if walkers.wait(lambda: walkers.done_since(mended), RECOVERED_WITHIN):
            row.seconds = f"{time.monotonic() - mended:.1f}"
        else:
            row.wrong.append(f"nobody came through within {RECOVERED_WITHIN:.0f} s of its end; {_said(stack)}")
    row.wrong += ledger.close(walkers.journeys)
    _say(row, fault, walkers, ledger, stack)


def _say(row: Row, fault: Fault, walkers: Walkers, ledger: Ledger, stack: FaultyStack) -> None:
    outcomes = Counter(each.outcome for each in walkers.journeys)
    row.tried = f"{outcomes[DONE]} came through, {outcomes[TOLD]} told"
    met: Counter[str] = sum((each.met for each in walkers.journeys), Counter())
    row.seen = "; ".join(f"{page} ×{count}" for page, count in met.most_common(3)) or "as ever"
    lines = stack.logs.lines()
    found = next((line for line in lines if fault.log and re.search(fault.log, line.words)), None)
    row.logged = f"{found.level} {found.words}"[:160] if found else "—"
    if fault.log and not found:
        row.wrong.append(f"the log does not say it; {_said(stack)}")
    for line in lines:
        if line.logger == "celery.app.trace" and line.level == "ERROR":
            row.wrong.append(f"a task broke off: {line.words}"[:200])
            break
    if ledger.doubles:
        row.lost = f"nothing; {ledger.doubles} came twice, in flight when it broke"
    if ledger.to_come:
        row.lost += f"; {ledger.to_come} notices come an hour late"
    if ledger.unfinished:
        row.lost += f"; {ledger.unfinished} without its note in the trail"


def _said(stack: FaultyStack) -> str:
    said = Counter(f"{line.logger}: {line.words}"[:120] for line in stack.logs.lines())
    return f"it says {said.most_common(3)}"


def _tolerant(call: Callable[[], object]) -> None:
    """Of the harness itself, while things are broken."""
    try:
        call()
    except Exception:
        return
