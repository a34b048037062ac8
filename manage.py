#!/usr/bin/env python
"""Django's command line."""

import atexit
import gc
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # Nothing of what a command imports is garbage: looking for it takes a fifth of the start.
    gc.set_threshold(50_000)
    # Python would look through all that is loaded once more before it ends: a fifth of what a short command takes.
    atexit.register(gc.freeze)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idportal.settings")
    execute_from_command_line(sys.argv)
