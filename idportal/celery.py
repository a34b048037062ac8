"""The queues: `celery -A idportal worker` takes every task, `-Q celery` the codes alone, `-Q outbox` all others."""

import logging
import os
from functools import cached_property
from typing import Any

from celery import Celery, Task
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup  # type: ignore[attr-defined]  # not in its stubs
from celery.signals import setup_logging, worker_init
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idportal.settings")


log = logging.getLogger("idportal.outage")


class OutageTask(Task):  # type: ignore[type-arg]  # as tasks are here: nobody awaits what they return
    """A task that the database breaks off leaves a line in the log, as a request does, and no trace of the code."""

    throws = (OperationalError, InterfaceError)  # those that Celery does not call unexpected

    def on_failure(self, exc: BaseException, *others: Any) -> None:
        """What is left undone is in the database, and the timetable finds it; for a code, the person asks again."""
        if isinstance(exc, self.throws):
            words = str(exc).partition("\n")[0]
            log.error("database is not available: %s is left undone: %s: %s", self.name, type(exc).__name__, words)


class KeptConnections(DjangoWorkerFixup):  # type: ignore[misc]
    """Celery would close the connection to the database before and after each task: three new ones a reset."""

    def validate_models(self) -> None:
        """Without the checks of all settings and pages: Celery throws away what they say, and would hold every page."""
        self.django_setup()

    def close_database(self, **_: object) -> None:
        """As Django does around a request: a connection that is broken or too old is closed."""
        close_old_connections()


class Fixup(DjangoFixup):
    """What Celery does for Django, in a worker with KeptConnections."""

    @cached_property
    def worker_fixup(self) -> KeptConnections:  # when the settings can be read
        return KeptConnections(self.app)


app = Celery("idportal", task_cls=OutageTask, fixups=[lambda app: Fixup(app).install()])  # type: ignore[list-item]  # a name, or this
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add("idportal.worker:LookAfterTheOutbox")


@worker_init.connect
def load_gateways(**_: object) -> None:
    """Before the first code, which would wait for that."""
    from idportal import sms

    sms.load()


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """The worker logs as the web does: one JSON object a line, masked."""
    import logging.config

    logging.config.dictConfig(settings.LOGGING)
