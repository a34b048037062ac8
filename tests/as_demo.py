"""The suite's portal with the demo's pages, as ``deploy.local.settings`` gives them to demo and stack."""

from __future__ import annotations

from pathlib import Path

from pytest_django import Settings

from deploy import local

TEMPLATES = Path(local.__file__).parent / "templates"


def show_demo(settings: Settings, folder: Path) -> None:
    """``folder``: where the demo's page looks for SMS and mails."""
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [TEMPLATES, *engine["DIRS"]]}]
    settings.ROOT_URLCONF, settings.DEMO_FOLDER = "deploy.local.urls", str(folder)
