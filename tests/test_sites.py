"""``make demo SITE=…``: whose portal the demo shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from deploy.local import sites
from deploy.local.__main__ import parse
from deploy.local.installation import Demo
from tests.as_demo import show_demo
from tests.as_site import MADE_UP, dress


def test_there_are_three_with_looks_of_their_own_and_one_is_a_region() -> None:
    assert MADE_UP == ["bergslunda", "region-norra", "sjoviken"]
    assert sum("Region" in sites.settings_of(site)["MUNICIPALITY_NAME"] for site in MADE_UP) == 1


@pytest.mark.parametrize("site", sites.names())
def test_the_portal_gets_the_settings_of_its_site(site: str, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    demo = Demo(tmp_path, 8000, parse(["demo", "--site", site]).site)
    demo.servers = []  # theirs have to be made first
    said = sites.settings_of(site)
    assert said.items() <= demo.settings().items()
    assert all(Path(value).is_file() for name, value in said.items() if name.endswith("_FILE"))


def test_a_site_that_is_not_there_says_which_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["demo", "--site", "../../etc/passwd"])
    said = capsys.readouterr().err
    assert "SITE=../../etc/passwd finns inte." in said
    assert ", ".join(sites.names()) in said


def test_without_a_word_it_is_nobodys() -> None:
    """A demo that shows a real municipality looks like that municipality's own."""
    site = parse(["demo"]).site
    assert site == parse(["stack"]).site == "demo"
    assert sites.settings_of(site)["MUNICIPALITY_NAME"] == "Demo kommun"
    assert "SITE ?= demo\n" in (settings.BASE_DIR / "Makefile").read_text(encoding="utf-8")
    assert parse(["demo", "--site", "orebro"]).site == "orebro"


@pytest.mark.django_db
def test_the_demos_page_shows_what_is_set(client: Client, settings: Settings, tmp_path: Path) -> None:
    dress(settings, "sjoviken")
    show_demo(settings, tmp_path)
    page = client.get("/demo/").content.decode()
    for name in sites.SHOWN:
        assert f'<code translate="no">{name}</code>' in page
    for value in ("Sjövikens kommun", "sjoviken-dark.svg", "#123a6b", "031-390 06 20", "vardagar 7.30–16.30"):
        assert f">{value}</td>" in page
    assert str(sites.FOLDER) not in page
    for site in sites.names():
        assert f"make demo SITE={site}" in page
