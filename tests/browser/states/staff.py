"""The pages on which staff of the portal itself sign in."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Authenticator, Passkey, StaffSession, User
from accounts.staff import second_factor
from deploy.local.cast import EVA, PER, STEFAN, Person
from tests.accounts.helpers import WRONG_CODE, WRONG_LOGIN
from tests.accounts.staff import NO_ROLE, WRONG_FACTOR, App, Officer, later
from tests.browser.states import office
from tests.browser.states.state import State, mistyped, opened, passed, pressed, typed
from tests.browser.visitor import Visitor
from tests.conftest import has_number

log_in = opened("/logga-in/")
CURRENT = {"username": EVA.username, "password": EVA.password}
# The same in every picture.
KEY = "000102030405060708090a0b0c0d0e0f10111213"
RECOVERY_CODES = [f"{number:04}{number * 7 % 10000:04}{number * 3 % 10000:04}" for number in range(1417, 9418, 800)][
    :10
]


def password_of_no_role(visitor: Visitor) -> None:
    log_in(visitor)
    visitor.submit(username=STEFAN.username, password=STEFAN.password)


def passed_first_step(visitor: Visitor, person: Person) -> None:
    """Name and password are accepted, and the second factor is asked for."""
    officer = Officer(person, visitor.walker().client)
    officer.type_password()
    visitor.goes_on(officer.client, "/logga-in/kod/")


def before_the_first_app(visitor: Visitor) -> None:
    passed_first_step(visitor, EVA)


def first_time(visitor: Visitor) -> None:
    passed_first_step(visitor, EVA)
    visitor.submit(enrolment_code=Officer(EVA).enrolment_code())
    expect(visitor.page.locator(".qr")).to_be_visible()
    row = Authenticator.objects.get()
    row.key = KEY
    row.save()
    visitor.page.reload()


def connected(visitor: Visitor) -> None:
    """The app is connected, and the recovery codes are shown."""
    first_time(visitor)
    make = second_factor.make_recovery_codes
    same = mock.Mock(side_effect=lambda *whose: make(*whose) and RECOVERY_CODES)
    with mock.patch("accounts.staff.second_factor.make_recovery_codes", same):
        visitor.submit(code=app().code())
        visitor.is_at("/logga-in/koder/")


def app() -> App:
    return App(Authenticator.objects.get().address)


def second_time(visitor: Visitor) -> None:
    connected(visitor)
    visitor.page.context.clear_cookies()
    later(minutes=2)
    passed_first_step(visitor, EVA)


def by_sms_withheld(visitor: Visitor) -> None:
    visitor.portal.settings.SMS_DAILY_LIMIT = 0
    by_sms(visitor)


def signed_in_twice(visitor: Visitor) -> None:
    """At another desk since the morning, and here."""
    office.as_per(visitor)
    user = User.objects.get(username=PER.username)
    began = timezone.now() - timedelta(hours=3)
    elsewhere = {"name": "Safari, iPhone", "address": "192.0.2.17", "began_at": began, "epoch": user.session_epoch}
    StaffSession.objects.create(user=user, **elsewhere)
    visitor.open("/logga-in/sessioner/")


def ended_elsewhere(visitor: Visitor) -> None:
    office.as_per(visitor)
    StaffSession.objects.all().delete()
    visitor.open("/helpdesk/")


def codes_again(visitor: Visitor) -> None:
    connected(visitor)
    visitor.open("/logga-in/koder/")


def by_sms(visitor: Visitor) -> None:
    """An agent without an app, where agents may sign in so."""
    visitor.portal.settings.HELPDESK_SMS_FACTOR = True
    has_number(PER)
    passed_first_step(visitor, PER)


def usable(visitor: Visitor) -> None:
    """Browsers make passkeys for a host name alone, and the tests' portal has none."""
    visitor.portal.settings.PORTAL_URL = "http://localhost:8000"


def with_passkeys(visitor: Visitor) -> None:
    """Has an app and two passkeys, and has typed the password."""
    usable(visitor)
    second_time(visitor)
    for name in ("Telefonen", "Säkerhetsnyckeln"):
        Passkey.objects.create(user=User.objects.get(username=EVA.username), name=name, credential=name, public_key="x")
    visitor.page.reload()


def by_passkey_alone(visitor: Visitor) -> None:
    with_passkeys(visitor)
    visitor.portal.settings.STAFF_PASSKEYS_ONLY = True
    visitor.page.reload()


def without_app(visitor: Visitor) -> None:
    with_passkeys(visitor)
    Authenticator.objects.all().delete()
    visitor.page.reload()


def first_passkey(visitor: Visitor) -> None:
    visitor.portal.settings.STAFF_PASSKEYS_ONLY = True
    usable(visitor)
    passed_first_step(visitor, EVA)
    visitor.submit(enrolment_code=Officer(EVA).enrolment_code())


