"""What every process of the portal loads, commands too, before it does anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.idportal.conftest import PRODUCTION, ROOT, environment

pytestmark = pytest.mark.process

# Each takes time and megabytes. Whoever sends an SMS, reads mail or shows pages loads it.
FOR_SOME = ("apprise", "requests", "imapclient", "webauthn", "oauthlib", "requests_oauthlib", "lxml", "idportal.urls")


def test_what_few_need_is_not_loaded_by_all() -> None:
    code = (
        f"import django, sys; django.setup(); print(sorted(set({FOR_SOME}) & set(sys.modules)), 'ldap' in sys.modules)"
    )
    values = {**environment(PRODUCTION), "DJANGO_SETTINGS_MODULE": "idportal.settings"}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=values, check=True, capture_output=True, text=True
    )
    assert said.stdout == "[] True\n"
