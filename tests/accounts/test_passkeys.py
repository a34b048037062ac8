"""Passkeys of staff: security.md A3; WebAuthn 7.1, 7.2. In a real browser: tests/browser/test_passkeys.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.core.mail import EmailMessage
from django.http import HttpResponse
from pytest_django import Settings

from accounts import limits
from accounts.models import Authenticator, Event, FailedTry, Passkey, RecoveryCodes, User
from accounts.staff import enrolment, passkeys, second_factor
from deploy.local.cast import EVA, PER
from tests.accounts.helpers import last
from tests.accounts.passkey_device import PasskeyDevice
from tests.accounts.staff import ASKS_FOR_CODE, WRONG_FACTOR, Officer, later, says
from tests.conftest import has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

SITE = "http://localhost:8000"
REFUSED = "Passkeyn godtogs inte."


@pytest.fixture(autouse=True)
def portal_url(settings: Settings) -> None:
    settings.PORTAL_URL = SITE


def asked(officer: Officer, **new: str) -> dict[str, Any]:
    """What the portal has the browser ask the device for."""
    answer = officer.post("/logga-in/passkey/", **new)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)["create" if new else "get"]
    return found


def answers(officer: Officer, answer: str, path: str = "/logga-in/kod/", **fields: str) -> HttpResponse:
    return officer.post(path, code="", passkey=answer, **fields)


def has_passkey(officer: Officer, **how: Any) -> PasskeyDevice:
    """The officer registered one some time ago, past the pages."""
    device = PasskeyDevice(SITE, **how)
    _account, user = officer._found()
    challenge = passkeys.new_challenge()
    answer = device.make(passkeys.to_register(user, challenge))
    first = not second_factor.is_enrolled(user)
    entered = enrolment.enter(user, officer.enrolment_code(), None) if first else None
    assert passkeys.register(user, challenge, answer, "Telefonen", None, entered=entered)
    return device


@pytest.fixture
def eva() -> Officer:
    """Typed her password; she has an app."""
    officer = Officer(EVA)
    officer.has_app()
    officer.type_password()
    return officer


# --- Signing in ----------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_a3_a_passkey_signs_in_beside_the_app(eva: Officer) -> None:
    device = has_passkey(eva)
    page = eva.get("/logga-in/kod/")
    assert says(page, "Använd passkey")
    assert says(page, "Skriv koden från din app")
    assert answers(eva, device.sign(asked(eva)))["Location"] == "/helpdesk/" or eva.is_in()
    assert eva.is_in()
    assert last(Event.SECOND_FACTOR_ACCEPTED).result == "passkey"
    kept = Passkey.objects.get()
    assert kept.sign_count == device.count
    assert kept.last_used_at is not None


def test_the_app_still_signs_in(eva: Officer) -> None:
    has_passkey(eva)
    assert eva.type_code().status_code == 302
    assert eva.is_in()


@pytest.mark.sqlite
def test_a3_an_answer_serves_once(eva: Officer) -> None:
    """A challenge is spent by the first answer, right or wrong."""
    device = has_passkey(eva)
    options = asked(eva)
    assert says(answers(eva, "{}"), REFUSED)
    assert says(answers(eva, device.sign(options)), REFUSED)
    answer = device.sign(asked(eva))
    assert answers(eva, answer).status_code == 302
    eva.leave()
    eva.type_password()
    assert says(answers(eva, answer), REFUSED)
    asked(eva)
    assert says(answers(eva, answer), REFUSED)


def test_a_challenge_is_the_sessions_own(eva: Officer) -> None:
    device, thief = has_passkey(eva), Officer(EVA)
    thief.type_password()
    answer = device.sign(asked(thief))
    asked(eva)
    assert says(answers(eva, answer), REFUSED)


def test_a_challenge_ends(eva: Officer) -> None:
    device = has_passkey(eva)
    options = asked(eva)
    later(seconds=limits.PASSKEY_LIFETIME + 1)
    assert says(answers(eva, device.sign(options)), REFUSED)


def test_a3_a_count_that_does_not_go_up_is_refused(eva: Officer) -> None:
    """The key may have been copied."""
    device = has_passkey(eva)
    device.count += 5
    assert answers(eva, device.sign(asked(eva))).status_code == 302
    eva.leave()
    eva.type_password()
    device.count -= 3
    assert says(answers(eva, device.sign(asked(eva))), REFUSED)
    assert Passkey.objects.get().sign_count > device.count


def test_a_device_that_does_not_count_is_taken(eva: Officer) -> None:
    """Passkeys that are kept in several devices stay at 0."""
    device = has_passkey(eva, step=0)
    assert answers(eva, device.sign(asked(eva))).status_code == 302


def test_a3_a_device_that_asked_for_no_pin_and_no_finger_is_refused(eva: Officer) -> None:
    device = has_passkey(eva)
    device.verifies = False
    assert asked(eva)["userVerification"] == "required"
    assert says(answers(eva, device.sign(asked(eva))), REFUSED)
    made = PasskeyDevice(SITE, verifies=False)
    user = User.objects.get(username=EVA.username)
    answer = made.make(passkeys.to_register(user, "abcd"))
    assert passkeys.register(user, "abcd", answer, "Utan", None) is None


@pytest.mark.parametrize("origin", ["https://localhost:8000", "http://localhost", "https://losenord.example"])
def test_another_sites_answer_is_refused(eva: Officer, origin: str) -> None:
    """What a person signs for a page that only looks like the portal is of no use here."""
    device = has_passkey(eva)
    device.origin = origin
    assert says(answers(eva, device.sign(asked(eva))), REFUSED)


def test_another_host_is_refused(eva: Officer) -> None:
    device = has_passkey(eva)
    assert says(answers(eva, device.sign({**asked(eva), "rpId": "losenord.example"})), REFUSED)


def test_somebody_elses_passkey_is_refused(eva: Officer) -> None:
    per = Officer(PER)
    per.has_app()
    device = has_passkey(per)
    assert says(answers(eva, device.sign(asked(eva))), REFUSED)


def test_another_key_with_the_same_id_is_refused(eva: Officer) -> None:
    device = has_passkey(eva)
    forged = PasskeyDevice(SITE, id=device.id, count=50)
    assert says(answers(eva, forged.sign(asked(eva))), REFUSED)


NO_ANSWERS = (
    *("x", "[]", "1", "null", '"x"', "{}", '{"id": 1}', '{"id": "\\u0000"}', "[" * 5000, '{"id": null}'),
    '{"id": "ID", "rawId": "ID", "type": "public-key", "response": {}}',
    '{"id": "ID", "rawId": "ID", "type": "public-key", "response": "x"}',
    '{"id": "ID", "rawId": "ID", "type": "password", "response": {"clientDataJSON": "e30"}}',
    '{"id": "ID", "rawId": "ID", "type": "public-key", "response": '
    '{"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA", "attestationObject": "AA"}}',
    '{"id": "ID", "rawId": "é", "type": "public-key", "response": '
    '{"clientDataJSON": "bnVsbA", "authenticatorData": "oA", "signature": "AA", "attestationObject": "oA"}}',
)


def test_what_is_no_answer_is_refused(eva: Officer) -> None:
    """And counts, as a wrong code does."""
    has_passkey(eva)
    user, kept = User.objects.get(username=EVA.username), Passkey.objects.get()
    for count, text in enumerate(NO_ANSWERS, 1):
        asked(eva)
        answer = text.replace("ID", kept.credential)
        assert says(answers(eva, answer), REFUSED), answer[:200]
        assert FailedTry.objects.filter(kind=FailedTry.Secret.FACTOR).count() == count, answer[:200]
        challenge = passkeys.new_challenge()
        assert passkeys.register(user, challenge, answer, "Ingen", None) is None, answer[:200]


def test_wrong_codes_stop_no_passkey(eva: Officer) -> None:
    """A thief of the password uses up the codes, and keeps nobody out."""
    device = has_passkey(eva)
    for _ in range(limits.FACTOR_FAILURES_A_DAY + 2):
        assert says(eva.type_code("000000"), WRONG_FACTOR)
        later(minutes=1)
        eva.type_password()
    later(minutes=10)
    eva.type_password()
    assert answers(eva, device.sign(asked(eva))).status_code == 302
    assert not FailedTry.objects.filter(kind=FailedTry.Secret.FACTOR).exists()


def test_nobody_gets_a_challenge_without_the_password() -> None:
    assert Officer(EVA).post("/logga-in/passkey/").status_code == 403
    assert Officer(EVA).get("/logga-in/passkey/").status_code == 405


# --- A passkey as the first factor ---------------------------------------------------------------


@pytest.mark.sqlite
def test_a3_a_passkey_in_place_of_the_app(mailoutbox: list[EmailMessage]) -> None:
    eva = Officer(EVA)
    eva.type_password()
    assert eva.post("/logga-in/passkey/", new="1").status_code == 403, "not before the enrolment code (A1)"
    eva.type_enrolment_code()
    assert says(eva.get("/logga-in/kod/"), "Vill du hellre ha en passkey?")
    device = PasskeyDevice(SITE)
    assert answers(eva, device.make(asked(eva, new="1")))["Location"] == "/logga-in/koder/"
    assert says(eva.get("/logga-in/koder/"), "Spara dina återställningskoder")
    assert not Authenticator.objects.exists()
    assert last(Event.SECOND_FACTOR_ADDED).result == "recovery codes"
    assert "En passkey har sparats för ditt konto" in [mail.subject for mail in mailoutbox]
    eva.leave()
    eva.type_password()
    page = eva.get("/logga-in/kod/")
    assert says(page, "Logga in med din passkey")
    assert "otpauth:" not in page.content.decode()
    assert answers(eva, device.sign(asked(eva))).status_code == 302
    assert eva.is_in()


def test_a1_a_password_alone_registers_no_passkey(settings: Settings) -> None:
    """Neither at the sign-in, nor by an agent who came in by SMS; and the code is good for one factor."""
    eva = Officer(EVA)
    eva.type_password()
    user = User.objects.get(username=EVA.username)
    challenge, device = passkeys.new_challenge(), PasskeyDevice(SITE)
    made = device.make(passkeys.to_register(user, challenge))
    assert says(answers(eva, made), ASKS_FOR_CODE)
    assert passkeys.register(user, challenge, made, "Tjuven", None) is None
    settings.HELPDESK_SMS_FACTOR = True
    has_number(PER)
    per = Officer(PER)
    per.come_in()
    Authenticator.objects.all().delete()
    assert says(per.get("/logga-in/passkeys/"), "Be en administratör om en startkod.")
    per.post("/logga-in/passkeys/", name="Telefonen", passkey=PasskeyDevice(SITE).make(asked(per, new="1")))
    assert not Passkey.objects.exists()
    entered = enrolment.enter(user, eva.enrolment_code(), None)
    assert passkeys.register(user, challenge, made, "Telefonen", None, entered=entered)
    Passkey.objects.all().delete()
    assert passkeys.register(user, challenge, made, "Telefonen", None, entered=entered) is None


def test_who_has_a_factor_connects_no_other_on_the_way_in(eva: Officer) -> None:
    """A thief of the password would."""
    assert eva.post("/logga-in/passkey/", new="1").status_code == 403
    options = passkeys.to_register(User.objects.get(username=EVA.username), asked(eva)["challenge"])
    assert says(answers(eva, PasskeyDevice(SITE).make(options)), REFUSED)
    assert not Passkey.objects.exists()


# --- Passkeys alone ------------------------------------------------------------------------------


def test_a3_passkeys_alone_where_they_are_wanted(eva: Officer, settings: Settings) -> None:
    """No code of any kind lets anybody in then."""
    device = has_passkey(eva)
    settings.STAFF_PASSKEYS_ONLY = True
    page = eva.get("/logga-in/kod/")
    assert not says(page, "Skriv koden från din app")
    assert says(page, "det kräver JavaScript")
    assert b'name="code"' not in page.content
    assert says(eva.type_code(), "Koden stämmer inte") or not eva.is_in()
    assert not eva.is_in()
    for code in eva.recovery_codes[:1]:
        eva.type_code(code)
    assert not eva.is_in()
    assert answers(eva, device.sign(asked(eva))).status_code == 302
    assert eva.is_in()
    assert eva.get("/logga-in/koder/")["Location"] == "/logga-in/passkeys/"


def test_passkeys_alone_let_no_sms_in(settings: Settings) -> None:
    from accounts.staff import sms_factor
    from tests.conftest import has_number

    has_number(PER)
    user = User.objects.get(username=PER.username)
    settings.HELPDESK_SMS_FACTOR = True
    assert sms_factor.number_of(user)
    settings.STAFF_PASSKEYS_ONLY = True
    assert not sms_factor.number_of(user)


def test_passkeys_alone_make_no_recovery_codes(settings: Settings) -> None:
    settings.STAFF_PASSKEYS_ONLY = True
    eva = Officer(EVA)
    eva.type_password()
    eva.type_enrolment_code()
    assert "otpauth:" not in eva.get("/logga-in/kod/").content.decode()
    device = PasskeyDevice(SITE)
    assert answers(eva, device.make(asked(eva, new="1")))["Location"] == "/admin/"
    assert not RecoveryCodes.objects.exists()


# --- One's own passkeys --------------------------------------------------------------------------


@pytest.mark.sqlite
def test_a3_more_passkeys_by_a_fresh_factor(eva: Officer) -> None:
    assert eva.type_code().status_code == 302
    first = PasskeyDevice(SITE)
    assert says(eva.get("/logga-in/passkeys/"), "Du har ingen än.")
    answer = first.make(asked(eva, new="1"))
    added = eva.post("/logga-in/passkeys/", name="Telefonen", passkey=answer)
    assert added["Location"] == "/logga-in/passkeys/"
    assert says(eva.get("/logga-in/passkeys/"), "Telefonen")
    later(minutes=6)
    page = eva.get("/logga-in/passkeys/")
    assert says(page, "Gör det igen här")
    assert b'name="name"' not in page.content
    assert eva.post("/logga-in/passkey/", new="1").status_code == 403
    eva.post(
        "/logga-in/passkeys/",
        name="Nyckeln",
        passkey=PasskeyDevice(SITE).make({"rp": {"id": "localhost"}, "challenge": "eA"}),
    )
    assert Passkey.objects.count() == 1
    assert answers(eva, first.sign(asked(eva)), "/logga-in/passkeys/")["Location"] == "/logga-in/passkeys/"
    second = PasskeyDevice(SITE)
    options = asked(eva, new="1")
    assert [each["id"] for each in options["excludeCredentials"]] == [Passkey.objects.get().credential]
    eva.post("/logga-in/passkeys/", name="Nyckeln", passkey=second.make(options))
    assert list(Passkey.objects.values_list("name", flat=True)) == ["Telefonen", "Nyckeln"]


@pytest.mark.sqlite
def test_one_device_is_kept_once(eva: Officer) -> None:
    device = has_passkey(eva)
    user, challenge = User.objects.get(username=EVA.username), passkeys.new_challenge()
    assert passkeys.register(user, challenge, device.make(passkeys.to_register(user, challenge)), "Igen", None) is None


def test_nobody_has_more_than_so_many(eva: Officer) -> None:
    for _ in range(limits.PASSKEYS):
        has_passkey(eva)
    user, challenge = User.objects.get(username=EVA.username), passkeys.new_challenge()
    answer = PasskeyDevice(SITE).make(passkeys.to_register(user, challenge))
    assert passkeys.register(user, challenge, answer, "En till", None) is None


@pytest.mark.sqlite
def test_the_last_factor_is_not_removed_here(eva: Officer, settings: Settings) -> None:
    has_passkey(eva)
    user, kept = User.objects.get(username=EVA.username), Passkey.objects.get()
    settings.STAFF_PASSKEYS_ONLY = True
    assert not passkeys.remove(user, kept.pk, None)
    settings.STAFF_PASSKEYS_ONLY = False
    per = Officer(PER)
    per.has_app()
    assert not passkeys.remove(User.objects.get(username=PER.username), kept.pk, None)
    assert passkeys.remove(user, kept.pk, None)
    assert not Passkey.objects.exists()
    assert last(Event.SECOND_FACTOR_REMOVED).result == "passkey"


@pytest.mark.sqlite
def test_a3_removing_the_factors_removes_passkeys(eva: Officer) -> None:
    device = has_passkey(eva)
    assert answers(eva, device.sign(asked(eva))).status_code == 302
    user = User.objects.get(username=EVA.username)
    assert second_factor.remove(user)
    assert not Passkey.objects.exists()
    assert not eva.is_in()


def test_without_a_name_there_are_no_passkeys(eva: Officer, settings: Settings) -> None:
    """Browsers make none for an address of numbers, and none without https."""
    has_passkey(eva)
    for url in ("http://127.0.0.1:8000", "https://[::1]", "http://losenord.example"):
        settings.PORTAL_URL = url
        assert not passkeys.can_be_used()
        assert not says(eva.get("/logga-in/kod/"), "Använd passkey")
        assert eva.post("/logga-in/passkey/").status_code == 403
    settings.PORTAL_URL = "https://losenord.example"
    assert passkeys.can_be_used()
    assert portal_settings.PORTAL_URL == settings.PORTAL_URL
