"""How many start pages a second: from gunicorn, and behind nginx with the shipped site and TLS."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from deploy.local import files
from deploy.local.server import HOST, bound, free_port, program
from tests.bench.counting import cpu_by_family
from tests.bench.installation import PORTAL, START_TIMEOUT, Installation
from tests.servers.nginx import configuration
from tests.servers.processes import end

CLIENTS = 8
NAMES = (PORTAL, "pwreg.kommunen.example", "pwreset.kommunen.example")


@dataclass
class Pages:
    """CPU seconds of the portal and of nginx, while so many pages were answered."""

    where: str
    pages: int
    seconds: float
    cal: float
    cpu: dict[str, float]

    @property
    def a_second(self) -> float:
        return self.pages / self.seconds

    def cals(self, family: str) -> float:
        return self.cpu.get(family, 0.0) / self.cal / self.pages


def measure_start_page(installation: Installation, seconds: float) -> list[Pages]:
    """Kept connections, as browsers and nginx keep them."""
    found = [_measure(installation, seconds, where="gunicorn", port=installation.port)]
    with site(installation) as (port, pid):
        found.append(_measure(installation, seconds, where="nginx, with TLS", port=port, nginx=pid))
    return found


def _measure(installation: Installation, seconds: float, *, where: str, port: int, nginx: int = 0) -> Pages:
    families = {**installation.portal, **({"nginx": nginx} if nginx else {})}
    tls = str(installation.folder / "tls" / "ca.pem") if nginx else ""
    before = cpu_by_family(families)
    done = installation.load.ask("pages", clients=CLIENTS, seconds=seconds, port=port, tls=tls)
    after = cpu_by_family(families)
    cpu = {name: after[name] - before[name] for name in families}
    return Pages(where, done["pages"], done["seconds"], done["cal"], cpu)


@contextmanager
def site(installation: Installation) -> Iterator[tuple[int, int]]:
    """nginx with the tree's site before the installation: the port for TLS, and the process."""
    folder, port = installation.folder, free_port()
    files.make_certificate(folder / "tls", *NAMES)
    config = folder / "nginx.conf"
    text = configuration(installation.tree, folder, http=free_port(), https=port, web=installation.port)
    config.write_text(text, encoding="utf-8")
    command = [program("nginx", "nginx"), "-e", f"{folder}/error.log", "-c", str(config)]
    process = subprocess.Popen(bound(command), start_new_session=True)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        end(process, START_TIMEOUT)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False
