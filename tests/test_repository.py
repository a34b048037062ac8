"""The files that describe this repository to strangers agree with each other, and their links work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
# Mandatory by publiccode.yml 0.4 (schema.core); some are in a section.
MANDATORY = [
    "publiccodeYmlVersion",
    "name",
    "url",
    "platforms",
    "developmentStatus",
    "softwareType",
    "legal/license",
    "maintenance/type",
    "maintenance/contacts",
    "localisation/localisationReady",
    "localisation/availableLanguages",
]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", MANDATORY)
def test_publiccode_has_what_the_standard_demands(key: str) -> None:
    value = read("publiccode.yml")
    for part in key.split("/"):
        value = value[part]
    assert value


def test_publiccode_describes_the_portal_within_the_lengths_of_the_standard() -> None:
    description = read("publiccode.yml")["description"]
    assert set(description) == {"sv", "en"}
    for words in description.values():
        assert len(words["shortDescription"]) <= 150
        assert 500 <= len(words["longDescription"]) <= 10_000
        assert all(len(feature) <= 100 for feature in words["features"])


def test_the_licence_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == read("publiccode.yml")["legal"]["license"] == "EUPL-1.2"
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")


def test_the_hook_before_a_commit_is_the_lint() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]
    assert (repository["repo"], hook["language"], hook["entry"]) == ("local", "system", "make lint")


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"])
def test_what_it_links_to_is_there(name: str) -> None:
    links = LINK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
