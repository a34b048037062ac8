"""The queues: `celery -A idportal worker` takes every task, `-Q celery` the codes alone, `-Q outbox` all others."""

import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "idportal.settings")

app = Celery("idportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add("idportal.worker:LookAfterTheOutbox")


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """The worker logs as the web does: one JSON object a line, masked."""
    import logging.config

    logging.config.dictConfig(settings.LOGGING)
