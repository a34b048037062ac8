"""Files that only their owner can read, and the texts in ``config/``."""

from __future__ import annotations

import secrets
from pathlib import Path
from string import Template

CONFIG = Path(__file__).parent / "config"


def write(file: Path, text: str, mode: int = 0o600) -> None:
    """Writes the text. Nobody else can read the file, not even while it is written."""
    file.touch(mode=mode)
    file.write_text(text, encoding="utf-8")


def secret(file: Path) -> str:
    """The password in the file, which is made the first time."""
    if not file.exists():
        write(file, secrets.token_urlsafe(50))
    return file.read_text(encoding="ascii")


def filled(name: str, /, **values: object) -> str:
    """The text of that name in ``config/``, with its ``$names`` filled in."""
    return Template((CONFIG / name).read_text(encoding="utf-8")).substitute(values)
