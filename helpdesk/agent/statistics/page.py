"""The overview's page: the figures of a month, each part in a sentence, as a plot and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.agent.statistics import plots
from helpdesk.agent.statistics.figures import CompanyFigures, Figures, TicketKind
from helpdesk.agent.statistics.plots import Plot, PlotRow, Series
from helpdesk.agent.statistics.words import ages, duration, kind_in_words, percent

PLOTTED = 20  # companies; the table has all
FOLDED = 40  # a table of more companies is folded

Cells = tuple[str, ...]


@dataclass(slots=True)
class StatisticsSection:
    """One part of the page. ``says``: the figures in a sentence; without a plot, that is all.

    ``rows`` and ``total``: the table, whose first cells are headings. ``folded``: a button opens the table;
    ``stacked``: on a phone, each row is a list; ``whole``: the section is as wide as a desktop's page.
    """

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
        """The rows, each cell with the name of its column, which a phone shows beside it."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def sections(figures: Figures, *, counting: bool = False) -> list[StatisticsSection]:
    """All parts in the order of the page. ``counting``: a task counts the companies' employees at this moment."""
    tickets = {"received": _("Inkomna"), "decided": _("Avgjorda"), "withdrawn": _("Återtagna")}
    people = {"resets": _("Nya lösenord"), "registrations": _("Registrerade nummer")}
    sms = {"sms_sent": _("Skickade"), "sms_failed": _("Misslyckade")}
    about_people = _("Nummer räknas när de registreras, ändras eller kopplas av helpdesk.")
    about_sms = _("Koder och meddelanden. Misslyckade är de som ingen operatör tog emot, eller som blev för gamla.")
    return [
        *([_open(figures)] if figures.open else []),
        _times(figures),
        _daily("tickets", _("Inkomna och avgjorda ärenden per dag"), figures, tickets),
        _daily("people", _("Nya lösenord och registrerade nummer per dag"), figures, people, about_people),
        _daily("sms", _("SMS per dag"), figures, sms, about_sms),
        _companies(figures, counting),
    ]


def _open(figures: Figures) -> StatisticsSection:
    total = sum(figures.open)
    title = _("Öppna ärenden just nu")
    says = ngettext("%(count)d ärende väntar på beslut.", "%(count)d ärenden väntar på beslut.", total)
    says %= {"count": total}
    table = [(age, str(count)) for age, count in zip(ages(), figures.open, strict=True)]
    longest = max(*figures.open, 1)
    rows = [PlotRow(age, [(int(count) / longest, count)]) for age, count in table]
    in_words = ", ".join(f"{age}: {count}" for age, count in table)
    plot = plots.rows("open", title, f"{says} {in_words}.", rows)
    return StatisticsSection("open", title, says, plot, (_("Ålder"), _("Antal")), table)


def _times(figures: Figures) -> StatisticsSection:
    title, kinds = _("Tid till beslut"), figures.kinds
    if not kinds:
        return StatisticsSection("times", title, _("Inga ärenden har avgjorts den här månaden."))
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
    within = [[_within(kind, kind.within_4_hours), _within(kind, kind.within_24_hours)] for kind in kinds]
    rows = [PlotRow(name, parts) for name, parts in zip(names, within, strict=True)]
    plot = plots.rows("times", title, f"{says} {in_words}.", rows, [_("Inom 4 timmar"), _("Inom 24 timmar")])
    table = [
        (_("Avgjorda"), *(str(kind.decided) for kind in kinds)),
        (_("Median"), *(duration(kind.median) for kind in kinds)),
        (_("Längst"), *(duration(kind.longest) for kind in kinds)),
        (_("Inom 4 timmar"), *(str(kind.within_4_hours) for kind in kinds)),
        (_("Inom 24 timmar"), *(str(kind.within_24_hours) for kind in kinds)),
    ]
    notes = [_("Tiden räknas dygnet runt, från att ärendet kom in. Ärenden som har tagits tillbaka är inte med.")]
    return StatisticsSection("times", title, says, plot, (_("Typ"), *names), table, stacked=True, notes=notes)


