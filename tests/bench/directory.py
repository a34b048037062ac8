"""What the daily mail costs compared with the directory's own part: one paged search for the same attributes.

`make bench` runs it: a Samba with 5,000 accounts in 200 companies and fine-grained policies, and slapd with 10,000 and
with 100,000. In one run and by turns: the search with python-ldap that throws away what it gets, ``ldapsearch``, the
scan for whose password runs out, and the whole of what a morning's run does before it writes anything. Printed are the
ratios, and the peak memory of a process of its own that does the whole.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django

django.setup()

import ldap  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402
from django.utils import timezone  # noqa: E402
from ldap.controls import SimplePagedResultsControl  # noqa: E402

from accounts import directory  # noqa: E402
from accounts.directory.dialects.dialect import Directory  # noqa: E402
from accounts.directory.ldap_client.connection import PAGE  # noqa: E402
from accounts.models import Company, Phone, User  # noqa: E402
from accounts.privacy.encryption import digest  # noqa: E402
from notifications import digests  # noqa: E402
from notifications.digests import rows  # noqa: E402
from tests.servers.crowd import COMPANIES, crowd, samba_with, slapd_with  # noqa: E402

ROUNDS = 3
NUMBERS = [f"+467017406{last:02d}" for last in range(5, 100)]  # the series that is kept free for fiction


@dataclass(frozen=True, slots=True)
class Result:
    """Of one directory: median seconds of each way, and MB at the peak of a process that looks."""

    name: str
    seconds: dict[str, float]
    peak: float


def bare(people: Directory) -> int:
    """One paged search for the attributes that the portal asks for, with nothing done to what comes."""
    server = ldap.initialize(settings.DIRECTORY_URLS[0])
    server.set_option(ldap.OPT_X_TLS_CACERTFILE, settings.DIRECTORY_CA_FILE)
    server.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    server.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
    server.simple_bind_s(settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD)
    found, control = 0, SimplePagedResultsControl(True, size=PAGE, cookie=b"")
    while True:
        message = server.search_ext(
            settings.DIRECTORY_USER_BASE,
            ldap.SCOPE_SUBTREE,
            people._people(),
            people._attributes,
            serverctrls=[control],
        )
        _, data, _, controls = server.result3(message)
        found += len(data)
        control.cookie = controls[0].cookie
        if not control.cookie:
            server.unbind_s()
            return found


def ldapsearch(people: Directory) -> None:
    """The same with OpenLDAP's own program, its output thrown away."""
    command = ["ldapsearch", "-x", "-LLL", "-H", settings.DIRECTORY_URLS[0], "-D", settings.DIRECTORY_BIND_DN]
    command += ["-w", settings.DIRECTORY_BIND_PASSWORD, "-E", f"pr={PAGE}/noprompt", "-b", settings.DIRECTORY_USER_BASE]
    subprocess.run(
        [*command, people._people(), *people._attributes],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "LDAPTLS_CACERT": settings.DIRECTORY_CA_FILE},
        check=True,
    )


def scan(today: date) -> int:
    """Whose password runs out on a day of which one of the thresholds is reached today."""
    days = rows.reached([today], settings.DIGEST_THRESHOLDS)
    return sum(1 for _ in directory.connect().expiring(rows.spans(days)))


def compose(today: date) -> None:
    """All that a morning's run does before it writes anything."""
    plan = digests.look(today)
    for planned in (*plan.mails, *plan.reminders):
        assert planned.composed().text


def measure(name: str, count: int, today: date) -> Result:
    """Of the directory that the settings name."""
    people = directory.connect()
    assert isinstance(people, Directory)
    assert bare(people) == count, "the bare search does not find everybody"
    assert digests.look(today).accounts > count / 20, "about one in thirteen is told of each day"
    ways: dict[str, Callable[[], object]] = {
        "bare": lambda: bare(people),
        "ldapsearch": lambda: ldapsearch(people),
        "scan": lambda: scan(today),
        "compose": lambda: compose(today),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for round_ in range(ROUNDS + 1):
        for way, do in ways.items():
            started = time.perf_counter()
            do()
            if round_:  # the first one fills caches
                seconds[way].append(time.perf_counter() - started)
    return Result(name, {way: statistics.median(each) for way, each in seconds.items()}, peak_of_looking(today))


def peak_of_looking(today: date) -> float:
    """MB at the peak of a new process that does the whole once."""
    database = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"]))
    named = {name: getattr(settings, name) for name in dir(settings) if name.startswith("DIRECTORY_")}
    given = {name: " ".join(value) if isinstance(value, list) else str(value) for name, value in named.items() if value}
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--look", today.isoformat()],
        env={**os.environ, **given, "DATABASE_URL": database},
        capture_output=True,
        check=True,
    )
    return float(done.stdout) / 1024


@contextmanager
def portal_at(values: dict[str, Any]) -> Iterator[None]:
    """The portal asks this directory; half of its people have a number."""
    with override_settings(**values):
        ids = [account.id for account in directory.connect().accounts()][::2]
        users = User.objects.bulk_create([User(directory_id=each, username="") for each in ids], batch_size=1000)
        phones = [
            Phone(
                user=user, number=NUMBERS[at % len(NUMBERS)], number_digest=digest(NUMBERS[at % len(NUMBERS)], "number")
            )
            for at, user in enumerate(users)
        ]
        Phone.objects.bulk_create(phones, batch_size=1000)
        yield
        for model in (Phone, User):  # not one by one, with an id for each in a statement
            model._default_manager.all()._raw_delete(connection.alias)


def register_companies() -> None:
    for number, name in enumerate(COMPANIES):
        Company.objects.create(
            name=name,
            organisation_number=f"556{number:03d}-{number:04d}",
            directory_values=name,
            recipient1=f"chef{number}@hemtjanst.example",
            recipient2=f"planering{number}@hemtjanst.example",
        )


def table(results: list[Result]) -> str:
    """Markdown, as docs/performance.md holds it."""
    lines = [
        "| directory | python-ldap, bare, s | ldapsearch | scan | scan and composition | × bare | peak, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for result in results:
        one = result.seconds
        lines.append(
            f"| {result.name} | {one['bare']:.2f} | {one['ldapsearch']:.2f} | {one['scan']:.2f} | {one['compose']:.2f} "
            f"| **{one['compose'] / one['bare']:.2f}** | {result.peak:.0f} |"
        )
    return "\n".join(lines)


def main() -> int:
    today = timezone.localdate()
    databases = setup_databases(verbosity=0, interactive=False)
    results = []
    try:
        register_companies()
        for count in (10_000, 100_000):
            with slapd_with(crowd(count)) as slapd, portal_at(slapd.settings()):
                results.append(measure(f"OpenLDAP, {count:,}", count, today))
        with samba_with(crowd(5_000)) as samba, portal_at(samba.settings()):
            results.append(measure("Samba, 5,000", 5_000, today))
    finally:
        teardown_databases(databases, verbosity=0)
    sys.stdout.write(f"{ROUNDS} rounds by turns, {connection.vendor}\n\n{table(results)}\n")
    return 0


def look_once(day: str) -> int:
    """In a process of its own. Not ru_maxrss, which a process has from its parent if that was larger."""
    compose(date.fromisoformat(day))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    sys.stdout.write(status["VmHWM"].split()[0])
    return 0


if __name__ == "__main__":
    sys.exit(look_once(sys.argv[2]) if sys.argv[1:2] == ["--look"] else main())
