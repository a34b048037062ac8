"""Files that only their owner can read."""

from __future__ import annotations

import secrets
from pathlib import Path


def write(file: Path, text: str, mode: int = 0o600) -> None:
    """Write the text; nobody else can read the file, not even while it is written."""
    file.touch(mode=mode)
    file.write_text(text, encoding="utf-8")


def secret(file: Path) -> str:
    """The password in the file, which is made the first time."""
    if not file.exists():
        write(file, secrets.token_urlsafe(50))
    return file.read_text(encoding="ascii")
