"""Whose portal it is: what has to be said, and what is refused (docs/configuration.md)."""

from __future__ import annotations

import re

import pytest

from tests.idportal.conftest import PRODUCTION, manage

pytestmark = pytest.mark.process

NEEDED = ["MUNICIPALITY_NAME", "HELPDESK_EMAIL", "HELPDESK_PHONE", "DATA_PROTECTION_OFFICER", "EXAMPLE_USERNAME"]


def test_deploy_says_what_nobody_has_said() -> None:
    """Where the portal serves others as where it can't yet: no name is made up for them."""
    silent = {name: value for name, value in PRODUCTION.items() if name not in NEEDED}
    for url in (PRODUCTION["PORTAL_URL"], "https://localhost"):
        values = {**silent, "PORTAL_URL": url, "REGISTER_HOST": "", "RESET_HOST": ""}
        deploy = manage("check", "--deploy", **values)
        assert deploy.returncode == 1
        assert sorted(re.findall(r"\(idportal\.E070\) (\w+) is not set", deploy.stderr)) == sorted(NEEDED)
        assert deploy.stderr.count("HINT: Write ") == len(NEEDED)
        assert manage("check", **values).returncode == 0
