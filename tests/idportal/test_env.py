"""How a setting is read from the environment, or from a file that the environment names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from idportal import env

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMPLE", raising=False)
    monkeypatch.delenv("SAMPLE_FILE", raising=False)


def test_unset_is_the_default() -> None:
    assert env.text("SAMPLE", "as ever") == "as ever"
    assert env.text("SAMPLE") == ""


def test_a_value_is_taken_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE", "  å # $ \"'\n")
    assert env.text("SAMPLE", "default") == "  å # $ \"'\n"


def test_an_empty_value_is_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE", "")
    assert env.text("SAMPLE", "default") == ""


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_file_is_read_without_its_last_newline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f" lösen ord {end}".encode())
    monkeypatch.setenv("SAMPLE_FILE", str(file))
    assert env.text("SAMPLE", "default") == " lösen ord "


@pytest.mark.parametrize("value", ["value", ""])
def test_value_and_file_together_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file", encoding="utf-8")
    monkeypatch.setenv("SAMPLE", value)
    monkeypatch.setenv("SAMPLE_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE and SAMPLE_FILE are both set\. Keep one"):
        env.text("SAMPLE")


def test_a_file_that_is_missing_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAMPLE_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE_FILE can't be read .*nowhere.*Name a readable text file"):
        env.text("SAMPLE", "default")


def test_a_file_that_is_no_text_is_an_error_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"canary\xff\xfe")
    monkeypatch.setenv("SAMPLE_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match="SAMPLE_FILE can't be read") as refusal:
        env.text("SAMPLE")
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("value", ["1", "true", "True", "YES", "on", " 1 "])
def test_a_flag_is_on(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE", value)
    assert env.flag("SAMPLE") is True


@pytest.mark.parametrize("value", ["0", "false", "FALSE", "no", "off", " 0\n"])
def test_a_flag_is_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE", value)
    assert env.flag("SAMPLE", default=True) is False


def test_an_empty_flag_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE", "")
    assert env.flag("SAMPLE") is False
    assert env.flag("SAMPLE", default=True) is True


@pytest.mark.parametrize("value", ["2", "maybe", "ja", "tru"])
def test_another_flag_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """DEBUG=enabled must mean neither: one of the two would be a surprise."""
    monkeypatch.setenv("SAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match=f"SAMPLE is '{value}'. Write 1 or 0."):
        env.flag("SAMPLE")


def test_a_list_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.numbers("SAMPLE", "30 15") == [30, 15]
    monkeypatch.setenv("SAMPLE", "7, 1 0")
    assert env.numbers("SAMPLE", "30 15") == [7, 1, 0]


@pytest.mark.parametrize("value", ["7 days", "-1", "7;1"])
def test_a_list_that_holds_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE holds .*\. Write whole numbers"):
        env.numbers("SAMPLE", "1")


@pytest.mark.parametrize(("value", "number"), [("0", 0), ("300", 300), (" 7 ", 7), ("007", 7), ("", 12)])
def test_a_number(monkeypatch: pytest.MonkeyPatch, value: str, number: int) -> None:
    monkeypatch.setenv("SAMPLE", value)
    assert env.number("SAMPLE", 12) == number


def test_an_unset_number_is_the_default() -> None:
    assert env.number("SAMPLE", 12) == 12


@pytest.mark.parametrize("value", ["-1", "1.5", "ten", "1e3", "1 000", "٣", "1" * 10])
def test_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE is .*\. Write a whole number\."):
        env.number("SAMPLE", 12)


@pytest.mark.parametrize("value", ["a b c", "a,b,c", "a, b, c", " a\tb\nc ", ",a,,b c,"])
def test_a_list_is_separated_by_spaces_or_commas(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE", value)
    assert env.words("SAMPLE") == ["a", "b", "c"]


def test_a_list_is_read_from_a_file_of_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "gateways"
    file.write_text("json://one/{to}\njson://two/{to}\n", encoding="utf-8")
    monkeypatch.setenv("SAMPLE_FILE", str(file))
    assert env.words("SAMPLE") == ["json://one/{to}", "json://two/{to}"]


@pytest.mark.parametrize("value", ["", " ", ","])
def test_an_empty_list(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAMPLE", value)
    assert env.words("SAMPLE", "default") == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://127.8.9.10",
        "http://localhost",
        "http://LOCALHOST:1",
        "http://[::1]:8000",
        "https://demo.localhost",
    ],
)
def test_this_machine(url: str) -> None:
    assert env.is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example",
        "http://127.evil.example",
        "http://localhost.evil.example",
        "http://notlocalhost",
        "http://evil.example/localhost",
        "http://127.0.0.1@evil.example",
        "http://192.0.2.1",
        "http://[::2]",
        "",
    ],
)
def test_another_machine(url: str) -> None:
    """What only looks like this machine must not loosen the rules for it: http, DEBUG, the demo."""
    assert not env.is_loopback(url)


def variables() -> set[str]:
    """Every variable that settings.py reads."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "idportal/settings.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            reader, name = node.func, node.args[0]
            if isinstance(reader.value, ast.Name) and reader.value.id == "env" and isinstance(name, ast.Constant):
                found.add(str(name.value))
    return found


def test_every_variable_is_described() -> None:
    read = variables()
    assert {"SECRET_KEY", "SMS_GATEWAYS", "TRUSTED_PROXIES", "LIMIT_ADDRESS_POSTS"} <= read
    words = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert [name for name in sorted(read) if f"`{name}`" not in words] == []


def test_the_environment_is_read_in_one_place() -> None:
    """Nothing of the portal looks into the environment past settings.py: it would be in no list."""
    allowed = {"idportal/env.py", "idportal/wsgi.py", "idportal/celery.py"}
    readers = {
        str(file.relative_to(ROOT))
        for folder in ("idportal", "accounts", "notifications", "helpdesk")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b|from os import", file.read_text(encoding="utf-8"))
    }
    assert readers <= allowed
