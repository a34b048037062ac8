"""docs/security.md names every promise, and for each the files whose tests prove it: functions named ``test_<id>_``."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# How many of each letter there are.
PROMISES = {
    **{"R": 8, "K": 5, "E": 3, "D": 4, "T": 3, "S": 3, "P": 4, "G": 7, "H": 11, "A": 4, "M": 6},
    **{"L": 3, "X": 2, "Y": 1, "Q": 1, "V": 1, "U": 1},
}
IDS = [f"{letter}{number}" for letter, most in PROMISES.items() for number in range(1, most + 1)]
_ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
_FILE = re.compile(r"`(tests/[\w/]+\.py)`")
_TEST = re.compile(r"test_([a-z]\d+)_")


@cache
def rows() -> list[tuple[str, str]]:
    """Each promise of the page, and what stands in its column of tests."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    return [(row[1], row[4]) for row in _ROW.finditer(page)]


@cache
def proofs() -> dict[str, set[str]]:
    """The files that have a test of a promise's name, by the promise."""
    found = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (name := _TEST.match(node.name)):
                found[name[1].upper()].add(str(file.relative_to(ROOT)))
    return found


def test_the_page_has_every_promise_once() -> None:
    assert len(IDS) == 67
    assert sorted(promise for promise, _ in rows()) == sorted(IDS)


def test_each_promise_is_proved_by_the_tests_that_the_page_names() -> None:
    for promise in IDS:
        named = {file for each, tests in rows() if each == promise for file in _FILE.findall(tests)}
        assert named, f"the page names no test of {promise}"
        assert named == proofs()[promise], promise
