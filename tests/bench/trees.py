"""The tree to measure: this one, or a commit's files with a Python that has its pinned packages."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

from tests.servers.processes import ROOT

PINS = "requirements-local.txt"


def check_out(commit: str, folder: Path) -> str:
    """The commit's files, without its history. Returns its short name."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", commit], check=True, capture_output=True, text=True)
    archive = subprocess.run([*git, "archive", commit], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return name.stdout.strip()


def python_for(tree: Path) -> str:
    """This Python, or one in var/bench/ if the tree pins other packages."""
    pins = (tree / PINS).read_bytes()
    if pins == (ROOT / PINS).read_bytes():
        return sys.executable
    folder = ROOT / "var" / "bench" / f"venv-{platform.python_version()}-{hashlib.sha256(pins).hexdigest()[:16]}"
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        sys.stderr.write(f"Installing what the commit pins into {folder}…\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(tree / PINS)]
        subprocess.run([str(python), *install], check=True)
        (folder / "whole").touch()
    return str(python)
