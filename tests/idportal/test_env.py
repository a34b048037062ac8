"""How a setting is read from the environment, or from a file that the environment names."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from idportal import env

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMPLE", raising=False)
    monkeypatch.delenv("SAMPLE_FILE", raising=False)


def flag_on(name: str) -> bool:
    return env.flag(name, default=True)


def number(name: str) -> int:
    return env.number(name, 12)


def numbers(name: str) -> list[int]:
    return env.numbers(name, "30 15")


def words(name: str) -> list[str]:
    return env.words(name, "default")


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (env.text, None, ""),
        (env.text, "  å # $ \"'\n", "  å # $ \"'\n"),
        (lambda name: env.text(name, "default"), None, "default"),
        (lambda name: env.text(name, "default"), "", ""),
        *((env.flag, value, True) for value in ("1", "true", "True", "YES", "on", " 1 ")),
        *((flag_on, value, False) for value in ("0", "false", "FALSE", "no", "off", " 0\n")),
        (env.flag, "", False),
        (flag_on, "", True),
        (numbers, None, [30, 15]),
        (numbers, "7, 1 0", [7, 1, 0]),
        *((number, value, found) for value, found in (("0", 0), (" 7 ", 7), ("007", 7), ("", 12), (None, 12))),
        *((words, value, ["a", "b", "c"]) for value in ("a b c", "a,b,c", " a\tb\nc ", ",a,,b c,")),
        *((words, value, []) for value in ("", " ", ",")),
    ],
)
def test_a_value_is_read(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], Any], value: str | None, found: object
) -> None:
    if value is not None:
        monkeypatch.setenv("SAMPLE", value)
    assert read("SAMPLE") == found


@pytest.mark.parametrize(
    ("read", "value", "why"),
    [
        *((env.flag, value, f"SAMPLE is '{value}'. Write 1 or 0.") for value in ("2", "maybe", "ja", "tru")),
        *((numbers, value, r"SAMPLE holds .*\. Write whole numbers") for value in ("7 days", "-1", "7;1")),
        *((number, value, r"Write a whole number\.") for value in ("-1", "1.5", "ten", "1e3", "1 000", "٣", "1" * 10)),
    ],
)
def test_another_value_is_an_error(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], Any], value: str, why: str
) -> None:
    """DEBUG=enabled must mean neither: one of the two would be a surprise."""
    monkeypatch.setenv("SAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match=why):
        read("SAMPLE")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_file_is_read_without_its_last_newline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f" lösen\nord {end}".encode())
    monkeypatch.setenv("SAMPLE_FILE", str(file))
    assert env.text("SAMPLE", "default") == " lösen\nord "
    assert env.words("SAMPLE") == ["lösen", "ord"]


def test_a_file_that_can_not_be_used_is_an_error_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    monkeypatch.setenv("SAMPLE_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE_FILE can't be read .*secret.*Name a readable text file"):
        env.text("SAMPLE", "default")
    file.write_bytes(b"canary\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match="SAMPLE_FILE can't be read") as refusal:
        env.text("SAMPLE")
    assert "canary" not in str(refusal.value)
    for value in ("value", ""):
        monkeypatch.setenv("SAMPLE", value)
        with pytest.raises(ImproperlyConfigured, match=r"SAMPLE and SAMPLE_FILE are both set\. Keep one"):
            env.text("SAMPLE")


def test_what_only_looks_like_this_machine_is_another() -> None:
    """It must not loosen the rules for it: http, DEBUG, the demo."""
    here = ["127.0.0.1:8000", "127.8.9.10", "localhost", "LOCALHOST:1", "[::1]:8000", "demo.localhost"]
    there = ["127.0.0.1.evil.example", "127.evil.example", "localhost.evil.example", "notlocalhost", "192.0.2.1"]
    there += ["evil.example/localhost", "127.0.0.1@evil.example", "[::2]", ""]
    assert [host for host in here if not env.is_loopback(f"http://{host}")] == []
    assert [host for host in there if env.is_loopback(f"http://{host}")] == []


def variables() -> set[str]:
    """Every variable that settings.py reads."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "idportal/settings.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            reader, name = node.func, node.args[0]
            if isinstance(reader.value, ast.Name) and reader.value.id == "env" and isinstance(name, ast.Constant):
                found.add(str(name.value))
    return found


def test_every_variable_is_described_and_no_other() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert variables() == set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))


def test_the_environment_is_read_in_one_place() -> None:
    """Nothing of the portal looks into the environment past settings.py: it would be in no list."""
    allowed = {"idportal/env.py", "idportal/wsgi.py", "idportal/runtime/celery.py"}
    readers = {
        str(file.relative_to(ROOT))
        for folder in ("idportal", "accounts", "notifications", "helpdesk")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b|from os import", file.read_text(encoding="utf-8"))
    }
    assert readers <= allowed
