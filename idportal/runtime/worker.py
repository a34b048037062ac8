"""The portal's additions to Celery's worker, named by ``idportal.runtime.celery`` and the settings."""

import logging
from collections.abc import Callable
from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer
from kombu.exceptions import OperationalError

log = logging.getLogger("idportal.queue")

OUTBOX = "outbox"  # the queue, as CELERY_TASK_QUEUES has it


class LastingConsumer(Consumer):
    """A consumer that outlives the loss of its queue.

    Celery closes the lost connection twice. The second time it tries to give back the tasks that it holds, through a
    transport that is gone by then: an AttributeError, which ended the worker (celery 5.7, kombu 5.7). So did a task
    that a thread began in that moment, when it was to be acknowledged.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Closes the lost connection; an error here does not keep the next one from being made."""
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:  # any error here is about a connection that is lost already
            log.warning("the lost connection to the queue was not closed in order: %s", type(error).__name__)

    def call_soon_ack(self, p: Callable[..., object], *arguments: Any, **more: Any) -> Any:
        """Acknowledges a task. One whose connection is gone may come a second time, as tasks are made for."""

        def acknowledge() -> None:
            try:
                p(*arguments, **more)
            except AttributeError as error:
                log.warning("a task of a lost connection was not acknowledged: %s", type(error).__name__)

        return super().call_soon_ack(acknowledge)  # type: ignore[misc]  # not in its stubs


class LookAfterTheOutbox(bootsteps.StartStopStep):
    """Asks for a sweep of the whole outbox each time that a worker finds its queue: at its start and after a loss.

    The queue may have been emptied, or a worker may have died with the tasks that it held. Celery's own signal
    ``worker_ready`` is sent at the start alone.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        """Not for the worker of another queue. If the queue is gone again already, the next start asks."""
        if OUTBOX not in parent.app.amqp.queues.consume_from:
            return
        try:
            parent.app.send_task("notifications.tasks.sweep", kwargs={"everything": True})
        except OperationalError as error:
            log.error("the outbox is not looked after: %s", type(error).__name__)
