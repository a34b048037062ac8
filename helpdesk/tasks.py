"""The Celery tasks of the helpdesk. Each takes an id, or nothing, and calls one function."""

import logging

from celery import shared_task

from helpdesk.agent.statistics.company_counts import count_companies
from helpdesk.orderer.sign_in import deliver as send_sign_in_link

__all__ = ["count_companies", "fetch_mail", "send_sign_in_link"]

log = logging.getLogger("idportal.overview")


@shared_task
def fetch_mail() -> None:
    """Takes in what was mailed to the helpdesk. What fails now is tried again a minute later."""
    # Here: the worker of the codes knows all tasks, and would hold 6 MB that read mail.
    from helpdesk.intake import fetch
    from idportal.channels.mailbox import MailboxError

    try:
        fetch.run()
    except MailboxError as error:
        log.error("the helpdesk's mailbox was not read%s: %s", "" if error.retry else ", check its settings", error)
