"""What every process of the portal loads, commands too, before it does anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.idportal.conftest import PRODUCTION, ROOT, environment

pytestmark = pytest.mark.process

# Each takes time and megabytes. Whoever sends an SMS, reads mail or shows pages loads it.
FOR_SOME = (
    "apprise",
    "requests",
    "imapclient",
    "webauthn",
    "oauthlib",
    "requests_oauthlib",
    "lxml",
    "redis",
    "idportal.urls",
)

# A worker of codes shows no page and reads no mail, nobody types at it, and one of Apprise's hundred plugins will do.
NOT_FOR_WORKERS = ("idportal.urls", "lxml", "imapclient", "webauthn", "prompt_toolkit", "apprise.plugins.email")
WORKER = """
from idportal import __main__
from idportal.runtime.celery import app, load_gateways
app.loader.import_default_modules()
load_gateways()
"""
SENDS = "apprise.plugins.custom_json"

# Beat has the timetable alone.
NOT_FOR_BEAT = ("accounts", "django.db.models", "psycopg", "cryptography.fernet", "prompt_toolkit")
BEAT = """
from idportal import __main__
from idportal.runtime import beat
beat.app.finalize()
assert beat.app.conf.beat_schedule
"""


def loaded(code: str, *names: str) -> list[str]:
    """Which of the modules are there after the code, in a process with the settings of production."""
    values = {**PRODUCTION, "DJANGO_SETTINGS_MODULE": "idportal.settings", "SMS_GATEWAYS": "json://127.0.0.1:9/{to}"}
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys; print(*[name for name in sys.argv[1:] if name in sys.modules])",
            *names,
        ],
        cwd=ROOT,
        env=environment(values),
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout.split()


def test_what_few_need_is_not_loaded_by_all() -> None:
    assert loaded("import django; django.setup()", *FOR_SOME, "ldap") == ["ldap"]


def test_a_worker_loads_what_it_needs_to_send_codes() -> None:
    assert loaded(WORKER, *NOT_FOR_WORKERS, SENDS) == [SENDS]


def test_beat_loads_neither_tasks_nor_database() -> None:
    assert loaded(BEAT, *NOT_FOR_BEAT, "celery.bin.beat") == ["celery.bin.beat"]


def test_what_is_compiled_is_loaded_once_for_all_web_processes() -> None:
    """It can't be shared later: each process would hold megabytes of it."""
    code = (
        "import runpy, sys; runpy.run_path('deploy/gunicorn.conf.py'); shared = set(sys.modules); "
        "import django; django.setup(); import idportal.urls; own = set(sys.modules) - shared; "
        "sys.argv[1:] = sorted(name for name in own "
        "if '/site-packages/' in (file := str(getattr(sys.modules[name], '__file__', ''))) and '.so' in file)"
    )
    assert loaded(code) == []
