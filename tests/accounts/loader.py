"""Writes a file, loads it with a command, and captures the output."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command


class Loader:
    """``command`` is import_companies or import_orderers; ``said``: the lines of the last load."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "register.csv"
        self.capsys = capsys
        self.command = ""
        self.said: list[str] = []

    def __call__(self, *lines: str, dry_run: bool = False) -> None:
        self.load_bytes("\r\n".join(lines).encode(), dry_run=dry_run)

    def load_bytes(self, data: bytes, *, dry_run: bool = False) -> None:
        self.file.write_bytes(data)
        call_command(self.command, str(self.file), dry_run=dry_run)
        self.said = self.capsys.readouterr().out.splitlines()

    def refused(self, *lines: str) -> list[str]:
        """Loads what must be refused; what was said of it."""
        return self.refused_bytes("\r\n".join(lines).encode())

    def refused_bytes(self, data: bytes) -> list[str]:
        self.file.write_bytes(data)
        with pytest.raises(SystemExit) as left:
            call_command(self.command, str(self.file))
        assert left.value.code == 1
        return self.capsys.readouterr().err.splitlines()
