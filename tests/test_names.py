"""The code's rules of words and sizes, as in docs/developer.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("accounts", "deploy", "helpdesk", "idportal", "notifications")
MOST_LINES = 250  # of a file
MOST_LINES_OF_FUNCTION = 40  # from "def" to its end, without the docstring
# Models of one app belong together, settings are a list, and Django writes the migrations.
MAY_BE_LONG = re.compile(r"(?:^|/)(?:models(?:/\w+)?|settings)\.py$")
NAMED_BY_DJANGO = {"Meta", "Media", "Command"}
RIDDLE = re.compile(r"(?:whoever|nobody|of whom|for whom|what\b[^.]*\btells?)\b", re.IGNORECASE)
# Words that docs/developer.md has a better one for: fix, blocker, the role's name.
OLD_WORDS = re.compile(r"\b(?:mend(?:s|ed|ing)?|hindrances?|obstacles?|whoever)\b", re.IGNORECASE)

# State is not read from the audit trail: a page, a limit or a warning has a row of its own. These show or keep it.
READERS_OF_TRAIL = {
    "accounts/audit/trail.py": "writes it, and some events once in so many minutes only",
    "accounts/audit/admin.py": "the trail's page in the admin",
    "accounts/models/audit.py": "the model",
    "accounts/models/__init__.py": "hands the model on",
    "accounts/management/erasing.py": "deletes old events, and shows a person what the portal holds",
    "accounts/monitoring/metrics.py": "counts events",
    "helpdesk/agent/lookup.py": "an account's history, as an agent sees it",
    "helpdesk/agent/statistics/day_counts.py": "counts events",
}

Sources = Mapping[str, str]


def sources(root: Path) -> dict[str, str]:
    """The product's Python files, without migrations: text by path."""
    files = (file for app in PRODUCT for file in sorted((root / app).rglob("*.py")))
    return {
        str(file.relative_to(root)): file.read_text(encoding="utf-8")
        for file in files
        if "migrations" not in file.parts
    }


def trees(code: Sources) -> Iterator[tuple[str, ast.Module]]:
    for file, text in code.items():
        yield file, parsed(text)


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def functions_called_of(code: Sources) -> set[str]:
    """At the top of a module: "phones.of" tells no reader what it gives."""
    return {
        f"{file}: of"
        for file, tree in trees(code)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "of"
    }


def classes_with_one_name(code: Sources) -> set[str]:
    """Classes of which another one has the name, in classes too."""
    files: dict[str, list[str]] = {}
    for file, tree in trees(code):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                files.setdefault(node.name, []).append(file)
    return {
        f"{file}: {name}"
        for name, where in files.items()
        for file in where
        if len(where) > 1 and name not in NAMED_BY_DJANGO
    }


def riddles(code: Sources) -> set[str]:
    """Docstrings that open with a pronoun instead of the thing."""
    return {
        f"{file}: {docstring[:40]}"
        for file, tree in trees(code)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and (docstring := ast.get_docstring(node))
        and RIDDLE.match(docstring)
    }


def old_words(code: Sources) -> set[str]:
    return {f"{file}: {word}" for file, text in code.items() for word in OLD_WORDS.findall(text)}


def long_files(code: Sources) -> set[str]:
    return {file for file, text in code.items() if len(text.splitlines()) > MOST_LINES and not MAY_BE_LONG.search(file)}


def long_functions(code: Sources) -> set[str]:
    return {
        f"{file}: {node.name}"
        for file, tree in trees(code)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and length(node) > MOST_LINES_OF_FUNCTION
    }


def length(function: ast.FunctionDef) -> int:
    """Lines, without decorators and docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def readers_of_trail(code: Sources) -> set[str]:
    """Modules that name AuditEvent and have no reason to."""
    return {
        file
        for file, tree in trees(code)
        if file not in READERS_OF_TRAIL
        and any(
            (isinstance(node, ast.Name) and node.id == "AuditEvent")
            or (isinstance(node, ast.Attribute) and node.attr == "AuditEvent")
            or (isinstance(node, ast.alias) and node.name == "AuditEvent")
            for node in ast.walk(tree)
        )
    }


RULES = (
    functions_called_of,
    classes_with_one_name,
    riddles,
    old_words,
    long_files,
    long_functions,
    readers_of_trail,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Callable[[Sources], set[str]]) -> None:
    assert rule(sources(ROOT)) == set()


def test_every_reader_of_the_trail_reads_it() -> None:
    """A module that no longer does is taken off the list."""
    code = sources(ROOT)
    assert {file for file in READERS_OF_TRAIL if "AuditEvent" not in code.get(file, "")} == set()