def own_passkeys(visitor: Visitor) -> None:
    with_passkeys(visitor)
    visitor.submit(code=app().code())
    visitor.is_at("/admin/")
    visitor.open("/logga-in/passkeys/")


def no_passkeys(visitor: Visitor) -> None:
    connected(visitor)
    visitor.open("/logga-in/passkeys/")


def proof_for_passkeys(visitor: Visitor) -> None:
    own_passkeys(visitor)
    later(minutes=6)
    visitor.page.reload()


def wrong_proof(visitor: Visitor) -> None:
    proof_for_passkeys(visitor)
    visitor.page.locator("main input[name=factor-code]").fill("12")
    visitor.next_button.click()


def role_lost(visitor: Visitor) -> None:
    connected(visitor)
    visitor.portal.server.put(EVA, disabled=True)
    visitor.open("/admin/")


def session_about_to_end(visitor: Visitor) -> None:
    visitor.portal.settings.SESSION_COOKIE_AGE = 60  # the warning comes a minute before the end: at once
    connected(visitor)


STAFF = (
    State("logga-in", "staff-login", "För kommunens helpdesk och portalens administratörer.", log_in),
    State("logga-in-empty", "staff-login", "Skriv ditt nuvarande lösenord.", typed(log_in)),
    State("logga-in-wrong", "staff-login", WRONG_LOGIN, typed(log_in, username=EVA.username, password="Fel-1")),
    State("logga-in-no-role", "staff-login", NO_ROLE, password_of_no_role),
    State("logga-in-away", "staff-login", "Du har loggats ut eftersom", opened("/logga-in/?borta")),
    State("logga-in-again", "staff-login", "Det är en stund sedan", passed(first_time, minutes=11)),
    State("logga-in-ended", "staff-login", "Din inloggning gäller inte längre", role_lost),
    State("logga-in-ended-elsewhere", "staff-login", "Din inloggning avslutades", ended_elsewhere),
    State("logga-in-startkod", "staff-code", "Var får du startkoden?", before_the_first_app),
    State(
        "logga-in-startkod-wrong",
        "staff-code",
        "Startkoden stämmer inte eller gäller inte längre.",
        typed(before_the_first_app, enrolment_code="12345678"),
    ),
    State("logga-in-sessioner", "staff-sessions", "Avsluta alla utom den här", signed_in_twice),
    State(
        "logga-in-sessioner-alone",
        "staff-sessions",
        "Nu är du bara inloggad här.",
        pressed(signed_in_twice, "button[value=others]"),
    ),
    State("logga-in-kod-first", "staff-code", "Koppla en app till ditt konto", first_time),
    State("logga-in-kod-first-wrong", "staff-code", WRONG_FACTOR, typed(first_time, code="12")),
    State("logga-in-kod", "staff-code", "Har du inte telefonen?", second_time),
    State("logga-in-kod-wrong", "staff-code", WRONG_FACTOR, typed(second_time, code="12")),
    State("logga-in-kod-empty", "staff-code", "Skriv koden med sex siffror från din app.", typed(second_time)),
    State("logga-in-kod-sms", "staff-code", "Vi har skickat en kod till ditt registrerade nummer.", by_sms),
    State("logga-in-kod-sms-withheld", "staff-code", "Ingen kod har skickats", by_sms_withheld),
    State("logga-in-kod-sms-wrong", "staff-code", WRONG_CODE, mistyped(by_sms)),
    State("logga-in-kod-passkey", "staff-code", "Använd passkey", with_passkeys),
    State("logga-in-kod-passkey-no-app", "staff-code", "Har du inte din passkey?", without_app),
    State("logga-in-kod-passkey-alone", "staff-code", "Be en administratör att nollställa", by_passkey_alone),
    State("logga-in-kod-passkey-first", "staff-code", "Skapa din passkey", first_passkey),
    State("logga-in-passkeys", "staff-passkeys", "Lägg till en passkey", own_passkeys),
    State("logga-in-passkeys-none", "staff-passkeys", "Du har ingen än.", no_passkeys),
    State("logga-in-passkeys-proof", "staff-passkeys", "Gör det igen här.", proof_for_passkeys),
    State("logga-in-passkeys-proof-wrong", "staff-passkeys", "Koden stämmer inte.", wrong_proof),
    State("logga-in-koder", "staff-recovery-codes", "Spara dina återställningskoder", connected),
    State("logga-in-koder-timeout", "staff-recovery-codes", "Är du kvar?", session_about_to_end),
    State("logga-in-koder-again", "staff-recovery-codes", "Koderna har redan visats", codes_again),
)
