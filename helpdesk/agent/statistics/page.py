"""The overview's page and file: the month's figures beside last month's, tables with bars, plots by day."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.agent.statistics import plots
from helpdesk.agent.statistics.figures import Figures, TicketKind, median
from helpdesk.models import CompanyCount, Ticket

IN_DAYS = 2  # from so many days on, a time is written in days

Section = dict[str, Any]  # templates/helpdesk/plot_section.html says what is in it
Cell = str | tuple[str, float]  # words, and the length of a bar, 0 to 1


def headline(found: Figures) -> list[tuple[str, str]]:
    """The figures that stand first, in words: those of the month before have the same order."""
    waits = sorted(chain(*found.waits.values()))
    soon = sum(kind.within_4_hours for kind in found.kinds)
    accounts, numbered, _expired = _sums(found.companies)
    return [
        (_("Inkomna ärenden"), str(found.total("received"))),
        (_("Avgjorda ärenden"), str(found.total("decided"))),
        (_("Återtagna ärenden"), str(found.total("withdrawn"))),
        (_("Mediantid till beslut"), duration(median(waits)) if waits else "–"),
        (_("Avgjorda inom 4 timmar"), percent(soon, len(waits))),
        (_("Nya lösenord"), str(found.total("resets"))),
        (_("Registrerade nummer"), str(found.total("registrations"))),
        (_("Konton med nummer"), percent(numbered, accounts)),
        (_("Skickade sms"), str(found.total("sms_sent"))),
        (_("Misslyckade sms"), str(found.total("sms_failed"))),
    ]


def sections(figures: Figures, *, counting: bool = False) -> list[Section]:
    """All parts in the order of the page. ``counting``: a task counts the companies' employees at this moment."""
    tickets = {"received": _("Inkomna"), "decided": _("Avgjorda"), "withdrawn": _("Återtagna")}
    people = {"resets": _("Nya lösenord"), "registrations": _("Registrerade nummer")}
    sms = {"sms_sent": _("Skickade"), "sms_failed": _("Misslyckade")}
    about_people = _("Nummer räknas när de registreras, ändras eller kopplas av helpdesk.")
    about_sms = _("Koder och meddelanden. Misslyckade är de som ingen operatör tog emot, eller som blev för gamla.")
    return [
        _daily("tickets", _("Ärenden per dag"), figures, tickets),
        _daily("people", _("Lösenord och nummer per dag"), figures, people, about_people),
        _daily("sms", _("Sms per dag"), figures, sms, about_sms),
        *([_open(figures.open)] if figures.open else []),
        _times(figures.kinds),
        _companies(figures, counting),
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Section:
    """Each cell with the name of its column, which a phone shows beside it, and its bar. The first are headings."""
    cells = [[each if isinstance(each, tuple) else (each, None) for each in row] for row in rows]
    return {
        "columns": columns,
        "table": [
            [(column, words, "" if bar is None else plots.length(100 * bar)) for column, (words, bar) in pairs]
            for pairs in (zip(columns, row, strict=True) for row in cells)
        ],
    }


def _open(counts: Sequence[int]) -> Section:
    total = sum(counts)
    says = ngettext("%(count)d ärende väntar på beslut.", "%(count)d ärenden väntar på beslut.", total)
    section = {"key": "open", "title": _("Ärenden som väntar just nu"), "says": says % {"count": total}}
    if not total:
        return section
    rows = [(age, (str(count), count / total)) for age, count in zip(ages(), counts, strict=True)]
    return {**section, **_table((_("Ålder"), _("Antal")), rows)}


def _times(kinds: Sequence[TicketKind]) -> Section:
    section = {"key": "times", "title": _("Tid till beslut"), "wide": True}
    if not kinds:
        return {**section, "says": _("Inga ärenden har avgjorts den här månaden.")}
    decided = sum(kind.decided for kind in kinds)
    says = ngettext(
        "%(count)d ärende har avgjorts: godkänts eller avslagits.",
        "%(count)d ärenden har avgjorts: godkänts eller avslagits.",
        decided,
    ) % {"count": decided}
    rows = [
        (
            kind_in_words(kind.kind),
            str(kind.decided),
            duration(kind.median),
            duration(kind.longest),
            _within(kind, kind.within_4_hours),
            _within(kind, kind.within_24_hours),
        )
        for kind in kinds
    ]
    columns = (_("Typ"), _("Avgjorda"), _("Median"), _("Längst"), _("Inom 4 timmar"), _("Inom 24 timmar"))
    note = _("Tiden räknas dygnet runt, från att ärendet kom in. Ärenden som har tagits tillbaka är inte med.")
    return {**section, "says": says, **_table(columns, rows), "stacked": True, "notes": [note]}


def _within(kind: TicketKind, count: int) -> tuple[str, float]:
    return f"{percent(count, kind.decided)} ({count})", count / kind.decided


def _daily(key: str, title: str, figures: Figures, names: dict[str, str], note: str = "") -> Section:
    """A plot and a table with a row for each day. ``names``: figures of a day; the first two are plotted."""
    totals = {words: figures.total(name) for name, words in names.items()}
    says = ", ".join(f"{words}: {total}" for words, total in totals.items())
    section = {"key": key, "title": title, "says": f"{says}."}
    if not any(totals.values()):
        return section
    series = {words: [counted[name] for counted in figures.days.values()] for name, words in names.items()}
    plotted = dict(list(series.items())[:2])
    dates, sentences = list(figures.days), [says]
    for words, values in plotted.items():
        if most := max(values, default=0):
            day = date_format(dates[values.index(most)], "j F")
            peak = _("%(name)s som mest %(count)d, den %(day)s")
            sentences.append(peak % {"name": words, "count": most, "day": day})
    by_day = zip(dates, *series.values(), strict=True)
    rows = [(date_format(day, "j D").lower(), *map(str, values)) for day, *values in by_day]
    return {
        **section,
        "plot": plots.columns([str(day.day) for day in dates], plotted),
        "description": ". ".join(sentences) + ".",
        **_table((_("Dag"), *series), rows),
        "total": (_("Totalt"), *map(str, totals.values())),
        "notes": [note] if note else [],
    }


def _companies(figures: Figures, counting: bool) -> Section:
    section = {"key": "companies", "title": _("Medarbetare med registrerat nummer, per företag"), "whole": True}
    on_its_way = _("Siffrorna räknas just nu. Ladda om sidan om en stund.")
    companies = figures.companies
    if not companies:
        return {**section, "says": on_its_way if counting else _("Det finns inga siffror för den här månaden.")}
    before = {each.company_id: each for each in figures.before.companies} if figures.before else {}
    rows = [
        (
            each.company.name,
            str(each.accounts),
            str(each.with_number),
            (_share(each), each.share) if each.accounts else "–",
            str(each.expired),
            _share(before[each.company_id]) if each.company_id in before else "–",
        )
        for each in companies
    ]
    columns = (
        *(_("Företag"), _("Konton"), _("Med nummer"), _("Andel")),
        *(_("Utgångna lösenord"), _("Andel månaden före")),
    )
    counted = _("Räknat den %s.") % date_format(figures.counted_on or date.min, "j F Y")
    notes = [on_its_way, counted] if counting else [counted]
    return {**section, "says": _companies_in_words(companies), **_table(columns, rows), "stacked": True, "notes": notes}


def _sums(companies: Sequence[CompanyCount]) -> tuple[int, int, int]:
    """Their accounts, those with a number, and those whose password has expired."""
    rows = [(each.accounts, each.with_number, each.expired) for each in companies]
    accounts, numbered, expired = (sum(column) for column in zip((0, 0, 0), *rows, strict=True))
    return accounts, numbered, expired


def _companies_in_words(companies: Sequence[CompanyCount]) -> str:
    accounts, numbered, expired = _sums(companies)
    share = percent(numbered, accounts)
    return _(
        "%(numbered)d av %(accounts)d konton har ett nummer (%(share)s). %(expired)d har ett lösenord som har gått ut."
    ) % {"numbered": numbered, "accounts": accounts, "share": share, "expired": expired}


def _share(count: CompanyCount) -> str:
    return percent(count.with_number, count.accounts)


def file_lines(figures: Figures) -> Iterator[tuple[object, str, str, int]]:
    """A line for each figure: a date or a month as ISO 8601 has it, the figure, what it is about, and its value."""
    names = {
        "received": _("Inkomna ärenden"),
        "decided": _("Avgjorda ärenden"),
        "withdrawn": _("Återtagna ärenden"),
        "resets": _("Nya lösenord"),
        "registrations": _("Registrerade nummer"),
        "sms_sent": _("Skickade sms"),
        "sms_failed": _("Misslyckade sms"),
    }
    for day, counted in figures.days.items():
        for name, words in names.items():
            yield day, words, "", counted[name]
    month = f"{figures.month:%Y-%m}"
    for found in figures.kinds:
        kind = kind_in_words(found.kind)
        yield month, _("Avgjorda ärenden"), kind, found.decided
        yield month, _("Mediantid till beslut, minuter"), kind, found.median // timedelta(minutes=1)
        yield month, _("Längsta tid till beslut, minuter"), kind, found.longest // timedelta(minutes=1)
        yield month, _("Avgjorda inom 4 timmar"), kind, found.within_4_hours
        yield month, _("Avgjorda inom 24 timmar"), kind, found.within_24_hours
    for age, count in zip(ages(), figures.open, strict=False):
        yield max(figures.days), _("Ärenden som väntar"), age, count
    for company in figures.companies:
        yield figures.counted_on, _("Konton"), company.company.name, company.accounts
        yield figures.counted_on, _("Konton med nummer"), company.company.name, company.with_number
        yield figures.counted_on, _("Konton med utgånget lösenord"), company.company.name, company.expired


# Words of both.


def ages() -> list[str]:
    """The ages of open tickets that ``figures.AGES`` separates."""
    return [_("Under 4 timmar"), _("4–24 timmar"), _("1–7 dagar"), _("Mer än 7 dagar")]


def kind_in_words(kind: Ticket.Kind) -> str:
    """Two words: the manual's subjects are too long to stand beside a bar."""
    return {
        Ticket.Kind.PHONE: _("Nytt mobilnummer"),
        Ticket.Kind.RECIPIENTS: _("Mottagare av mejl"),
        Ticket.Kind.OTHER: _("Annat ärende"),
    }[kind]


def percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % means all; a dash if ``whole`` is 0."""
    return f"{100 * part // whole} %" if whole else "–"


def duration(length: timedelta) -> str:
    """Minutes, or hours or days with at most one decimal: short, since another one stands beside it."""
    if length < timedelta(hours=1):
        minutes = length // timedelta(minutes=1)
        return _("%(count)d min") % {"count": minutes} if minutes else _("under en minut")
    days = length >= timedelta(days=IN_DAYS)
    count = round(length / timedelta(days=1) if days else length / timedelta(hours=1), 1)
    written = number_format(count, 0 if count.is_integer() else 1)
    return (_("%(count)s dagar") if days else _("%(count)s tim")) % {"count": written}
