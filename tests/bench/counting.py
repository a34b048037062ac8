"""What processes and servers used: CPU, memory; statements, transactions, connections, operations, commands."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import ldap
import psycopg
import redis

from deploy.local import slapd
from tests.bench.installation import Installation

_TICKS = os.sysconf("SC_CLK_TCK")

# What PostgreSQL writes before each line while statements are logged: database, session, transaction.
_PREFIX = "%d %c %v|"
_LINE = re.compile(
    r"^(?P<database>\S*) (?P<session>\S+) (?P<transaction>\S*)\|LOG:  "
    r"(?:(?P<connected>connection authorized)|(?:statement|execute [^:]*): (?P<statement>.*))"
)
_WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE)\b")
_OPERATIONS = ("Bind", "Compare", "Search", "Modify", "Add", "Delete", "Extended")

COUNTS = ("statements", "transactions", "commits", "connections", "LDAP", "Redis trips", "Redis commands", "tasks")


def children(parents: dict[int, int], first: int) -> set[int]:
    """The process, its children, theirs, and so on. ``parents``: by process."""
    found, new = {first}, {first}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def cpu_of(stat: str) -> tuple[int, float]:
    """The parent and the CPU seconds of a line of proc_pid_stat(5), with those of children that ended."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICKS


def cpu_by_family(families: dict[str, int]) -> dict[str, float]:
    """CPU seconds until now, by family."""
    stats = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(file.parent.name)] = cpu_of(file.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue  # it ended meanwhile, and its parent has its time
    parents = {pid: parent for pid, (parent, _) in stats.items()}
    return {
        name: sum(stats[pid][1] for pid in children(parents, first) & stats.keys()) for name, first in families.items()
    }


def memory_by_family(families: dict[str, int]) -> dict[str, float]:
    """MB (PSS): what processes share is shared out among them."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = cpu_of(file.read_text(encoding="utf-8", errors="replace"))[0]
        except OSError:
            continue
    return {name: sum(map(_pss, children(parents, first))) for name, first in families.items()}


def _pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def statements_of_log(lines: list[str], database: str) -> list[str]:
    """Their texts, in order."""
    found = (_LINE.match(line) for line in lines)
    return [one["statement"] for one in found if one and one["database"] == database and one["statement"]]


def counts_of_log(lines: list[str], database: str) -> Counter[str]:
    """Transactions, those of them that write ("commits"), and new connections of a database."""
    transactions, writing, counts = set(), set(), Counter[str]()
    for line in lines:
        found = _LINE.match(line)
        if found is None or found["database"] != database:
            continue
        counts["connections"] += found["connected"] is not None
        if found["statement"] is not None:
            transaction = (found["session"], found["transaction"])
            transactions.add(transaction)
            if _WRITES.search(found["statement"]):
                writing.add(transaction)
    counts["transactions"], counts["commits"] = len(transactions), len(writing)
    return counts


class Counters:
    """Counts of an installation's servers since the last look. Counting costs them time: not while CPU is measured."""

    def __init__(self, installation: Installation) -> None:
        self._postgres = installation.postgres
        self._database = "idportal"
        self.texts: list[str] = []  # of the statements that the last look saw
        self._log = installation.postgres.folder / "postgres.log"
        self._sql: psycopg.Connection[Any] = psycopg.connect(
            self._postgres.url.rpartition("/")[0] + "/postgres", autocommit=True
        )
        self._redis = redis.Redis.from_url(installation.redis.url)
        self._ldap = ldap.initialize(installation.slapd.plain_url)
        self._ldap.simple_bind_s(slapd.ROOT, installation.slapd.secret("root-password"))
        self._settings = {
            "log_line_prefix": _PREFIX,
            "log_statement": "all",
            "log_connections": "on",
            "pg_stat_statements.track": "top",
        }

    def begin(self) -> None:
        self._sql.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        for name, value in self._settings.items():
            self._sql.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self._sql.execute("SELECT pg_reload_conf()")
        self._sql.execute("SELECT pg_sleep(0.5)")
        self._at = self._log.stat().st_size
        self._seen = self._totals()

    def end(self) -> None:
        for name in self._settings:
            self._sql.execute(f"ALTER SYSTEM RESET {name}")
        self._sql.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        self._sql.close()
        self._redis.close()
        self._ldap.unbind_s()

    def look(self) -> Counter[str]:
        """Since ``begin`` or the last look."""
        totals = self._totals()
        counts = Counter({name: totals[name] - self._seen[name] for name in totals})
        self._seen = totals
        with self._log.open("rb") as log:
            log.seek(self._at)
            raw = log.read()
        self._at += len(raw)
        lines = raw.decode(errors="replace").replace("\n\t", " ").splitlines()  # a statement may have several
        self.texts = statements_of_log(lines, self._database)
        return counts + counts_of_log(lines, self._database)

    def _totals(self) -> Counter[str]:
        """Without what this look costs; of Redis and LDAP, what the last one did."""
        row = self._sql.execute(
            "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
            " WHERE d.datname = %s",
            [self._database],
        ).fetchone()
        assert row is not None
        commands = self._redis.info("commandstats")
        trips = self._redis.info("stats")["total_reads_processed"]
        return Counter(
            {
                "statements": int(row[0]),
                "LDAP": self._operations(),
                "Redis commands": sum(one["calls"] for name, one in commands.items() if name != "cmdstat_info"),
                "Redis trips": trips - commands.get("cmdstat_info", {"calls": 0})["calls"],
                "tasks": commands.get("cmdstat_lpush", {"calls": 0})["calls"],
            }
        )

    def _operations(self) -> int:
        found = self._ldap.search_s(
            "cn=Operations,cn=Monitor", ldap.SCOPE_ONELEVEL, attrlist=["cn", "monitorOpCompleted"]
        )
        done = {entry["cn"][0].decode(): int(entry["monitorOpCompleted"][0]) for _, entry in found}
        self._own = getattr(self, "_own", 0) + 1
        return sum(done[name] for name in _OPERATIONS) - self._own
