"""A process that is killed as soon as it reaches a given point, as in a power cut."""

from __future__ import annotations

import subprocess

from tests.idportal.conftest import run_code

_PROGRAM = """
import os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "idportal.settings"
import django
django.setup()
from django.core.management import call_command

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def before(module, name):
    setattr(module, name, die)

def after(module, name):
    real = getattr(module, name)
    setattr(module, name, lambda *a, **k: (real(*a, **k), die()))

IMPORTS
PLACE
call_command(*sys.argv[1:])
"""


def run(command: tuple[str, ...], imports: str, place: str, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """``manage.py`` with this command, to its end or to the trap; ``values``: its environment, and no other.

    ``place`` puts the trap: ``before(module, "name")`` kills it instead of a call, ``after`` behind one; "" puts none.
    ``imports`` are the lines that name those modules.
    """
    program = _PROGRAM.replace("IMPORTS", imports).replace("PLACE", place)
    return run_code(program, ["-c", *command], values)
