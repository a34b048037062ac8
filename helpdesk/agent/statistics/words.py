"""How the overview writes kinds and ages of tickets, shares and times, on the page and in the file."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.models import Ticket

IN_DAYS = 2  # from so many days on, a time is written in days


def ages() -> list[str]:
    """The ages of open tickets that ``figures.AGES`` separates."""
    return [_("Under 4 timmar"), _("4–24 timmar"), _("1–7 dagar"), _("Mer än 7 dagar")]


def kind_in_words(kind: Ticket.Kind) -> str:
    """Two words: the manual's subjects are too long to stand beside a bar."""
    return {
        Ticket.Kind.PHONE: _("Nytt nummer"),
        Ticket.Kind.RECIPIENTS: _("Mottagare av mejl"),
        Ticket.Kind.OTHER: _("Annat ärende"),
    }[kind]


def percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % means all; a dash if ``whole`` is 0."""
    return f"{100 * part // whole} %" if whole else "–"


def duration(length: timedelta) -> str:
    """Days and hours, or hours and minutes."""
    minutes = length // timedelta(minutes=1)
    hours, days = minutes // 60, minutes // (24 * 60)
    days, hours, minutes = (days, hours % 24, 0) if days >= IN_DAYS else (0, hours, minutes % 60)
    words = [
        ngettext("%(count)d dag", "%(count)d dagar", days) % {"count": days} if days else "",
        ngettext("%(count)d timme", "%(count)d timmar", hours) % {"count": hours} if hours else "",
        ngettext("%(count)d minut", "%(count)d minuter", minutes) % {"count": minutes} if minutes else "",
    ]
    return " ".join(filter(None, words)) or _("under en minut")
