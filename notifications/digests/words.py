"""What the mails say. Source: manual-sv.md, "Påminnelse om när lösenordets giltighetstid…" and "Support".

Each sentence stands here once and goes into both parts of a mail. In them ``{register}``, ``{reset}`` and
``{helpdesk}`` stand for addresses, which are links in one part and plain in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from notifications.digests.rows import Row


@dataclass(frozen=True, slots=True)
class Advice:
    """What is to be done in one case, and what a mail about it must hold, if it needs one."""

    case: str
    sentence: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the helpdesk is told of somebody, and what it can do so that the company is told next time."""

    reason: str
    remedy: str


def subject() -> str:
    return _("Utgående lösenord")


def subject_to_helpdesk() -> str:
    return _("Utgående lösenord: konton utan mottagare")


def columns() -> tuple[str, ...]:
    """The manual's five, and whether there is a number, which decides what the person must do."""
    return _("Förnamn"), _("Efternamn"), _("Konto"), _("Förfalldatum"), _("Dagar kvar"), _("Mobilnummer")


def ran_out() -> str:
    """What stands under "Dagar kvar" if there are none."""
    return _("utgånget")


def number(*, registered: bool) -> str:
    """What stands under "Mobilnummer"."""
    return _("registrerat") if registered else _("inte registrerat")


def opening() -> tuple[str, ...]:
    """The manual's own sentences."""
    return (
        _("Hej!"),
        _("Lösenordet till nedanstående medarbetare håller på att gå ut."),
        _("Var vänlig se till att byta lösenordet innan det går ut."),
        _("För att kunna byta lösenord måste medarbetaren registrera sitt mobiltelefonnummer på {register}"),
        _(
            "När medarbetaren har registrerat sitt mobiltelefonnummer (behövs bara första gången), "
            "så går det att byta lösenordet på {reset}"
        ),
    )


def opening_to_helpdesk() -> tuple[str, ...]:
    return (
        _("Hej!"),
        _("Lösenordet till nedanstående medarbetare håller på att gå ut, och ingen annan än ni får veta det."),
        _("Under varje rubrik står varför, och vad ni kan göra."),
    )


def request_subject() -> str:
    """The manual's subject of a mail that asks for a new number."""
    return _("Koppla nytt mobil nr")


def advice_heading() -> str:
    return _("Det här behöver göras")


def advice(rows: Sequence[Row]) -> list[Advice]:
    """What to do in each case that occurs among the rows."""
    found = []
    if any(not row.registered and row.days_left >= 0 for row in rows):
        found.append(
            Advice(
                _("Mobilnummer inte registrerat"),
                _(
                    "Medarbetaren registrerar först sitt mobilnummer på {register} med sitt nuvarande lösenord. "
                    "Det måste göras innan lösenordet går ut. Sedan går det att byta lösenordet på {reset}"
                ),
            )
        )
    if any(row.registered for row in rows):
        found.append(
            Advice(
                _("Mobilnummer registrerat"),
                _(
                    "Medarbetaren byter lösenordet på {reset} med en säkerhetskod som kommer i ett SMS. "
                    "Det går också när lösenordet har gått ut."
                ),
            )
        )
    if any(row.days_left < 0 for row in rows):
        found.append(
            Advice(
                _("Lösenordet utgånget"),
                _(
                    "Om mobilnumret inte är registrerat, eller om medarbetaren inte längre har den telefonen, "
                    "behövs hjälp: behörig beställare mejlar {helpdesk} med dessa uppgifter."
                ),
                (
                    _("Ämne: {subject}").format(subject=request_subject()),
                    _("Behörig beställare"),
                    _("Namn och användarnamn på Personalen"),
                    _("Nytt mobil nr som ska kopplas"),
                ),
            )
        )
    return found


def closing(municipality: str) -> tuple[str, str, str]:
    """The manual's last lines: that nobody wrote this, a greeting, and whose."""
    return _("Detta mail skickades automatiskt från systemet."), _("Med vänliga hälsningar"), municipality


def no_recipient() -> Reason:
    return Reason(
        _("Företaget har ingen mottagare."),
        _("Lägg in en mottagare på företaget i portalen, och meddela själva företaget den här gången."),
    )


def not_active() -> Reason:
    return Reason(
        _("Företaget är inte aktivt i portalen."),
        _("Stäng kontona i katalogen om de inte ska användas mer. Gör annars företaget aktivt igen."),
    )


def no_company() -> Reason:
    return Reason(
        _("Inget företag i portalen har det här värdet."),
        _("Lägg till värdet på rätt företag i portalen, eller rätta kontona i katalogen."),
    )


def no_value() -> Reason:
    return Reason(
        _("Kontona saknar företag i katalogen."),
        _("Ange rätt företag på kontona i katalogen, eller lägg till deras enhet på rätt företag i portalen."),
    )


def heading_without_value() -> str:
    return _("Konton utan företag")
