"""Codes by SMS for orderers: to sign in, and to be read to the helpdesk (security.md K1 to K5, H1)."""

from functools import partial

import pytest
from django.utils import translation
from pytest_django import Settings

from accounts import codes
from accounts.models import AuditEvent, Challenge, Event, FailedTry, Orderer, Purpose, SmsDay
from accounts.throttling import counts
from idportal.channels import sms as messages
from tests.accounts.helpers import last, time_passes, trail, wrong_for
from tests.accounts.test_races import at_once
from tests.conftest import Inbox
from tests.helpdesk.asked import an_agent
from tests.helpdesk.conftest import Register
from tests.servers.smsgateway import Mood, SmsGateway

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.VERIFY])


def ask(orderer: Orderer, purpose: Purpose = Purpose.VERIFY) -> Challenge:
    return codes.ask(purpose, language="sv", address="192.0.2.7", orderer=orderer, number=orderer.mobile)


@BOTH
def test_a_code_goes_to_the_number_on_file(register: Register, sms: Inbox, purpose: Purpose) -> None:
    """K1: good once, and for this purpose; the trail has the orderer as subject."""
    challenge = ask(register.carin, purpose)
    number, text = sms.messages()[-1]
    assert number == register.carin.mobile
    assert text.startswith("Läs upp" if purpose == Purpose.VERIFY else "Din")
    assert codes.check(challenge.pk, wrong_for(sms.code()), None) is None
    assert codes.check(challenge.pk, sms.code(), None) == challenge
    assert codes.check(challenge.pk, sms.code(), None) is None
    subjects = set(AuditEvent.objects.filter(result__startswith=purpose).values_list("subject", flat=True))
    assert subjects == {f"orderer {register.carin.pk}"}
    actor = f"orderer {register.carin.pk}" if purpose == Purpose.SIGN_IN else ""
    assert last(Event.CODE_ACCEPTED).actor == actor, "what is read to the helpdesk, an agent enters"


def test_an_agent_who_asks_and_enters_is_the_actor(register: Register, sms: Inbox) -> None:
    """L1: with where and for what; the orderer is whom it is about."""
    per, carin = an_agent(), f"orderer {register.carin.pk}"
    fields = {"orderer": register.carin, "number": register.carin.mobile}
    challenge = codes.ask(Purpose.VERIFY, address="192.0.2.7", actor=per, **fields)
    codes.check(challenge.pk, wrong_for(sms.code()), "192.0.2.8", per)
    codes.check(challenge.pk, sms.code(), "192.0.2.9", per)
    rows = AuditEvent.objects.filter(result="verify")
    assert list(rows.values_list("event", "actor", "subject", "result", "address")) == [
        (Event.CODE_REQUESTED, per.directory_id, carin, "verify", "192.0.2.7"),
        (Event.CODE_ATTEMPTED, "", carin, "verify", "192.0.2.7"),
        (Event.CODE_REFUSED, per.directory_id, carin, "verify", "192.0.2.8"),
        (Event.CODE_ACCEPTED, per.directory_id, carin, "verify", "192.0.2.9"),
    ]


def test_a_code_is_in_the_language_that_is_asked_for_or_the_pages(register: Register, sms: Inbox) -> None:
    """Where neither is known, in that of the settings."""
    with translation.override("en"):
        ask(register.carin, Purpose.SIGN_IN)
        codes.ask(Purpose.SIGN_IN, address=None, orderer=register.olle, number=register.olle.mobile)
    with translation.override(None):
        codes.ask(Purpose.VERIFY, address=None, orderer=register.olle, number=register.olle.mobile)
    first, second, third = [text for _, text in sms.messages()]
    assert ("säkerhetskod" in first, "säkerhetskod" in second, "säkerhetskod" in third) == (True, False, True)


@BOTH
@pytest.mark.parametrize("language", ["sv", "en"])
def test_one_segment_for_hosts_of_forty_signs(settings: Settings, purpose: Purpose, language: str) -> None:
    """K4: the last line names the portal's own host, whichever hosts the journeys have."""
    host = f"{'losenord' * 4}.orebro"[:36] + ".example"[-4:]
    assert len(host) == 40
    settings.PORTAL_URL, settings.REGISTER_HOST, settings.RESET_HOST = f"https://{host}", "pwreg.x.se", "pwreset.x.se"
    with translation.override(language):
        text = codes.text("012345", purpose, language)
    length = messages.septets(text)
    assert length is not None
    assert length <= messages.SEGMENT
    assert text.endswith(f"\n\n@{host} #012345")


@BOTH
def test_a_new_code_kills_the_older_of_its_kind(register: Register, sms: Inbox, purpose: Purpose) -> None:
    """K1: wherever it was asked for; and the other kind, or another orderer's, goes on."""
    other = Purpose.VERIFY if purpose == Purpose.SIGN_IN else Purpose.SIGN_IN
    first = ask(register.carin, purpose)
    code = sms.code()
    kept, kept_code = ask(register.carin, other), sms.code()
    olles, olles_code = ask(register.olle, purpose), sms.code()
    time_passes(seconds=61)
    second = ask(register.carin, purpose)
    assert codes.check(first.pk, code, None) is None
    assert codes.failures(counts.subject(register.carin, purpose), purpose) == 0, "a try at a dead code"
    assert codes.check(second.pk, sms.code(), None) == second
    assert codes.check(kept.pk, kept_code, None) == kept
    assert codes.check(olles.pk, olles_code, None) == olles


