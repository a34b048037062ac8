"""The pictures in docs/screenshots: one of each state or mail and width, and every one that a document shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.screenshots import FOLDER, ROOT, picture, wanted

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IMAGE = re.compile(r'<img[^>]*\bsrc="([^"]+)"|!\[[^\]]*\]\(([^)\s]+)')


def pictures_in(document: Path) -> list[Path]:
    shown = ["".join(match) for match in IMAGE.findall(document.read_text(encoding="utf-8"))]
    return [(document.parent / source).resolve() for source in shown if "://" not in source]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_picture_that_a_document_shows_is_there(document: Path) -> None:
    assert [path for path in pictures_in(document) if not path.is_file()] == []


def test_the_guides_show_pictures() -> None:
    """…or the test above would pass for a reason of its own."""
    assert picture("aterstall-losenord", 360) in pictures_in(ROOT / "README.md")
    assert picture("registrera", 360) in pictures_in(ROOT / "docs" / "guide-personal.md")


def test_there_is_one_of_each_state_and_mail_in_each_width() -> None:
    """After a change of the states: make screenshots."""
    assert set(FOLDER.glob("*.png")) == wanted()
