"""System checks of the helpdesk's settings."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from helpdesk.models import Ticket

SUBJECTS = {Ticket.Kind.PHONE: "TICKET_PHONE_SUBJECT", Ticket.Kind.RECIPIENTS: "TICKET_RECIPIENTS_SUBJECT"}
LONGEST = 78  # characters of a mail's subject, which some programs cut (RFC 5322 2.1.1)


@register
def subjects_are_told_apart(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterator[CheckMessage]:
    """A mail whose subject was taken for the other request, or for none, would open the wrong ticket."""
    from helpdesk.intake.reading.layout import kind_of  # here: it loads a parser of HTML, too

    for kind, name in SUBJECTS.items():
        subject = kind.subject
        if kind_of(subject) != kind:
            yield Error(
                f"{name} is {subject!r}, by which a mail is not known as this request: it is too like the other one's.",
                hint=f"Choose other words than those of {' and '.join(set(SUBJECTS.values()) - {name})}.",
                id="helpdesk.E001",
            )
        if len(subject) > LONGEST or not subject.isprintable():
            yield Error(
                f"{name} has {len(subject)} characters, or one that can't be seen.",
                hint=f"Write one line of {LONGEST} characters at most.",
                id="helpdesk.E002",
            )
