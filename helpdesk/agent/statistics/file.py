"""The overview as a file: each figure of a month in a line of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from helpdesk.agent.statistics.figures import Figures
from helpdesk.agent.statistics.words import ages, kind_of

Cells = tuple[str, ...]


def columns() -> Cells:
    """Its first line."""
    return (_("Datum"), _("Siffra"), _("Gäller"), _("Värde"))


def lines(figures: Figures) -> Iterator[Cells]:
    """One line for each figure, of each day, each kind of request, and each company. Dates are ISO 8601."""
    names = {
        "received": _("Inkomna ärenden"),
        "decided": _("Avgjorda ärenden"),
        "withdrawn": _("Återtagna ärenden"),
        "resets": _("Nya lösenord"),
        "registrations": _("Registrerade nummer"),
        "sms_sent": _("Skickade SMS"),
        "sms_failed": _("Misslyckade SMS"),
    }
    for day in figures.days:
        for name, words in names.items():
            yield (str(day.day), words, "", str(getattr(day, name)))
    for each in figures.kinds:
        kind = kind_of(each.kind)
        yield (str(figures.month), _("Avgjorda ärenden"), kind, str(each.decided))
        yield (str(figures.month), _("Mediantid till beslut, minuter"), kind, _whole_minutes(each.median))
        yield (str(figures.month), _("Längsta tid till beslut, minuter"), kind, _whole_minutes(each.longest))
        yield (str(figures.month), _("Avgjorda inom 4 timmar"), kind, str(each.within_4_hours))
        yield (str(figures.month), _("Avgjorda inom 24 timmar"), kind, str(each.within_24_hours))
    if figures.open:
        for age, count in zip(ages(), figures.open, strict=True):
            yield (str(figures.days[-1].day), _("Öppna ärenden"), age, str(count))
    for company in figures.companies:
        yield (str(figures.counted_on), _("Konton"), company.name, str(company.accounts))
        yield (str(figures.counted_on), _("Konton med nummer"), company.name, str(company.with_number))
        yield (str(figures.counted_on), _("Konton med utgånget lösenord"), company.name, str(company.expired))


def _whole_minutes(length: timedelta) -> str:
    return str(int(length.total_seconds() // 60))
