"""The overview's page and file. On the page, each part of a month is a sentence, a plot and a table."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.agent.statistics import plots
from helpdesk.agent.statistics.figures import Figures, TicketKind
from helpdesk.agent.statistics.plots import PlotRow
from helpdesk.models import CompanyCount, Ticket

PLOTTED = 20  # companies; the table has all
FOLDED = 40  # a table of more companies is folded
IN_DAYS = 2  # from so many days on, a time is written in days

Section = dict[str, Any]  # templates/helpdesk/plot_section.html says what is in it


def sections(figures: Figures, *, counting: bool = False) -> list[Section]:
    """All parts in the order of the page. ``counting``: a task counts the companies' employees at this moment."""
    tickets = {"received": _("Inkomna"), "decided": _("Avgjorda"), "withdrawn": _("Återtagna")}
    people = {"resets": _("Nya lösenord"), "registrations": _("Registrerade nummer")}
    sms = {"sms_sent": _("Skickade"), "sms_failed": _("Misslyckade")}
    about_people = _("Nummer räknas när de registreras, ändras eller kopplas av helpdesk.")
    about_sms = _("Koder och meddelanden. Misslyckade är de som ingen operatör tog emot, eller som blev för gamla.")
    return [
        *([_open(figures.open)] if figures.open else []),
        _times(figures.kinds),
        _daily("tickets", _("Inkomna och avgjorda ärenden per dag"), figures, tickets),
        _daily("people", _("Nya lösenord och registrerade nummer per dag"), figures, people, about_people),
        _daily("sms", _("Sms per dag"), figures, sms, about_sms),
        _companies(figures, counting),
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Section:
    """Each cell with the name of its column, which a phone shows beside it. The first cells are headings."""
    return {"columns": columns, "table": [list(zip(columns, row, strict=True)) for row in rows]}


def _open(counts: Sequence[int]) -> Section:
    total = sum(counts)
    says = ngettext("%(count)d ärende väntar på beslut.", "%(count)d ärenden väntar på beslut.", total)
    says %= {"count": total}
    table = [(age, str(count)) for age, count in zip(ages(), counts, strict=True)]
    longest = max(*counts, 1)
    in_words = ", ".join(f"{age}: {count}" for age, count in table)
    return {
        "key": "open",
        "title": _("Ärenden som väntar just nu"),
        "says": says,
        "plot": plots.rows((age, [(int(count) / longest, count)], "") for age, count in table),
        "description": f"{says} {in_words}.",
        **_table((_("Ålder"), _("Antal")), table),
    }


def _times(kinds: Sequence[TicketKind]) -> Section:
    section = {"key": "times", "title": _("Tid till beslut")}
    if not kinds:
        return {**section, "says": _("Inga ärenden har avgjorts den här månaden.")}
    decided = sum(kind.decided for kind in kinds)
    says = ngettext(
        "%(count)d ärende har avgjorts: godkänts eller avslagits.",
        "%(count)d ärenden har avgjorts: godkänts eller avslagits.",
        decided,
    ) % {"count": decided}
    names = [kind_in_words(kind.kind) for kind in kinds]
    in_words = "; ".join(
        _("%(kind)s: median %(median)s, längst %(longest)s")
        % {"kind": name, "median": duration(kind.median), "longest": duration(kind.longest)}
        for name, kind in zip(names, kinds, strict=True)
    )
    rows = [
        (name, [_within(kind, kind.within_4_hours), _within(kind, kind.within_24_hours)], "")
        for name, kind in zip(names, kinds, strict=True)
    ]
    table = [
        (_("Avgjorda"), *(str(kind.decided) for kind in kinds)),
        (_("Median"), *(duration(kind.median) for kind in kinds)),
        (_("Längst"), *(duration(kind.longest) for kind in kinds)),
        (_("Inom 4 timmar"), *(str(kind.within_4_hours) for kind in kinds)),
        (_("Inom 24 timmar"), *(str(kind.within_24_hours) for kind in kinds)),
    ]
    note = _("Tiden räknas dygnet runt, från att ärendet kom in. Ärenden som har tagits tillbaka är inte med.")
    return {
        **section,
        "says": says,
        "plot": plots.rows(rows, [_("Inom 4 timmar"), _("Inom 24 timmar")]),
        "description": f"{says} {in_words}.",
        **_table((_("Typ"), *names), table),
        "stacked": True,
        "notes": [note],
    }


def _within(kind: TicketKind, count: int) -> tuple[float, str]:
    return count / kind.decided, f"{percent(count, kind.decided)} ({count})"


def _daily(key: str, title: str, figures: Figures, names: dict[str, str], note: str = "") -> Section:
    """A plot and a table with a row for each day. ``names``: figures of a day; the first two are plotted."""
    totals = {words: figures.total(name) for name, words in names.items()}
    says = ", ".join(f"{words}: {total}" for words, total in totals.items())
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
        "key": key,
        "title": title,
        "says": f"{says}.",
        "plot": plots.columns([str(day.day) for day in dates], plotted),
        "description": ". ".join(sentences) + ".",
        **_table((_("Dag"), *series), rows),
        "total": (_("Totalt"), *map(str, totals.values())),
        "folded": True,
        "notes": [note] if note else [],
    }


def _companies(figures: Figures, counting: bool) -> Section:
    section = {"key": "companies", "title": _("Medarbetare med registrerat nummer, per företag")}
    on_its_way = _("Siffrorna räknas just nu. Ladda om sidan om en stund.")
    companies = figures.companies
    if not companies:
        return {**section, "says": on_its_way if counting else _("Det finns inga siffror för den här månaden.")}
    says = _companies_in_words(companies)
    plotted = [company for company in companies if company.accounts][:PLOTTED]
    rows = [
        (each.company.name, str(each.accounts), str(each.with_number), _share(each), str(each.expired))
        for each in companies
    ]
    notes = [on_its_way] if counting else []
    if figures.counted_on:
        notes.append(_("Räknat den %s.") % date_format(figures.counted_on, "j F Y"))
    if len(rows) > len(plotted):
        first = _("Bilden visar de %(count)d företag där minst andel har ett nummer. Tabellen har alla.")
        notes.append(first % {"count": len(plotted)})
    return {
        **section,
        "says": says,
        "plot": plots.rows(map(_company_row, plotted)) if plotted else None,
        "description": says,
        **_table((_("Företag"), _("Konton"), _("Med nummer"), _("Andel"), _("Utgångna lösenord")), rows),
        "folded": len(rows) > FOLDED,
        "stacked": True,
        "whole": True,
        "notes": notes,
    }


def _companies_in_words(companies: Sequence[CompanyCount]) -> str:
    accounts = sum(company.accounts for company in companies)
    numbered = sum(company.with_number for company in companies)
    expired = sum(company.expired for company in companies)
    share = percent(numbered, accounts)
    return _(
        "%(numbered)d av %(accounts)d konton har ett nummer (%(share)s). %(expired)d har ett lösenord som har gått ut."
    ) % {"numbered": numbered, "accounts": accounts, "share": share, "expired": expired}


def _share(count: CompanyCount) -> str:
    return percent(count.with_number, count.accounts)


def _company_row(count: CompanyCount) -> PlotRow:
    words = {"share": _share(count), "count": count.with_number, "all": count.accounts}
    with_number = _("%(share)s (%(count)d av %(all)d)") % words
    expired = ngettext("%(count)d utgånget", "%(count)d utgångna", count.expired) % {"count": count.expired}
    return count.company.name, [(count.share, with_number)], expired


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
