"""How many start pages a second: from gunicorn, and behind nginx with the shipped site and TLS."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from deploy.local import files
from deploy.local.server import HOST, bound, free_port, program
from tests.bench.cal import Clock
from tests.bench.counting import cpu_by_family
from tests.bench.installation import PORTAL, START_TIMEOUT, Installation
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


def measure_start_page(installation: Installation, clock: Clock, seconds: float) -> list[Pages]:
    """Kept connections, as browsers and nginx keep them."""
    found = [_measure(installation, clock, seconds, where="gunicorn", port=installation.port)]
    with site(installation) as (port, pid):
        found.append(_measure(installation, clock, seconds, where="nginx, with TLS", port=port, nginx=pid))
    return found


def _measure(
    installation: Installation, clock: Clock, seconds: float, *, where: str, port: int, nginx: int = 0
) -> Pages:
    families = {**installation.portal, **({"nginx": nginx} if nginx else {})}
    tls = str(installation.folder / "tls" / "ca.pem") if nginx else ""
    before = cpu_by_family(families)
    done = installation.load.ask("pages", clients=CLIENTS, seconds=seconds, port=port, tls=tls)
    after = cpu_by_family(families)
    cpu = {name: after[name] - before[name] for name in families}
    began, ended = done["began"], done["ended"]
    return Pages(where, done["pages"], ended - began, clock.median(began, ended), cpu)


@contextmanager
def site(installation: Installation) -> Iterator[tuple[int, int]]:
    """nginx with the tree's site before the installation: the port for TLS, and the process."""
    folder, port = installation.folder, free_port()
    files.make_certificate(folder / "tls", *NAMES)
    text = (installation.tree / "deploy" / "nginx" / "idportal.conf").read_text(encoding="utf-8")
    for place, here in {
        r"\n +listen \[::\][^\n]*": "",  # a machine of tests may have no IPv6
        r"listen 80": f"listen {HOST}:{free_port()}",
        r"listen 443": f"listen {HOST}:{port}",
        r"127\.0\.0\.1:8000": f"{HOST}:{installation.port}",
        r"/etc/idportal/tls|/etc/ssl": f"{folder}/tls",
        r"/var/log/nginx|/var/cache/nginx|/var/lib/nginx": str(folder),
        r"/opt/idportal/current/var/static": f"{folder}/static",
        r"/opt/idportal/current": str(installation.tree),
    }.items():
        text = re.sub(place, here, text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;" if os.getuid() == 0 else ""
    general = f"{user} daemon off; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/nginx.log;"
    config = folder / "nginx.conf"
    config.write_text(f"{general}\nevents {{}}\nhttp {{\n{places}{text}\n}}\n", encoding="utf-8")
    command = [program("nginx", "nginx"), "-e", f"{folder}/nginx.log", "-c", str(config)]
    process = subprocess.Popen(bound(command), start_new_session=True)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx did not start: {(folder / 'nginx.log').read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        end(process, START_TIMEOUT)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False
