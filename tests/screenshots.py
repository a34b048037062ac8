"""``python -m tests.screenshots``: docs/screenshots/ anew, each state of each page on a phone and at a desk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = (360, 1280)
COLOURS = 64  # enough for these pages; the files take a third of the space


def picture(state: str, width: int) -> Path:
    """The file of a state (``tests.browser.states``) in a width."""
    return FOLDER / f"{state}-{width}.png"


def main() -> int:
    """Takes all pictures, and removes those that no state has any more. Returns the exit code."""
    # On SQLite, whatever the shell is set up for.
    for name in ("DATABASE_URL", "DATABASE_URL_FILE"):
        os.environ.pop(name, None)
    failed = pytest.main(["-q", str(ROOT / "tests" / "browser" / "screenshots.py")])
    if failed:
        return int(failed)
    from tests.browser.states import STATES  # needs Django, which pytest has set up

    wanted = {picture(state.name, width) for state in STATES for width in WIDTHS}
    for path in set(FOLDER.glob("*.png")) - wanted:
        path.unlink()
    return subprocess.call(["pngquant", "--force", "--ext", ".png", "--strip", "--nofs", str(COLOURS), *sorted(wanted)])


if __name__ == "__main__":
    sys.exit(main())
