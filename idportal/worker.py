"""What the portal's worker does besides Celery's own. Named in ``idportal.celery``, loaded by a worker alone."""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer
from kombu.exceptions import OperationalError

log = logging.getLogger("idportal.queue")

OUTBOX = "outbox"  # the queue, as CELERY_TASK_QUEUES has it


class LastingConsumer(Consumer):
    """Outlives the loss of its queue, whenever it falls.

    Celery closes the lost connection twice. Held tasks that the first time could not give back, the second one tries
    to, through a transport that is gone by then: AttributeError, on which the worker ended (celery 5.7, kombu 5.7).
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Clears the lost connection away. The next one is made however that ends."""
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:  # whatever it is, it is about a connection that is lost already
            log.warning("the lost connection to the queue was not closed in order: %s", type(error).__name__)


class LookAfterTheOutbox(bootsteps.StartStopStep):
    """Each time that a worker finds its queue, at its start and after a loss, it asks for all that waits.

    The queue may have been emptied, or a worker may have died with what it held. Celery's own signal ``worker_ready``
    is sent at the start alone.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        """Unless it is the worker of another queue. The queue may be gone again already; it then comes here anew."""
        if OUTBOX not in parent.app.amqp.queues.consume_from:
            return
        try:
            parent.app.send_task("notifications.tasks.sweep", kwargs={"everything": True})
        except OperationalError as error:
            log.error("the outbox is not looked after: %s", type(error).__name__)