@BOTH
def test_sends_are_limited_for_number_and_purpose(register: Register, sms: Inbox, purpose: Purpose) -> None:
    """K5: 60 seconds between, three in ten minutes, five a day; over all requests and browsers."""
    other = Purpose.VERIFY if purpose == Purpose.SIGN_IN else Purpose.SIGN_IN
    ask(register.carin, purpose)
    assert codes.used_up(register.carin, purpose)
    assert not codes.used_up(register.carin, other)
    assert not codes.used_up(register.olle, purpose)
    ask(register.carin, purpose)
    assert len(sms) == 1
    for _ in range(3):
        time_passes(seconds=61)
        ask(register.carin, purpose)
    assert len(sms) == 3
    for _ in range(4):
        time_passes(minutes=11)
        ask(register.carin, purpose)
    assert len(sms) == 5
    assert last(Event.CODE_WITHHELD).result == "too many codes to this number"
    assert last(Event.CODE_WITHHELD).subject == f"orderer {register.carin.pk}"
    ask(register.carin, other)
    assert len(sms) == 6


def test_another_code_of_the_same_challenge(register: Register, sms: Inbox) -> None:
    challenge = ask(register.carin)
    assert not codes.ask_again(challenge, None)
    assert 0 < codes.resend_in(challenge) <= 60
    time_passes(seconds=61)
    challenge.refresh_from_db()
    assert codes.resend_in(challenge) == 0
    assert codes.ask_again(challenge, None)
    assert len(sms) == 2
    assert Challenge.objects.get().username == "", "nobody typed one"
    assert codes.check(challenge.pk, sms.code(), None) == challenge


def test_ten_wrong_codes_a_day_for_an_orderer(register: Register, sms: Inbox) -> None:
    """K1: over all codes. Neither another orderer is touched, nor her own way in."""
    for _ in range(2):
        challenge = ask(register.carin)
        for _ in range(5):
            codes.check(challenge.pk, wrong_for(sms.code()), None)
        assert codes.check(challenge.pk, sms.code(), None) is None, "five tries, then it is dead"
        time_passes(minutes=1)
    assert codes.failures(f"orderer {register.carin.pk} {Purpose.VERIFY!s}", Purpose.VERIFY) == 10
    assert codes.used_up(register.carin, Purpose.VERIFY)
    assert not codes.used_up(register.carin, Purpose.SIGN_IN)
    time_passes(minutes=11)
    before = len(sms)
    ask(register.carin)
    assert len(sms) == before
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    ask(register.olle)
    assert len(sms) == before + 1
    time_passes(days=1)
    ask(register.carin)
    assert len(sms) == before + 2


def test_the_tenth_failure_kills_the_code_under_way(register: Register, sms: Inbox) -> None:
    challenge = ask(register.carin)
    subject = counts.subject(register.carin, Purpose.VERIFY)
    FailedTry.objects.bulk_create(FailedTry(subject=subject, kind=FailedTry.Secret.CODE) for _ in range(10))
    assert codes.check(challenge.pk, sms.code(), None) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [({"active": False}, "orderer not active"), ({"mobile": "+46701740659"}, "another number on file")],
)
def test_no_code_once_the_register_says_otherwise(
    register: Register, sms: Inbox, change: dict[str, object], why: str
) -> None:
    """Between the request for a code and its sending; nothing is counted for it."""
    challenge = ask(register.carin)
    time_passes(seconds=61)
    for name, value in change.items():
        setattr(register.carin, name, value)
    register.carin.save()
    assert codes.ask_again(challenge, None)
    assert len(sms) == 1
    withheld = last(Event.CODE_WITHHELD)
    assert (withheld.result, withheld.subject) == (why, f"orderer {register.carin.pk}")
    assert SmsDay.today() == 1


def test_a_code_that_no_gateway_took_is_none_of_the_days(
    register: Register, sms_gateway: SmsGateway, settings: Settings
) -> None:
    sms_gateway.mood = Mood.FAIL
    for _ in range(5):
        ask(register.carin)
        time_passes(minutes=11)
    assert last(Event.CODE_NOT_SENT).subject == f"orderer {register.carin.pk}"
    sms_gateway.mood = Mood.ACCEPT
    ask(register.carin)
    assert last(Event.CODE_SENT).subject == f"orderer {register.carin.pk}"


@pytest.mark.postgresql
def test_parallel_guesses_do_not_exceed_the_tries(register: Register, sms: Inbox) -> None:
    """K3."""
    challenge = ask(register.carin)
    wrong = wrong_for(sms.code())
    found = at_once([partial(codes.check, challenge.pk, wrong, None) for _ in range(20)])
    assert found == [None] * 20
    assert codes.failures(counts.subject(register.carin, Purpose.VERIFY), Purpose.VERIFY) == 5
    assert codes.check(challenge.pk, sms.code(), None) is None


@pytest.mark.postgresql
def test_of_parallel_right_codes_one_is_accepted(register: Register, sms: Inbox) -> None:
    """K3."""
    challenge = ask(register.carin)
    found = at_once([partial(codes.check, challenge.pk, sms.code(), None) for _ in range(10)])
    assert found.count(None) == 9
    assert trail(Event.CODE_ACCEPTED) == [Event.CODE_ACCEPTED]


@pytest.mark.postgresql
def test_parallel_tickets_send_one_code(register: Register, sms: Inbox) -> None:
    """K5: the orderer's row is the lock, as a user's is for users."""
    at_once([partial(ask, register.carin, purpose) for purpose in (Purpose.SIGN_IN, Purpose.VERIFY) for _ in range(6)])
    assert len(sms) == 2
    assert Challenge.objects.exclude(token="").count() == 2
