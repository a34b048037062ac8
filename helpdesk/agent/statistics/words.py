"""What the overview calls kinds and ages of requests, shares and times: on the page and in the file alike."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.models import Ticket

IN_DAYS = 2  # from so many on, a time is told in days


def ages() -> list[str]:
    """Of open requests, as ``figures.AGES`` parts them."""
    return [_("Under 4 timmar"), _("4–24 timmar"), _("1–7 dagar"), _("Mer än 7 dagar")]


def kind_of(kind: Ticket.Kind) -> str:
    """In two words: the manual's subjects are too long to stand beside a bar."""
    return {
        Ticket.Kind.PHONE: _("Nytt nummer"),
        Ticket.Kind.RECIPIENTS: _("Mottagare av mejl"),
        Ticket.Kind.OTHER: _("Annat ärende"),
    }[kind]


def percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % is all of them; a dash of nothing."""
    return f"{100 * part // whole} %" if whole else "–"


def duration(length: timedelta) -> str:
    """As exact as anybody needs it: minutes, hours and minutes, days and hours."""
    minutes = int(length.total_seconds() // 60)
    hours, days = minutes // 60, minutes // (24 * 60)
    if days >= IN_DAYS:
        return _both(_days(days), _hours(hours % 24), hours % 24)
    if hours:
        return _both(_hours(hours), _minutes(minutes % 60), minutes % 60)
    return _minutes(minutes) if minutes else _("under en minut")


def _both(first: str, second: str, count: int) -> str:
    return f"{first} {second}" if count else first


def _days(count: int) -> str:
    return ngettext("%(count)d dag", "%(count)d dagar", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("%(count)d timme", "%(count)d timmar", count) % {"count": count}


def _minutes(count: int) -> str:
    return ngettext("%(count)d minut", "%(count)d minuter", count) % {"count": count}
