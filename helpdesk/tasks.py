"""Doors from the queue: each takes an id, or nothing, and calls one function."""

from __future__ import annotations

import logging

from celery import shared_task

from accounts import directory
from helpdesk.agent.statistics import figures
from helpdesk.agent.statistics.months import today
from helpdesk.intake import fetch
from helpdesk.orderer import sign_in
from idportal.mailbox import MailboxError

log = logging.getLogger("idportal.overview")

LONG = 1800  # seconds: a look at everybody in the directory
FETCH = 300  # seconds: a run ends by itself long before, but for servers that let each command wait


@shared_task
def send_sign_in_link(link_id: int) -> None:
    """Looks up whom a link is for, makes it and mails it. Not retried: the person asks again."""
    sign_in.deliver(link_id)


@shared_task(time_limit=LONG)
def count_companies() -> None:
    """Counts the companies' staff for today. Without a directory it waits for the next morning, or for who looks."""
    try:
        companies = figures.count_companies(today())
    except directory.DirectoryError as error:
        log.error("the directory did not say how the companies stand: %s", type(error).__name__)
    else:
        log.info("counted the staff of %d companies", companies)


@shared_task(time_limit=FETCH)
def fetch_mail() -> None:
    """Takes in what was mailed to the helpdesk. What can't be done now is done a minute later."""
    try:
        fetch.run()
    except MailboxError as error:
        log.error("the helpdesk's mailbox was not read%s: %s", "" if error.retry else ", check its settings", error)
