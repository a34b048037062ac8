"""The portal runs on what requirements.txt pins, without packages that only the tests have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.idportal.conftest import PRODUCTION, environment
from tests.servers.processes import ROOT

pytestmark = pytest.mark.process

# Web, workers and beat, with PostgreSQL, Redis and a gateway; the mailbox; and what each loads when it is first needed.
_LOAD = """
import importlib, json, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

hidden = set(json.loads(sys.argv[1]))
sys.meta_path.insert(0, Hidden())

import django
django.setup()
from idportal import wsgi
from idportal.runtime import beat
from idportal.runtime import celery
celery.app.loader.import_default_modules()
for name in (
    "celery.bin.beat", "celery.bin.worker", "celery.concurrency.thread", "celery.worker.consumer.gossip",
    "apprise.plugins.custom_json",
    "gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "helpdesk.intake.fetch", "idportal.runtime.postgresql.base",
    "idportal.runtime.redis_cache", "idportal.channels.smtp", "idportal.urls", "kombu.transport.redis",
):
    importlib.import_module(name)
"""


def _loads_without(hidden: set[str]) -> subprocess.CompletedProcess[str]:
    values = environment({**PRODUCTION, "DJANGO_SETTINGS_MODULE": "idportal.settings"})
    command = [sys.executable, "-c", _LOAD, json.dumps(sorted(hidden))]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=values)


def test_production_needs_what_is_pinned_alone() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))
    come_from = {
        name: {re.sub(r"[-_.]+", "-", each).lower() for each in found}
        for name, found in packages_distributions().items()
    }
    hidden = {name for name, found in come_from.items() if not found & pinned}
    assert "pytest" in hidden
    ran = _loads_without(hidden)
    assert ran.returncode == 0, ran.stderr
