"""``python -m tests.screenshots``: docs/screenshots/ anew: each state of each page, and a mail, in two widths."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = (360, 1280)
MAILS = ("mail-utgaende-losenord",)  # docs/example-mail.eml, in a mail view
COLOURS = 64  # enough for these pages; the files take a third of the space


def picture(state: str, width: int) -> Path:
    """The file of a state (``tests.browser.states``) in a width."""
    return FOLDER / f"{state}-{width}.png"


def wanted() -> set[Path]:
    """All files that there are to be: one of each state of each page, and of each mail, in each width."""
    from tests.browser.states import STATES  # needs Django to be set up

    return {picture(name, width) for name in (*MAILS, *(state.name for state in STATES)) for width in WIDTHS}


def main() -> int:
    """Takes all pictures, and removes those that nothing has any more. Returns the exit code."""
    # On SQLite, whatever the shell is set up for.
    for name in ("DATABASE_URL", "DATABASE_URL_FILE"):
        os.environ.pop(name, None)
    failed = pytest.main(["-q", str(ROOT / "tests" / "browser" / "screenshots.py")])
    if failed:
        return int(failed)
    pictures = wanted()  # pytest has set Django up
    for path in set(FOLDER.glob("*.png")) - pictures:
        path.unlink()
    compress = ["pngquant", "--force", "--ext", ".png", "--strip", "--nofs", str(COLOURS)]
    return subprocess.call([*compress, *sorted(pictures)])


if __name__ == "__main__":
    sys.exit(main())
