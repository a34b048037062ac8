"""``python -m idportal worker …`` and ``… beat …``: the same as ``celery -A idportal …``, with 8 MB less memory.

Celery's own program loads all its commands and, for one of them, a shell that completes what is typed.
"""

import sys
from importlib import import_module

from celery.bin import beat, worker
from celery.bin.base import CLIContext

# No worker needs to know of another: without waiting for their answers it starts a second sooner.
ALONE = ("--without-mingle", "--without-gossip", "--without-heartbeat")
COMMANDS = {
    "worker": (worker.worker, "idportal.runtime.celery", ALONE),
    "beat": (beat.beat, "idportal.runtime.beat", ()),
}


def main(name: str, *words: str) -> None:
    """Runs the command with Celery's options for it, until it is told to end."""
    command, module, first = COMMANDS[name]
    sys.argv[:1] = ["-m", "idportal"]  # a worker that gets SIGHUP starts anew with these words
    context = CLIContext(import_module(module).app, no_color=False, workdir=None, quiet=True)
    command.main([*first, *words], prog_name=f"python -m idportal {name}", obj=context)


if __name__ == "__main__":
    main(*sys.argv[1:])
