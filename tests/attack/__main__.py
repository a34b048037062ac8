"""``python -m tests.attack``: every story and every tool against a stack on this machine, and what came of it.

``--short`` leaves out what takes minutes; CI runs that (tests/attack/test_attack.py). ``--table FILE`` writes the table
of docs/security.md. Ends with 1 if something fell.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError
from typing import NamedTuple

from requests import RequestException

from deploy.local.cast import EVA, KARL, PER
from tests.attack import tools
from tests.attack.stage import Fell, NotTried, Stage, Visitor, staged
from tests.attack.stories import STORIES, orderer, signed_in

ANYBODY = ("/", "/registrera/", "/aterstall/", "/logga-in/", "/bestallare/", "/helpdesk/", "/admin/", "/stoppa/")


WORDS = {True: "held", False: "FELL", None: "not tried"}


class Attack(NamedTuple):
    name: str
    tried: str
    attempt: Callable[[], str]


class Result(NamedTuple):
    attack: Attack
    held: bool | None  # None: it could not be tried here
    seen: str
    seconds: float


def attacks(stage: Stage, *, short: bool) -> Iterator[Attack]:
    for story in STORIES:
        yield Attack(story.__name__.replace("_", " "), (story.__doc__ or "").strip(), partial(story, stage))
    visitors = _visitors(stage)
    forms: dict[str, set[tools.Form]] = {}
    for role in visitors:
        tried = f"Every link and form that {role} finds: nothing breaks, and nothing of another role opens."
        yield Attack(f"crawl as {role}", tried, partial(_crawl, visitors, role, forms))
    if short:
        return
    yield Attack("sslscan", "The shipped site of nginx: protocols and ciphers.", tools.sslscan)
    yield Attack("bandit", "The code, by bandit's rules.", tools.bandit)
    yield Attack("SBOM", "A list of all parts (CycloneDX).", tools.sbom)
    yield Attack("audit", "Known vulnerabilities of the pins.", tools.audit)
    yield Attack("wapiti", "The public pages, limits lifted.", partial(tools.wapiti, stage.unlimited))
    for role, found in forms.items():
        for form in sorted(found):
            tried = f"{form[0]}, as {role}, limits lifted: {', '.join(form[1])}."
            yield Attack("sqlmap", tried, partial(tools.sqlmap, visitors[role], stage.unlimited, form))


def _visitors(stage: Stage) -> dict[str, Visitor]:
    """Somebody of each role, signed in."""
    stage.calm()
    employee = stage.visitor()
    employee.post("/registrera/", username=KARL.username, password=KARL.password)
    agent, administrator = signed_in(stage, PER), signed_in(stage, EVA)
    return {
        **{"nobody": stage.visitor(), "an employee": employee, "an orderer": orderer(stage)},
        **{"an agent": agent, "an administrator": administrator},
    }


OPEN_TO = {"/helpdesk/": "an agent", "/admin/": "an administrator", "/bestallare/": "an orderer"}


def _kind(form: tools.Form) -> tools.Form:
    return re.sub(r"[0-9a-f-]{36}|\d[\d-]*", "…", form[0]), form[1]


def _crawl(visitors: dict[str, Visitor], role: str, forms: dict[str, set[tools.Form]]) -> str:
    seen, found = tools.crawl(visitors[role], ANYBODY)
    # One of each kind: the forms of two tickets are the same.
    already = {_kind(form) for others in forms.values() for form in others}
    forms[role] = set({_kind(form): form for form in sorted(found) if _kind(form) not in already}.values())
    for path, status in seen.items():
        for home, whose in OPEN_TO.items():
            if (
                path.startswith(home)
                and "logga-in" not in path
                and "bekrafta" not in path
                and whose != role
                and status == 200
            ):
                raise Fell(f"{path} opens")
    return f"{len(seen)} pages, {len(found)} forms"


def _try(attack: Attack) -> Result:
    began = time.monotonic()
    held: bool | None
    try:
        held, seen = True, attack.attempt()
    except Fell as fell:
        held, seen = False, str(fell)
    except NotTried as missing:
        held, seen = None, str(missing)
    except (AssertionError, RuntimeError, CalledProcessError, RequestException) as error:
        held, seen = False, f"it could not be tried: {error!r}"
    result = Result(attack, held, seen, time.monotonic() - began)
    sys.stdout.write(f"{WORDS[held]}  {attack.name} ({result.seconds:.0f} s): {attack.tried} {seen}\n")
    sys.stdout.flush()
    return result


def table(results: list[Result]) -> str:
    rows = [
        f"| {name} | {tried} | {WORDS[held]} | {seen.replace('|', '/')} |"
        for (name, tried, _), held, seen, _ in results
    ]
    return "\n".join(["| attack | tried | | seen |", "| --- | --- | --- | --- |", *rows]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="the stories and the crawl")
    parser.add_argument("--only", help="attacks whose name holds this text")
    parser.add_argument("--table", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idportal-attack-") as folder, staged(Path(folder)) as stage:
        wanted = (each for each in attacks(stage, short=asked.short) if not asked.only or asked.only in each.name)
        results = [_try(attack) for attack in wanted]
    if asked.table:
        asked.table.write_text(table(results), encoding="utf-8")
    tried = [each.held for each in results if each.held is not None]
    fell = tried.count(False)
    sys.stdout.write(f"{len(tried)} tried, {tried.count(True)} held, {fell} fell.\n")
    return 1 if fell or not results else 0


if __name__ == "__main__":
    sys.exit(main())
