"""The pages on which a new password is set."""

from __future__ import annotations

from accounts.passwords.reset import ResetOutcome, Result
from deploy.local.cast import STEFAN
from tests.accounts.helpers import NEW_PASSWORD, OTHER_PASSWORD, WRONG_CODE
from tests.browser.states.state import State, Steps, answered, mistyped, opened, passed, pressed, typed
from tests.browser.visitor import Visitor
from tests.conftest import Walker, has_number

name = opened("/aterstall/")
NEW = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}


def asked(visitor: Visitor) -> Walker:
    has_number(STEFAN)
    walker = visitor.walker()
    walker.ask(STEFAN.username)
    return walker


def code(visitor: Visitor) -> None:
    visitor.goes_on(asked(visitor).client, "/aterstall/kod/")


def password(visitor: Visitor) -> None:
    walker = asked(visitor)
    walker.enter_code()
    visitor.goes_on(walker.client, "/aterstall/losenord/")


def half_typed(first: str, second: str = "") -> Steps:
    def steps(visitor: Visitor) -> None:
        password(visitor)
        visitor.fill(new_password1=first, new_password2=second)

    return steps


def sent(first: str, second: str = "") -> Steps:
    return typed(password, new_password1=first, new_password2=second or first)


def refused(outcome: ResetOutcome) -> Steps:
    return answered(password, "accounts.passwords.reset.set_password", Result(outcome), **NEW)


RESET = (
    State("aterstall", "reset", "Vilket konto gäller det?", name),
    State("aterstall-empty", "reset", "Skriv ditt användarnamn, till exempel lovstlin32.", typed(name)),
    State("aterstall-late", "reset", "Det tog för lång tid.", passed(password, minutes=10, seconds=5)),
    State("aterstall-kod", "reset-code", "Skriv in säkerhetskoden", code),
    State("aterstall-kod-empty", "reset-code", "Skriv koden med sex siffror från ditt sms.", typed(code)),
    State("aterstall-kod-wrong", "reset-code", WRONG_CODE, mistyped(code)),
    State("aterstall-kod-later", "reset-code", "Nu kan du be om en ny kod.", passed(code, seconds=61)),
    State(
        "aterstall-kod-again",
        "reset-code",
        "Om kontot finns skickar vi en ny kod. Bara den senaste koden gäller.",
        pressed(passed(code, seconds=61), ".again button"),
    ),
    State(
        "aterstall-kod-early",
        "reset-code",
        "Du kan be om en ny kod 1 minut efter den förra.",
        pressed(code, ".again button"),
    ),
    State(
        "aterstall-kod-help",
        "reset-code",
        "Kontrollera användarnamnet. Av säkerhetsskäl visar vi inte om ett konto finns.",
        pressed(code, ".help summary"),
    ),
    State("aterstall-losenord", "reset-password", "2 av 3 krav är uppfyllda.", half_typed("Nytt-T")),
    State("aterstall-losenord-blank", "reset-password", "Välj nytt lösenord", password),
    State("aterstall-losenord-letters", "reset-password", "Inte uppfyllt", half_typed("Björk-12")),
    State("aterstall-losenord-same", "reset-password", "Lösenorden är lika.", half_typed(NEW_PASSWORD, NEW_PASSWORD)),
    State("aterstall-losenord-time", "reset-password", "Tid kvar:", passed(password, minutes=8, seconds=30)),
    State("aterstall-losenord-empty", "reset-password", "Skriv ett nytt lösenord.", typed(password)),
    State("aterstall-losenord-rules", "reset-password", "Det blev fel", sent("abc")),
    State("aterstall-losenord-history", "reset-password", "Det blev fel", sent(STEFAN.password)),
    State(
        "aterstall-losenord-different",
        "reset-password",
        "Lösenorden stämmer inte överens.",
        sent(NEW_PASSWORD, OTHER_PASSWORD),
    ),
    State("aterstall-losenord-weak", "reset-password", "Lösenordet godkändes inte", refused(ResetOutcome.TOO_WEAK)),
    State("aterstall-losenord-young", "reset-password", "Lösenordet byttes nyligen", refused(ResetOutcome.TOO_YOUNG)),
    State("aterstall-losenord-not-allowed", "reset-password", "kan inte bytas här", refused(ResetOutcome.NOT_ALLOWED)),
    State("aterstall-losenord-busy", "reset-password", "Ett byte pågår redan.", refused(ResetOutcome.BUSY)),
    State("aterstall-klart", "reset-done", "Klart! Du har bytt lösenord.", sent(NEW_PASSWORD)),
)
