"""The overview's page: each part of a month's figures in a sentence, as a plot and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.agent.statistics import plots
from helpdesk.agent.statistics.figures import CompanyFigures, Figures, TicketKind
from helpdesk.agent.statistics.plots import Plot, PlotRow, Series
from helpdesk.agent.statistics.words import ages, duration, kind_of, percent

PLOTTED = 20  # companies; the table has all
FOLDED = 40  # from so many companies on, the table is opened by a press

Cells = tuple[str, ...]


@dataclass(slots=True)
class StatisticsSection:
    """``says``: the figures in a sentence; ``rows`` and ``total``: the table, whose first cells are headings. Without
    a plot there is nothing to tell but ``says``. ``folded``: the table is long, and opened by a press; ``stacked``: it
    is wide, and each row of it a list on a phone; ``whole``: this part takes the whole width of a desk."""

    key: str
    title: str
    says: str
    plot: Plot | None = None
    columns: Cells = ()
    rows: Sequence[Cells] = ()
    total: Cells = ()
    folded: bool = False
    stacked: bool = False
    whole: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def table(self) -> list[list[tuple[str, str]]]:
        """The rows, each cell with the name of its column, which stands beside it on a phone."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def sections(figures: Figures, *, counting: bool = False) -> list[StatisticsSection]:
    """All parts, in the order of the page. ``counting``: the companies' staff is being counted at this moment."""
    open_ = [_open(figures)] if figures.open else []
    return [*open_, _times(figures), _tickets(figures), _people(figures), _sms(figures), _companies(figures, counting)]


# Requests.


def _open(figures: Figures) -> StatisticsSection:
    counts, total = figures.open, sum(figures.open)
    title = _("Öppna ärenden just nu")
    says = ngettext("%(count)d ärende väntar på beslut.", "%(count)d ärenden väntar på beslut.", total) % {
        "count": total
    }
    pairs = list(zip(ages(), counts, strict=True))
    told = ", ".join(f"{age}: {count}" for age, count in pairs)
    longest = max(*counts, 1)
    rows = [PlotRow(age, [(count / longest, str(count))]) for age, count in pairs]
    plot = plots.rows("open", title, f"{says} {told}.", [""], rows)
    return StatisticsSection(
        "open", title, says, plot, (_("Ålder"), _("Antal")), [(age, str(count)) for age, count in pairs]
    )


def _times(figures: Figures) -> StatisticsSection:
    title = _("Tid till beslut")
    if not figures.kinds:
        return StatisticsSection("times", title, _("Inga ärenden har avgjorts den här månaden."))
    decided = sum(each.decided for each in figures.kinds)
    says = ngettext(
        "%(count)d ärende har avgjorts: godkänts eller avslagits.",
        "%(count)d ärenden har avgjorts: godkänts eller avslagits.",
        decided,
    ) % {"count": decided}
    told = "; ".join(
        _("%(kind)s: median %(median)s, längst %(longest)s")
        % {"kind": kind_of(each.kind), "median": duration(each.median), "longest": duration(each.longest)}
        for each in figures.kinds
    )
    rows = [
        PlotRow(kind_of(each.kind), [_within(each, each.within_4_hours), _within(each, each.within_24_hours)])
        for each in figures.kinds
    ]
    plot = plots.rows("times", title, f"{says} {told}.", [_("Inom 4 timmar"), _("Inom 24 timmar")], rows)
    columns = (_("Typ"), *(kind_of(each.kind) for each in figures.kinds))
    table = [
        (_("Avgjorda"), *(str(each.decided) for each in figures.kinds)),
        (_("Median"), *(duration(each.median) for each in figures.kinds)),
        (_("Längst"), *(duration(each.longest) for each in figures.kinds)),
        (_("Inom 4 timmar"), *(str(each.within_4_hours) for each in figures.kinds)),
        (_("Inom 24 timmar"), *(str(each.within_24_hours) for each in figures.kinds)),
    ]
    notes = [_("Tiden räknas dygnet runt, från att ärendet kom in. Ärenden som har tagits tillbaka är inte med.")]
    return StatisticsSection("times", title, says, plot, columns, table, stacked=True, notes=notes)


def _within(kind: TicketKind, count: int) -> tuple[float, str]:
    return count / kind.decided, f"{percent(count, kind.decided)} ({count})"


def _tickets(figures: Figures) -> StatisticsSection:
    title = _("Inkomna och avgjorda ärenden per dag")
    names = {"received": _("Inkomna"), "decided": _("Avgjorda"), "withdrawn": _("Återtagna")}
    return _daily("tickets", title, figures, names, plotted=2)


