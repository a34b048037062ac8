"""The portal's processes, kept running as systemd keeps them: what ends is started again after RestartSec."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.local.server import bound
from tests.servers.processes import ROOT, STOP_TIMEOUT, end

RESTART_SEC = 3.0  # as in deploy/systemd


@dataclass
class Unit:
    """One of the shipped services. All that it ever wrote is in ``log_file``."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log_file: Path
    process: subprocess.Popen[bytes] | None = None
    ended_at: float | None = None

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                bound(self.command), env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        self.ended_at = None

    def look(self) -> None:
        """Starts it again if it has ended long enough ago."""
        if self.process is None or self.process.poll() is None:
            return
        self.ended_at = self.ended_at or time.monotonic()
        if time.monotonic() - self.ended_at >= RESTART_SEC:
            self.start()

    def kill(self) -> None:
        """With all its children, as by a power cut."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def children(self) -> list[int]:
        assert self.process is not None
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


class Units:
    """A context manager: they run as long as it lasts."""

    def __init__(self, units: list[Unit]) -> None:
        self.all = {unit.name: unit for unit in units}
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._look_after)

    def start(self) -> None:
        for unit in self.all.values():
            unit.start()
        self._thread.start()

    def stop(self) -> None:
        """At once: nothing that they do is missed."""
        self._over.set()
        self._thread.join()
        for unit in self.all.values():
            unit.kill()
            if unit.process is not None:
                unit.process.wait()

    def restart(self, **environment: str) -> None:
        """In order, each with these variables more."""
        with self._lock:
            for unit in self.all.values():
                if unit.process is not None:
                    end(unit.process, STOP_TIMEOUT)
                unit.environment = {**unit.environment, **environment}
                unit.start()

    def _look_after(self) -> None:
        while not self._over.wait(0.1):
            with self._lock:
                for unit in self.all.values():
                    unit.look()


@dataclass(frozen=True, slots=True)
class Line:
    """Of a log, from WARNING on."""

    unit: str
    level: str
    logger: str
    words: str


class Logs:
    """What the units wrote since ``mark``."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._places: dict[str, int] = {}

    def mark(self) -> None:
        self._places = {unit.name: unit.log_file.stat().st_size for unit in self._units.all.values()}

    def lines(self) -> list[Line]:
        found = []
        for unit in self._units.all.values():
            with unit.log_file.open("rb") as file:
                file.seek(self._places.get(unit.name, 0))
                found += [line for raw in _whole(file) if (line := _read(unit.name, raw))]
        return found


def _whole(file: IO[bytes]) -> list[bytes]:
    return file.read().splitlines()


def _read(unit: str, raw: bytes) -> Line | None:
    try:
        entry = json.loads(raw)
    except ValueError:
        return None  # a process's last words past its log
    if not isinstance(entry, dict) or entry.get("level") not in ("WARNING", "ERROR", "CRITICAL"):
        return None
    return Line(unit, entry["level"], entry.get("logger", ""), entry.get("message", ""))
