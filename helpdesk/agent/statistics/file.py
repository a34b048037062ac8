"""The overview as a file: one line for each figure of a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from helpdesk.agent.statistics.figures import Figures
from helpdesk.agent.statistics.words import ages, kind_in_words

Cells = tuple[str, ...]
MINUTE = timedelta(minutes=1)


def columns() -> Cells:
    """The file's first line."""
    return (_("Datum"), _("Siffra"), _("Gäller"), _("Värde"))


def lines(figures: Figures) -> Iterator[Cells]:
    """Dates are ISO 8601."""
    for date, figure, about, value in _figures(figures):
        yield str(date), figure, about, str(value)


def _figures(figures: Figures) -> Iterator[tuple[object, str, str, int]]:
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
            yield day.day, words, "", getattr(day, name)
    for found in figures.kinds:
        kind = kind_in_words(found.kind)
        yield figures.month, _("Avgjorda ärenden"), kind, found.decided
        yield figures.month, _("Mediantid till beslut, minuter"), kind, found.median // MINUTE
        yield figures.month, _("Längsta tid till beslut, minuter"), kind, found.longest // MINUTE
        yield figures.month, _("Avgjorda inom 4 timmar"), kind, found.within_4_hours
        yield figures.month, _("Avgjorda inom 24 timmar"), kind, found.within_24_hours
    if figures.open:
        for age, count in zip(ages(), figures.open, strict=True):
            yield figures.days[-1].day, _("Öppna ärenden"), age, count
    for company in figures.companies:
        yield figures.counted_on, _("Konton"), company.name, company.accounts
        yield figures.counted_on, _("Konton med nummer"), company.name, company.with_number
        yield figures.counted_on, _("Konton med utgånget lösenord"), company.name, company.expired
