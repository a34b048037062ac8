"""The overview as a file: one line for each figure of a month."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from helpdesk.agent.statistics.figures import Figures
from helpdesk.agent.statistics.page import ages, kind_in_words

MINUTE = timedelta(minutes=1)


def lines(figures: Figures) -> Iterator[tuple[object, str, str, int]]:
    """A date or a month as ISO 8601 has it, the figure, what it is about, and its value."""
    names = {
        "received": _("Inkomna ärenden"),
        "decided": _("Avgjorda ärenden"),
        "withdrawn": _("Återtagna ärenden"),
        "resets": _("Nya lösenord"),
        "registrations": _("Registrerade nummer"),
        "sms_sent": _("Skickade SMS"),
        "sms_failed": _("Misslyckade SMS"),
    }
    for day, counted in figures.days.items():
        for name, words in names.items():
            yield day, words, "", counted[name]
    month = f"{figures.month:%Y-%m}"
    for found in figures.kinds:
        kind = kind_in_words(found.kind)
        yield month, _("Avgjorda ärenden"), kind, found.decided
        yield month, _("Mediantid till beslut, minuter"), kind, found.median // MINUTE
        yield month, _("Längsta tid till beslut, minuter"), kind, found.longest // MINUTE
        yield month, _("Avgjorda inom 4 timmar"), kind, found.within_4_hours
        yield month, _("Avgjorda inom 24 timmar"), kind, found.within_24_hours
    for age, count in zip(ages(), figures.open, strict=False):
        yield max(figures.days), _("Öppna ärenden"), age, count
    for company in figures.companies:
        yield figures.counted_on, _("Konton"), company.company.name, company.accounts
        yield figures.counted_on, _("Konton med nummer"), company.company.name, company.with_number
        yield figures.counted_on, _("Konton med utgånget lösenord"), company.company.name, company.expired
