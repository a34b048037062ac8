"""The accessibility statement and the privacy notice: filled from a dated audit, replaced by files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest
from django.conf import settings as configured
from django.core.cache import caches
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from accounts.privacy import statements
from accounts.privacy.statements import audit
from tests.accounts.helpers import text_of

pytestmark = [pytest.mark.django_db]

STATEMENT = """\
<h1>Tillgänglighet hos {{ portal.municipality }}</h1>
{% comment %}Ett utkast{% endcomment %}
<p>Mejla {{ portal.helpdesk_email }}.</p>
<p>Granskat {{ audit.audited|date:"Y-m-d" }}.</p>
{% if audit.missing %}
<ul>{% for each in audit.missing %}<li>{{ each }}</li>{% endfor %}</ul>
{% else %}<p>Inget</p>{% endif %}
"""
NOTICE = '<h1>Dina uppgifter</h1><p>Koder tas bort efter {% duration "CODES_KEPT" %}.<br>Fråga oss.</p>'
AUDIT = """\
audited = 2027-03-01
stated = 2027-03-02
methods = { sv = ["Konsulten Öga AB har granskat."], en = ["The consultants Öga AB have judged."] }
missing = { sv = [], en = [] }
"""


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.STATEMENTS_FOLDER = str(tmp_path)
    settings.MUNICIPALITY_NAME = "Region <Södra>"
    return tmp_path


def found(folder: Path, name: str, text: str | bytes) -> str:
    """What the check says of one file."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    wrong = [each for each in run_checks() if each.id == "accounts.E004"]
    assert all(each.hint for each in wrong)
    return " ".join(each.msg for each in wrong)


def shown(path: str, language: str = "sv") -> HttpResponse:
    """The page, as somebody gets it who has pressed on the language."""
    client = Client()
    client.cookies[configured.LANGUAGE_COOKIE_NAME] = language
    return cast(HttpResponse, client.get(path))


def test_the_statement_says_what_the_audit_says() -> None:
    page = text_of(shown("/tillganglighet/"))
    for words in ("delvis förenlig", "30 november 2026", *audit().missing, *audit().methods):
        assert words in page
    english = text_of(shown("/tillganglighet/", "en"))
    with translation.override("en"):
        for words in ("30 November 2026", *audit().missing, *audit().methods):
            assert words in english


def test_the_audit_is_the_one_that_the_documents_tell() -> None:
    told = Path(configured.BASE_DIR, "docs", "accessibility.md").read_text(encoding="utf-8")
    last = re.findall(r"^## (\d+) (\w+) (\d{4})$", told, re.M)[0]
    assert f"{audit().audited:%-d %B %Y}" == " ".join(last)


def test_an_audit_of_their_own(folder: Path) -> None:
    assert found(folder, "audit.toml", AUDIT) == ""
    page = text_of(shown("/tillganglighet/"))
    assert "Webbplatsen är helt förenlig med lagen" in page
    assert "Konsulten Öga AB har granskat. Den senaste bedömningen gjordes den 1 mars 2027." in " ".join(page.split())


def test_pages_of_their_own(folder: Path) -> None:
    assert found(folder, "accessibility.html", STATEMENT) == ""
    assert found(folder, "privacy.html", NOTICE) == ""
    page = shown("/tillganglighet/").content.decode()
    assert "<h1>Tillgänglighet hos Region &lt;Södra&gt;</h1>" in page
    assert f"Granskat {audit().audited}." in page
    assert "Rapportera brister" not in page
    assert 'class="skip"' in page or "<main" in page, "the portal's page is around it"
    assert "Koder tas bort efter" in text_of(shown("/personuppgifter/"))


def test_in_english(folder: Path) -> None:
    """Their English page if there is one, else the Swedish one, which says so to a screen reader."""
    found(folder, "privacy.html", NOTICE)
    assert '<div lang="sv"><h1>Dina uppgifter</h1>' in shown("/personuppgifter/", "en").content.decode()
    caches["pages"].clear()
    found(folder, "privacy.en.html", "<h1>Your data</h1>")
    page = shown("/personuppgifter/", "en").content.decode()
    assert "<h1>Your data</h1>" in page
    assert "Dina uppgifter" not in page


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<h1>A</h1>{% load i18n %}", "does not compile: Invalid block tag on line 1: 'load'"),
        ("<h1>A</h1>{% include 'base.html' %}", "Invalid block tag on line 1: 'include'"),
        ("<h1>A</h1>{% if x %}", "does not compile"),
        ("<h1>{{ portal.kommun }}</h1>", "names {{ portal.kommun }}, which has no value here"),
        ("<h1>A</h1>{{ settings.SECRET_KEY }}", "names {{ settings.SECRET_KEY }}"),
        ("<p>A</p>", "has 0 <h1> in place of one"),
        ("<h1>A</h1><script>alert()</script>", "holds <script>"),
        ('<h1 style="color:red">A</h1>', "holds style=, which the Content-Security-Policy stops"),
        ("<h1>A</h1><p><strong>B</p>", "ends <p> where it is not open, in line 1"),
        ("<h1>A</h1><div>", "never ends <div>"),
        ("<h1>Å</h1>".encode("latin-1"), "can't be read"),
    ],
)
def test_a_page_that_would_break_is_refused(folder: Path, page: str | bytes, words: str) -> None:
    told = found(folder, "accessibility.html", page)
    assert words in told
    assert "STATEMENTS_FOLDER: accessibility.html " in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("audited = ", "can't be used: "),
        (AUDIT.replace("2027-03-02", "2027-02-28"), "in this order of time"),
        (AUDIT.replace("2027-03-01", '"i våras"'), "needs the dates audited and stated"),
        (AUDIT.replace("en = []", "se = []"), "with a list of texts for en"),
        (AUDIT.replace("sv = []", 'sv = "inget"'), "with a list of texts for sv"),
    ],
)
def test_an_audit_that_says_too_little_is_refused(folder: Path, text: str, words: str) -> None:
    assert words in found(folder, "audit.toml", text)


@pytest.mark.parametrize("name", ["", "statement.html"])
def test_a_folder_without_any_of_them_is_refused(folder: Path, settings: Settings, name: str) -> None:
    if name:
        assert "holds none of accessibility.html, " in found(folder, name, STATEMENT)
    else:
        settings.STATEMENTS_FOLDER = str(folder / "missing")
        assert [path for path, _problem in statements.problems()] == [settings.STATEMENTS_FOLDER]