# What people do for themselves.


def _people(figures: Figures) -> StatisticsSection:
    title = _("Nya lösenord och registrerade nummer per dag")
    names = {"resets": _("Nya lösenord"), "registrations": _("Registrerade nummer")}
    section = _daily("people", title, figures, names, plotted=2)
    section.notes = [_("Nummer räknas när de registreras, ändras eller kopplas av helpdesk.")]
    return section


def _sms(figures: Figures) -> StatisticsSection:
    title = _("SMS per dag")
    names = {"sms_sent": _("Skickade"), "sms_failed": _("Misslyckade")}
    section = _daily("sms", title, figures, names, plotted=2)
    section.notes = [
        _("Koder och meddelanden. Misslyckade är de som ingen operatör tog emot, eller som blev för gamla.")
    ]
    return section


def _daily(key: str, title: str, figures: Figures, names: dict[str, str], plotted: int) -> StatisticsSection:
    """A plot and a table with a row for each day. ``names``: of the figures of a day, the plotted ones first."""
    totals = {name: figures.total(name) for name in names}
    says = ", ".join(f"{words}: {totals[name]}" for name, words in names.items())
    series = [Series(words, [getattr(day, name) for day in figures.days]) for name, words in names.items()][:plotted]
    peaks = [
        _("%(name)s som mest %(count)d, den %(day)s")
        % {
            "name": one.name,
            "count": max(one.values),
            "day": date_format(figures.days[one.values.index(max(one.values))].day, "j F"),
        }
        for one in series
        if max(one.values, default=0)
    ]
    labels = [str(day.day.day) for day in figures.days]
    plot = plots.columns(key, title, ". ".join([says, *peaks]) + ".", labels, series)
    rows = [(date_format(day.day, "j D").lower(), *(str(getattr(day, name)) for name in names)) for day in figures.days]
    total = (_("Totalt"), *(str(totals[name]) for name in names))
    return StatisticsSection(key, title, f"{says}.", plot, (_("Dag"), *names.values()), rows, total, folded=True)


# Companies.


def _companies(figures: Figures, counting: bool) -> StatisticsSection:
    title = _("Personal med registrerat nummer, per företag")
    on_its_way = _("Siffrorna räknas just nu. Ladda om sidan om en stund.")
    if not figures.companies:
        return StatisticsSection(
            "companies", title, on_its_way if counting else _("Det finns inga siffror för den här månaden.")
        )
    accounts = sum(each.accounts for each in figures.companies)
    numbered = sum(each.with_number for each in figures.companies)
    expired = sum(each.expired for each in figures.companies)
    says = _(
        "%(numbered)d av %(accounts)d konton har ett nummer (%(share)s). %(expired)d har ett lösenord som har gått ut."
    )
    says %= {
        "numbered": numbered,
        "accounts": accounts,
        "share": percent(numbered, accounts),
        "expired": expired,
    }
    first = [each for each in figures.companies if each.accounts][:PLOTTED]
    plot = plots.rows("companies", title, says, [""], [_company_row(each) for each in first]) if first else None
    columns = (_("Företag"), _("Konton"), _("Med nummer"), _("Andel"), _("Utgångna lösenord"))
    rows = [
        (
            each.name,
            str(each.accounts),
            str(each.with_number),
            percent(each.with_number, each.accounts),
            str(each.expired),
        )
        for each in figures.companies
    ]
    notes = [on_its_way] if counting else []
    if figures.counted_on:
        notes.append(_("Räknat den %s.") % date_format(figures.counted_on, "j F Y"))
    if len(rows) > len(first):
        notes.append(
            _("Bilden visar de %(count)d företag där minst andel har ett nummer. Tabellen har alla.")
            % {"count": len(first)}
        )
    folded = len(rows) > FOLDED
    return StatisticsSection(
        "companies", title, says, plot, columns, rows, folded=folded, stacked=True, whole=True, notes=notes
    )


def _company_row(each: CompanyFigures) -> PlotRow:
    with_number = _("%(share)s (%(count)d av %(all)d)") % {
        "share": percent(each.with_number, each.accounts),
        "count": each.with_number,
        "all": each.accounts,
    }
    expired = ngettext("%(count)d utgånget", "%(count)d utgångna", each.expired) % {"count": each.expired}
    return PlotRow(each.name, [(each.share, with_number)], aside=expired)
