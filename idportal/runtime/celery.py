"""The queues: `celery -A idportal worker` takes every task, `-Q celery` the codes alone, `-Q outbox` all others."""

import logging
import logging.config
import os
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idportal.settings")
# Celery throws away what the checks of settings and pages say, and would hold every page in memory for them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

log = logging.getLogger("idportal.outage")


class OutageTask(Task):  # type: ignore[type-arg]  # as tasks are here: nobody awaits what they return
    """A task that the database breaks off leaves a line in the log, as a request does, and no trace of the code."""

    throws = (OperationalError, InterfaceError)  # those that Celery does not call unexpected

    def on_failure(self, exc: BaseException, *others: Any) -> None:
        """What is left undone is in the database, and the timetable finds it; for a code, the person asks again."""
        if isinstance(exc, self.throws):
            words = str(exc).partition("\n")[0]
            log.error("database is not available: %s is left undone: %s: %s", self.name, type(exc).__name__, words)


app = Celery("idportal", task_cls=OutageTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add("idportal.runtime.worker:LookAfterTheOutbox")


@task_prerun.connect
@task_postrun.connect
def look_after_connections(sender: Task, **_: object) -> None:  # type: ignore[type-arg]
    """As Django does around a request: a connection to the database that is broken or too old is closed."""
    if not sender.request.is_eager:
        close_old_connections()


@worker_init.connect
def load_gateways(**_: object) -> None:
    """Before the first code, which would wait for that."""
    from idportal.channels import sms

    sms.load()


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """The worker logs as the web does: one JSON object a line, masked."""
    logging.config.dictConfig(settings.LOGGING)
