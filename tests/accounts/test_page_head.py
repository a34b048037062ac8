"""What the first pages of both journeys tell browsers, search engines and Lighthouse (docs/performance.md).

axe looks at the rest that Lighthouse does: tests/browser/test_accessibility.py.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db

LONGEST = 160  # characters of a description that a search engine shows


@pytest.mark.parametrize("path", ["/aterstall/", "/registrera/"])
@pytest.mark.parametrize(("language", "word"), [("sv", "lösenord"), ("en", "password")])
def test_a_first_page_says_what_it_is(path: str, language: str, word: str, client: Client, settings: Settings) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.get(path)
    page = answer.content.decode()
    head = page.partition("</head>")[0]
    said = dict(re.findall(r'<meta name="([\w-]+)" content="([^"]*)">', head))
    assert answer.status_code == 200
    assert head.startswith(f'<!doctype html>\n<html lang="{language}">\n<head>\n  <meta charset="utf-8">')
    assert said["viewport"] == "width=device-width, initial-scale=1", "whoever wants to may zoom"
    assert re.search(r"<title>\w[^<]+</title>", head)
    assert word in said["description"]
    assert len(said["description"]) <= LONGEST
    assert "robots" not in said, "people look for these pages"
    assert "X-Robots-Tag" not in answer.headers
    assert all(" defer" in script for script in re.findall(r"<script[^>]*>", page))
    assert len(re.findall(r'<link rel="stylesheet"', page)) <= 2, "each delays the first paint"
