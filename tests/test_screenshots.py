"""The committed pictures: those that a document shows, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.as_site import MADE_UP
from tests.browser.states import OF_A_SITE, STATES
from tests.screenshots import COMMITTED, DOCUMENTS, MAILS, ROOT, WIDTHS, picture, pictures_in, shown

KINDS = {".png", ".webp", ".jpg", ".jpeg", ".gif"}
MOST = 30
LARGEST = 2 * 1024 * 1024  # bytes of all together: each version of a picture stays in the history


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_picture_that_a_document_shows_is_there(document: Path) -> None:
    assert [path for path in pictures_in(document) if not path.is_file()] == []


def test_the_guides_show_pictures() -> None:
    """…or the test above would pass for a reason of its own."""
    assert COMMITTED / "aterstall-losenord-360.png" in pictures_in(ROOT / "README.md")
    assert COMMITTED / "registrera-360.png" in pictures_in(ROOT / "docs" / "guide-personal.md")


def test_only_what_a_document_shows_is_committed() -> None:
    pictures = {path for path in (ROOT / "docs").rglob("*") if path.suffix in KINDS}
    assert pictures == shown()
    assert len(pictures) <= MOST
    assert sum(path.stat().st_size for path in pictures) <= LARGEST


def test_make_screenshots_takes_every_picture_that_is_shown() -> None:
    of_sites = (f"{site}-{state.name}" for site in MADE_UP for state in OF_A_SITE)
    names = (*MAILS, *of_sites, *(state.name for state in STATES))
    taken = {picture(name, width).name for name in names for width in WIDTHS}
    assert {path.name for path in COMMITTED.iterdir()} - taken == set()