def _within(kind: TicketKind, count: int) -> tuple[float, str]:
    return count / kind.decided, f"{percent(count, kind.decided)} ({count})"


def _daily(key: str, title: str, figures: Figures, names: dict[str, str], note: str = "") -> StatisticsSection:
    """A plot and a table with a row for each day. ``names``: figures of a day; the first two are plotted."""
    totals = {name: figures.total(name) for name in names}
    says = ", ".join(f"{words}: {totals[name]}" for name, words in names.items())
    series = [Series(words, [getattr(day, name) for day in figures.days]) for name, words in names.items()][:2]
    peaks = [_peak(one, figures) for one in series if max(one.values, default=0)]
    labels = [str(day.day.day) for day in figures.days]
    plot = plots.columns(key, title, ". ".join([says, *peaks]) + ".", labels, series)
    rows = [(date_format(day.day, "j D").lower(), *(str(getattr(day, name)) for name in names)) for day in figures.days]
    total = (_("Totalt"), *(str(totals[name]) for name in names))
    columns = (_("Dag"), *names.values())
    notes = [note] if note else []
    return StatisticsSection(key, title, f"{says}.", plot, columns, rows, total, folded=True, notes=notes)


def _peak(series: Series, figures: Figures) -> str:
    most = max(series.values)
    day = date_format(figures.days[series.values.index(most)].day, "j F")
    return _("%(name)s som mest %(count)d, den %(day)s") % {"name": series.name, "count": most, "day": day}


def _companies(figures: Figures, counting: bool) -> StatisticsSection:
    title, companies = _("Personal med registrerat nummer, per företag"), figures.companies
    on_its_way = _("Siffrorna räknas just nu. Ladda om sidan om en stund.")
    if not companies:
        says = on_its_way if counting else _("Det finns inga siffror för den här månaden.")
        return StatisticsSection("companies", title, says)
    says = _companies_in_words(companies)
    plotted = [company for company in companies if company.accounts][:PLOTTED]
    plot = plots.rows("companies", title, says, [_company_row(company) for company in plotted]) if plotted else None
    columns = (_("Företag"), _("Konton"), _("Med nummer"), _("Andel"), _("Utgångna lösenord"))
    rows = [
        (name, str(accounts), str(with_number), percent(with_number, accounts), str(expired))
        for name, accounts, with_number, expired in companies
    ]
    notes = [on_its_way] if counting else []
    if figures.counted_on:
        notes.append(_("Räknat den %s.") % date_format(figures.counted_on, "j F Y"))
    if len(rows) > len(plotted):
        first = _("Bilden visar de %(count)d företag där minst andel har ett nummer. Tabellen har alla.")
        notes.append(first % {"count": len(plotted)})
    folded = len(rows) > FOLDED
    return StatisticsSection(
        "companies", title, says, plot, columns, rows, folded=folded, stacked=True, whole=True, notes=notes
    )


def _companies_in_words(companies: Sequence[CompanyFigures]) -> str:
    accounts = sum(company.accounts for company in companies)
    numbered = sum(company.with_number for company in companies)
    words = _(
        "%(numbered)d av %(accounts)d konton har ett nummer (%(share)s). %(expired)d har ett lösenord som har gått ut."
    )
    return words % {
        "numbered": numbered,
        "accounts": accounts,
        "share": percent(numbered, accounts),
        "expired": sum(company.expired for company in companies),
    }


def _company_row(company: CompanyFigures) -> PlotRow:
    with_number = _("%(share)s (%(count)d av %(all)d)") % {
        "share": percent(company.with_number, company.accounts),
        "count": company.with_number,
        "all": company.accounts,
    }
    expired = ngettext("%(count)d utgånget", "%(count)d utgångna", company.expired) % {"count": company.expired}
    return PlotRow(company.name, [(company.share, with_number)], aside=expired)
