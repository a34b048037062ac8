"""The pages on which a number is registered, checked or changed."""

from __future__ import annotations

from accounts import phones
from accounts.passwords.sign_in import SignInOutcome
from deploy.local.cast import ANNA, KARL, MARIA, STEFAN, Person
from tests.accounts.helpers import NEW_NUMBER_TYPED, OTHER_NUMBER, OTHER_NUMBER_TYPED, WRONG_CODE, WRONG_LOGIN
from tests.accounts.linking import REFERENCE, account_of, agent, keys_by_sms, link
from tests.browser.states.state import State, answered, confirmed, mistyped, opened, passed, pressed, typed
from tests.browser.visitor import Visitor
from tests.conftest import has_number

log_in = opened("/registrera/")
CURRENT = {"username": KARL.username, "password": KARL.password}


def expired(visitor: Visitor) -> None:
    visitor.log_in(ANNA)


def must_change(visitor: Visitor) -> None:
    visitor.portal.server.put(KARL, must_change=True)
    visitor.log_in(KARL)


def logged_in(visitor: Visitor, person: Person) -> None:
    walker = visitor.walker()
    walker.log_in(person)
    visitor.goes_on(walker.client, "/registrera/mobil/")


def number(visitor: Visitor) -> None:
    has_number(STEFAN)
    logged_in(visitor, STEFAN)


def no_number(visitor: Visitor) -> None:
    logged_in(visitor, KARL)


def number_just_linked(visitor: Visitor) -> None:
    link(KARL)
    no_number(visitor)


def number_taken_away(visitor: Visitor) -> None:
    has_number(KARL)
    phones.remove(account_of(KARL), agent=agent(), reference=REFERENCE, address=None)
    no_number(visitor)


def number_of_three_others(visitor: Visitor) -> None:
    for person in (STEFAN, ANNA, MARIA):
        has_number(person, OTHER_NUMBER)
    no_number(visitor)
    visitor.submit(phone=OTHER_NUMBER_TYPED)


def session_about_to_end(visitor: Visitor) -> None:
    visitor.portal.settings.SESSION_COOKIE_AGE = 60  # the warning comes a minute before the end: at once
    no_number(visitor)


def code(visitor: Visitor) -> None:
    walker = visitor.walker()
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    visitor.goes_on(walker.client, "/registrera/kod/")


def code_withheld(visitor: Visitor) -> None:
    visitor.portal.settings.SMS_DAILY_LIMIT = 0
    code(visitor)


def number_replaced(visitor: Visitor) -> None:
    has_number(STEFAN)
    walker = visitor.walker()
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    visitor.goes_on(walker.client, "/registrera/klart/")


def number_on_hold(visitor: Visitor) -> None:
    number_replaced(visitor)
    visitor.open("/registrera/mobil/")


def old_code(visitor: Visitor) -> None:
    number_replaced(visitor)
    visitor.page.get_by_text("Skicka en kod till mitt tidigare nummer").click()
    visitor.is_at("/registrera/gamla-mobilen/kod/")


def old_code_withheld(visitor: Visitor) -> None:
    number_replaced(visitor)
    visitor.portal.settings.SMS_DAILY_LIMIT = 0
    visitor.page.get_by_text("Skicka en kod till mitt tidigare nummer").click()


def blocked(visitor: Visitor) -> None:
    has_number(KARL, OTHER_NUMBER)
    link(KARL)
    phones.stop(keys_by_sms(visitor.portal.sms, OTHER_NUMBER)[0], None)
    no_number(visitor)


REGISTER = (
    State("registrera", "register", "Logga in med ditt nuvarande lösenord", log_in),
    State("registrera-empty", "register", "Skriv ditt nuvarande lösenord.", typed(log_in)),
    State("registrera-wrong", "register", WRONG_LOGIN, typed(log_in, username=KARL.username, password="Fel-1")),
    State("registrera-expired", "register", "Ditt lösenord har gått ut", expired),
    State("registrera-must-change", "register", "Du måste byta lösenord", must_change),
    State(
        # Active Directory alone tells; to the page it is an outcome like any other.
        "registrera-disabled",
        "register",
        "Ditt konto är avstängt",
        answered(log_in, "accounts.passwords.sign_in.check", (SignInOutcome.DISABLED, None), **CURRENT),
    ),
    State("registrera-away", "register", "Du har loggats ut eftersom", opened("/registrera/?borta")),
    State(
        "registrera-again",
        "register",
        "Det är en stund sedan du skrev ditt lösenord.",
        typed(passed(no_number, minutes=6), phone=NEW_NUMBER_TYPED),
    ),
    State("registrera-mobil", "register-phone", "Kontrollera att ditt mobilnummer stämmer, eller ändra det.", number),
    State("registrera-mobil-linked", "register-phone", "Kommunen har nyss kopplat numret.", number_just_linked),
    State("registrera-mobil-hold", "register-phone", "Numret är nytt och får säkerhetskoder från", number_on_hold),
    State("registrera-mobil-blocked", "register-phone", "Du kan inte registrera ett nummer nu", blocked),
    State("registrera-mobil-removed", "register-phone", "Du har inget registrerat nummer just nu.", number_taken_away),
    State("registrera-mobil-blank", "register-phone", "Du har inte registrerat något nummer än.", no_number),
    State("registrera-mobil-empty", "register-phone", "Skriv ditt mobilnummer, till exempel", typed(no_number)),
    State("registrera-mobil-landline", "register-phone", "inget mobilnummer", typed(no_number, phone="019-21 10 00")),
    State("registrera-mobil-foreign", "register-phone", "Vi kan bara", typed(no_number, phone="+47 406 12 345")),
    State("registrera-mobil-crowded", "register-phone", "Numret används redan", number_of_three_others),
    State("registrera-mobil-timeout", "register-phone", "Är du kvar?", session_about_to_end),
    State("registrera-kod", "register-code", "Skriv in säkerhetskoden", code),
    State("registrera-kod-withheld", "register-code", "Ingen kod har skickats", code_withheld),
    State("registrera-kod-wrong", "register-code", WRONG_CODE, mistyped(code)),
    State(
        "registrera-kod-again",
        "register-code",
        "En kod är på väg. Bara den senaste koden gäller.",
        pressed(passed(code, seconds=61), ".again button"),
    ),
    State("registrera-klart", "register-done", "Registreringen är klar!", confirmed(code)),
    State("registrera-klart-hold", "register-done", "Det får säkerhetskoder från", number_replaced),
    State("registrera-gamla-mobilen", "register-old-code", "Koden till din tidigare mobil", old_code),
    State("registrera-gamla-mobilen-wrong", "register-old-code", WRONG_CODE, mistyped(old_code)),
    State("registrera-gamla-mobilen-withheld", "register-old-code", "Ingen kod har skickats", old_code_withheld),
    State("registrera-klart-unchanged", "register-done", "Registreringen är klar!", typed(number)),
)
