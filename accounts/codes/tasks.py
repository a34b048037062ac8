"""The task that sends a code. ``accounts.tasks`` imports it, where Celery looks for tasks."""

from __future__ import annotations

from celery import shared_task

from accounts.codes import delivery


@shared_task(name="accounts.tasks.send_code")
def send_code(challenge_id: int) -> None:
    """Finds the account of a challenge, makes the code and sends it. No retry: the person asks again."""
    delivery.deliver(challenge_id)
