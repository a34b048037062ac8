"""English is complete: what a page can say in Swedish, it can say in English."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation.template import templatize

CATALOGUE = Path(settings.BASE_DIR, "locale", "en", "LC_MESSAGES", "django.po")
CALL = re.compile(r"""\b(?:gettext|ngettext|_)\(\s*(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")""")
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z]+\}")


def entries() -> list[tuple[str, str]]:
    """Each Swedish text with its English one, as the file has them."""
    found = []
    for block in CATALOGUE.read_text(encoding="utf-8").split("\n\n")[1:]:
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        text = "\n".join(lines).replace('"\n"', "")
        for swedish, english in re.findall(
            r'msgid(?:_plural)? "(.*)"\n(?:msgid_plural ".*"\n)?msgstr(?:\[0\])? "(.*)"', text
        ):
            found.append((swedish, english))
    return found


def texts_of_templates() -> set[str]:
    """Of pages, mails and SMS: what Django's own reader finds in translate and blocktranslate, trimmed or not."""
    found: set[str] = set()
    folders = (Path(settings.BASE_DIR, "templates"), Path(settings.BASE_DIR, "deploy", "local"))
    for path in (path for folder in folders for path in folder.rglob("*.*")):
        if path.suffix in (".html", ".txt"):
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            found.update(ast.literal_eval(text) for text in CALL.findall(code))
    return found


def texts_of_code() -> set[str]:
    found: set[str] = set()
    for app in ("accounts", "notifications", "helpdesk", "deploy"):
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            found.update(re.findall(r'\b_\(\s*"([^"\\]+)"\s*\)', path.read_text(encoding="utf-8")))
    return found


def test_every_text_has_an_english_one() -> None:
    pairs = entries()
    assert len(pairs) > 200
    assert [swedish for swedish, english in pairs if not english] == []


def test_no_translation_is_a_guess() -> None:
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")


@pytest.mark.parametrize("texts", [texts_of_templates, texts_of_code])
def test_the_catalogue_knows_every_text_of_the_source(texts: object) -> None:
    assert callable(texts)
    same_in_both = {"Demo", "Helpdesk", "OK", "Status", "Median", "%(count)d min"}
    same_in_both |= {"Sorting priority: %(priority_number)s"}  # Django's own
    with translation.override("en"):
        missing = sorted(text for text in texts() - same_in_both if gettext(text) == text)
    assert missing == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    different = [
        swedish
        for swedish, english in entries()
        if sorted(PLACEHOLDER.findall(swedish)) != sorted(PLACEHOLDER.findall(english))
    ]
    assert different == []
