"""What the portal costs once it has grown: at 10,000, 100,000 and 1,000,000 people, with ten events of the trail each.

``python -m tests.bench.growth`` takes half an hour, and 8 GB below the folder for temporary files. At each size it
fills PostgreSQL (growth.sql), lets people reset their passwords, and opens the pages in a process of its own; the
directory stays small. Figures are CPU, of PostgreSQL and of the portal, in CAL. Ends with 1 if one at the last size is
over a limit times what it was at the first.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from tests.bench.cal import seconds
from tests.bench.counting import cpu_by_family
from tests.bench.installation import Installation
from tests.bench.rounds import run_round

SIZES = (10_000, 100_000, 1_000_000)
JOURNEY_LIMIT, PAGE_LIMIT = 1.1, 1.2
CLIENTS, SECONDS, ROUNDS = 4, 8.0, 2
FILL = Path(__file__).with_suffix(".sql")
TIMES, ENOUGH = 30, 2.0  # how often each page is opened; seconds of CPU


def main() -> int:
    found: list[dict[str, float]] = []
    with Installation(4000) as installation:
        run_round(installation, clients=CLIENTS, seconds=60, most=48)
        low = 1
        for size in SIZES:
            filling = FILL.read_text(encoding="utf-8").replace(":low", str(low)).replace(":high", str(size))
            installation._sql.execute(filling)
            installation._sql.execute("VACUUM ANALYZE")
            low = size
            rounds = [run_round(installation, clients=CLIENTS, seconds=SECONDS) for _ in range(ROUNDS)]
            costs = {
                "a journey": statistics.median(one.cal_a_journey for one in rounds),
                "a journey, PostgreSQL": statistics.median(one.cals("postgres") for one in rounds),
            }
            found.append(costs | inside(installation))
            sys.stdout.write(f"{size:,}: {json.dumps(found[-1])}\n")
            sys.stdout.flush()
    limits = {name: JOURNEY_LIMIT if name.startswith("a journey") else PAGE_LIMIT for name in found[0]}
    over = [name for name, limit in limits.items() if found[-1][name] > found[0][name] * limit]
    sys.stdout.write(f"\n{table(found)}\n\n{'Not flat: ' + ', '.join(over) if over else 'All is flat.'}\n")
    return 1 if over else 0


def table(found: list[dict[str, float]]) -> str:
    """Markdown, as docs/scale.md holds it."""
    lines = [f"| CAL | {' | '.join(f'{size:,}' for size in SIZES)} |", f"| --- |{' ---: |' * len(SIZES)}"]
    lines += [f"| {name} | {' | '.join(f'{one[name]:.1f}' for one in found)} |" for name in found[0]]
    return "\n".join(lines)


def inside(installation: Installation) -> dict[str, float]:
    """CAL of each page and of what runs by the clock, by name: in a process with the installation's settings."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PORTAL_URL": "http://127.0.0.1:8000"}
    command = [sys.executable, "-m", __spec__.name, "--inside", str(installation.postgres.pid)]
    done = subprocess.run(command, env={**installation.environment(), **settings}, stdout=subprocess.PIPE, check=True)
    costs: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return costs


def cost_of(do: Callable[[], Any], postgres: int) -> float:
    """CAL of this process and of PostgreSQL: the mean of TIMES, or of fewer if they take ENOUGH."""

    do()  # the first fills caches
    families = {"portal": os.getpid(), "postgres": postgres}
    before, spent, times = sum(cpu_by_family(families).values()), 0.0, 0
    while times < TIMES and spent < ENOUGH:
        do()
        times += 1
        spent = sum(cpu_by_family(families).values()) - before
    return spent / times / statistics.median(seconds() for _ in range(20))


_TRAIL, _OUTBOX = "/admin/accounts/auditevent/", "/admin/notifications/message/"
PAGES = {
    "agent": ("", "?flik=klara", "arenden/{ticket}/", "konton/{account}/", "oversikt/"),
    "orderer": ("/bestallare/", "/bestallare/arenden/"),
    "admin": (
        *(_TRAIL + query for query in ("", "?p=20", "?at__year=2026&at__month=10", "?handelse=password+done")),
        *(_TRAIL + query for query in ("?handelse=phone+removed", "?q=lovfyll77", "?q=lovfyll", "?q=finns+inte")),
        *(_OUTBOX + query for query in ("", "?lage=refused", "?q=carin@hemtjanst-ett.example")),
    ),
    "monitor": ("/metrics", "/healthz/ready"),
}


def main_inside(postgres: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from accounts import directory
    from accounts.models import Orderer
    from deploy.local.cast import ANNA, EVA, PER
    from helpdesk.models import Ticket
    from notifications import outbox
    from tests.accounts.staff import Officer
    from tests.helpdesk.people import as_orderer

    officers = {"agent": Officer(PER), "admin": Officer(EVA)}
    for officer in officers.values():
        officer.come_in()
    clients = {name: officer.client for name, officer in officers.items()}
    clients |= {"orderer": as_orderer(Orderer.objects.get()), "monitor": Client()}
    anna = directory.connect().find(ANNA.username)
    ids = {"ticket": Ticket.objects.earliest("created_at").number, "account": anna.id if anna else ""}

    def ask(client: Client, path: str) -> None:
        assert client.get(path).status_code == 200, path

    pages = {urljoin("/helpdesk/", path): clients[name] for name, paths in PAGES.items() for path in paths}
    costs = {path: cost_of(partial(ask, client, path.format(**ids)), postgres) for path, client in pages.items()}
    others: dict[str, Callable[[], object]] = {
        "look-up by number": lambda: clients["agent"].post("/helpdesk/konton/", {"q": "070-174 06 05"}, follow=True),
        "sweep of the outbox": outbox.sweep,
        "doctor": lambda: _quietly(call_command, "doctor"),
        "purge": lambda: _quietly(call_command, "purge"),
    }
    costs |= {name: cost_of(do, postgres) for name, do in others.items()}
    sys.stdout.write(f"\n{json.dumps(costs)}\n")


def _quietly(do: Callable[..., object], *words: str) -> None:
    with contextlib.suppress(SystemExit):
        do(*words, stdout=io.StringIO())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        main_inside(int(sys.argv[2]))
    else:
        sys.exit(main())
