"""Every path that the docs name exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATH = re.compile(r"`((?:accounts|deploy|docs|helpdesk|idportal|notifications|templates|tests)/[\w./-]*)`")


def test_every_path_in_the_docs_is_there() -> None:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("tests/**/README.md"))]
    named = {(document, path) for document in documents for path in PATH.findall(document.read_text(encoding="utf-8"))}
    assert len(named) > 50
    assert sorted(f"{document.name}: {path}" for document, path in named if not (ROOT / path).exists()) == []
