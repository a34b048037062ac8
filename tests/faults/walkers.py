"""People who reset and register one after the other, and what each of them met."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from tests.bench import people
from tests.faults.browser import Browser, Page
from tests.faults.stack import FaultyStack, password

SMS_PATIENCE = 14.0  # seconds: two gateways' patience; then the page says what a person does
TRY_AGAIN = 1.0  # seconds after which a person presses the button
GIVES_UP = 45.0  # seconds after which a person does something else
PAUSE = 0.7  # seconds between two people: what matters is what they meet, not how many they are
AREAS = (301, 302, 303, 304, 305, 307, 308, 309, 310, 312)  # of the United States, where numbers are free for fiction
_CODE = re.compile(r"#(\d{6})$")

DONE, TOLD, LOST = "done", "told", "lost"


def number_to_register(count: int) -> str:
    """E.164. A number that is no area's is none to the portal; and five codes a day go to one."""
    return f"+1{AREAS[count // 100]}55501{count % 100:02}"


@dataclass
class Journey:
    """``outcome``: DONE; TOLD, the last page said in words what is wrong or what to do; LOST, it said neither."""

    kind: str
    username: str
    number: str
    began: float
    ended: float = 0.0
    outcome: str = LOST
    met: Counter[str] = field(default_factory=Counter)  # pages that no journey has when all is well
    chosen: list[str] = field(default_factory=list)  # the new passwords that were sent, the last one last


class Walker:
    """One person's journey, page by page. What to type, each page's address tells."""

    def __init__(self, stack: FaultyStack, index: int, journey: Journey) -> None:
        self._browser: Browser = stack.browser(index)
        self._stack, self._index, self.journey = stack, index, journey
        self._first = {"reset": "/aterstall/", "register": "/registrera/"}[journey.kind]
        self._seen = [len(gateway.received) for gateway in stack.gateways]
        self._code = ""

    def walk(self) -> None:
        until = time.monotonic() + GIVES_UP
        page = self._browser.get(self._first)
        while time.monotonic() < until:
            if page.status == 200 and page.path.endswith("/klart/"):
                self.journey.outcome = DONE
                break
            if page.status != 200 or page.errors:
                self.journey.met[str(page)] += 1
                self.journey.outcome = TOLD if page.words and page.status in (200, 429, 503) else LOST
                if page.status == 500:
                    break
                time.sleep(TRY_AGAIN)
            if page.status != 200:
                page = self._browser.get(page.path)
                continue
            if (fields := self._fields(page)) is None:
                break
            before, page = page, self._browser.post(page.path, **fields)
            if (page.status, page.path, page.errors) == (200, before.path, ""):
                self.journey.met[f"{page} again, and no word of what is wrong"] += 1
                self.journey.outcome = LOST
                break
        self.journey.ended = time.monotonic()

    def _fields(self, page: Page) -> dict[str, str] | None:
        """What this person types here; None if there is nothing to type."""
        journey = self.journey
        match page.path:
            case "/aterstall/":
                return {"username": journey.username}
            case "/registrera/":
                return {"username": journey.username, "password": password(self._index)}
            case "/registrera/mobil/":
                return {"phone": journey.number}
            case "/aterstall/kod/" | "/registrera/kod/":
                return self._code_from_sms()
            case "/aterstall/losenord/":
                if not journey.chosen or "tidigare" in page.errors:
                    journey.chosen.append(f"{people.new_password(self._index)}{len(journey.chosen) or ''}")
                return {"new_password1": journey.chosen[-1], "new_password2": journey.chosen[-1]}
        journey.outcome = LOST
        journey.met[f"{page} at {page.path}"] += 1
        return None

    def _code_from_sms(self) -> dict[str, str] | None:
        until = time.monotonic() + SMS_PATIENCE
        while time.monotonic() < until:
            for place, gateway in enumerate(self._stack.gateways):
                for message in gateway.received[self._seen[place] :]:
                    if message.to == self.journey.number and (code := _CODE.search(message.text)):
                        self._code = code[1]
            if self._code:
                return {"code": self._code}
            time.sleep(0.05)
        self.journey.met["no code came; the page offers another one"] += 1
        self.journey.outcome = TOLD
        return None


class Walkers:
    """A context manager: as long as it lasts, two are on their way. Nobody goes twice."""

    _indices = {"reset": count(2, 2), "register": count(1, 2)}

    def __init__(self, stack: FaultyStack) -> None:
        self._stack = stack
        self.journeys: list[Journey] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(kind,)) for kind in self._indices]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def since(self, began: float) -> Iterator[Journey]:
        """Those that began after this, and are at their end."""
        return (each for each in list(self.journeys) if each.began >= began and each.ended)

    def done_since(self, began: float) -> bool:
        """Whether somebody of each kind has come through."""
        return {each.kind for each in self.since(began) if each.outcome == DONE} == set(self._indices)

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def _go(self, kind: str) -> None:
        while not self._over.is_set():
            index = next(self._indices[kind])
            number = people.number(index) if kind == "reset" else number_to_register(index // 2)
            journey = Journey(kind, people.username(index), number, time.monotonic())
            self.journeys.append(journey)
            Walker(self._stack, index, journey).walk()
            self._over.wait(PAUSE)
