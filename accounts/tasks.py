"""Doors from the queue: each takes an id and calls one function."""

from __future__ import annotations

from celery import shared_task

from accounts import codes


@shared_task
def send_code(challenge_id: int) -> None:
    """Looks up whom a challenge is about, makes the code and sends it. Not retried: the person asks again."""
    codes.deliver(challenge_id)
