"""``python -m tests.screenshots``: each state of each page, and a mail, in two widths, light and dark.

Into ``var/screenshots/``. Those that a document shows are copied to ``docs/screenshots/``; those alone are committed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "screenshots"
COMMITTED = ROOT / "docs" / "screenshots"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IMAGE = re.compile(r'<img[^>]*\bsrc="([^"]+)"|!\[[^\]]*\]\(([^)\s]+)')
WIDTHS = (360, 1280)
MAILS = ("mail-utgaende-losenord",)  # docs/example-mail.eml, in a mail view
COLOURS = 64  # enough for these pages; the files take a third of the space


def picture(state: str, width: int, scheme: str = "light") -> Path:
    """The file of a state (``tests.browser.states``) in a width. The documents show the light ones."""
    return FOLDER / f"{state}-{width}{'' if scheme == 'light' else f'-{scheme}'}.png"


def pictures_in(document: Path) -> list[Path]:
    """The local files that a document shows."""
    shown = ["".join(match) for match in IMAGE.findall(document.read_text(encoding="utf-8"))]
    return [(document.parent / source).resolve() for source in shown if "://" not in source]


def shown() -> set[Path]:
    """The files that a document shows."""
    return {path for document in DOCUMENTS for path in pictures_in(document)}


def main() -> int:
    """Takes all pictures, and copies those that are shown. Returns the exit code."""
    # On SQLite, whatever the shell is set up for.
    for name in ("DATABASE_URL", "DATABASE_URL_FILE"):
        os.environ.pop(name, None)
    shutil.rmtree(FOLDER, ignore_errors=True)
    failed = pytest.main(["-q", str(ROOT / "tests" / "browser" / "screenshots.py"), *sys.argv[1:]])
    if failed:
        return int(failed)
    COMMITTED.mkdir(exist_ok=True)
    renewed = sorted(path for path in shown() if (FOLDER / path.name).exists())
    for path in renewed:
        shutil.copyfile(FOLDER / path.name, path)
    return subprocess.call(["pngquant", "--force", "--ext", ".png", "--strip", "--nofs", str(COLOURS), *renewed])


if __name__ == "__main__":
    sys.exit(main())
