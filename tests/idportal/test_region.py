"""A region is called a region, in every sentence of both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from idportal.web.identity.region import of_a_region
from tests.idportal.conftest import PRODUCTION, Portal, Prepared

CATALOGUE = Path(settings.BASE_DIR) / "locale" / "en" / "LC_MESSAGES" / "django.po"
PAGES = ("/", "/registrera/", "/aterstall/", "/bestallare/logga-in/", "/logga-in/")


@pytest.mark.parametrize(
    ("municipality", "region"),
    [
        ("Kommunens helpdesk: be kommunen.", "Regionens helpdesk: be regionen."),
        ("%(municipality)s is a municipality: {municipality}", "%(municipality)s is a region: {municipality}"),
        ("The municipality's helpdesk", "The region's helpdesk"),
        ("Kommunikationen ligger nere", "Kommunikationen ligger nere"),
        ("Nästa", "Nästa"),
    ],
)
def test_words_of_a_region(municipality: str, region: str) -> None:
    assert of_a_region(municipality) == region


def test_no_sentence_in_the_plural_says_municipality() -> None:
    """Those are not changed."""
    plurals = [block for block in CATALOGUE.read_text(encoding="utf-8").split("\n\n") if "msgid_plural" in block]
    assert len(plurals) > 10
    assert [block for block in plurals if of_a_region(block) != block] == []


@pytest.mark.process
def test_pages_of_a_region_speak_of_a_region(prepared: Prepared, tmp_path: Path) -> None:
    own = {"PORTAL_URL": "http://127.0.0.1:8000", "REGISTER_HOST": "", "RESET_HOST": "", "TRUSTED_PROXIES": ""}
    own |= {"MUNICIPALITY_NAME": "Region Norra", "MUNICIPALITY_KIND": "region", "MUNICIPALITY_URL": ""}
    values = {**PRODUCTION, **own, **prepared.values(tmp_path), "REDIS_URL": "", "CELERY_BROKER_URL": ""}
    values |= {"HELPDESK_EMAIL": "it@region.example", "DATA_PROTECTION_OFFICER": "dso@region.example"}
    with Portal(tmp_path, values) as portal:
        for cookie, theirs, word in (("", "kommun", "regionen"), ("language=en", "municipal", "region")):
            said = "".join(portal.ask("GET", page, Cookie=cookie).text for page in PAGES)
            assert re.findall(rf">[^<>]*{theirs}[^<>]*|content=[^<>]*{theirs}[^<>]*", said) == []
            assert word in said
