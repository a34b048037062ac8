"""Shares of the day's ceiling of SMS, and what a person is told whose code was withheld: security.md D2, E1."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import limits
from accounts.models import Event, SmsDay
from deploy.local.cast import KARL, MARIA, PER, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, OTHER_NUMBER_TYPED, last, normalised, text_of, time_passes, trail
from tests.accounts.staff import Officer
from tests.conftest import Inbox, Walker, has_number
from tests.servers.smsgateway import Mood, SmsGateway

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

NONE_SENT = "Ingen kod har skickats"
DAY_IS_FULL = "Portalen kan inte skicka fler sms i dag."


def sent_today(count: int, settings: Settings) -> None:
    """Of twenty a day; so resets end at 14, registering at 17, signing in at 19."""
    settings.SMS_DAILY_LIMIT = 20
    SmsDay.objects.update_or_create(day=timezone.localdate(), defaults={"sent": count})


def test_d2_resets_leave_a_share_to_registering_and_staff(sms: Inbox, settings: Settings) -> None:
    """The last code to reset is the fourteenth; the others go on, each to its own end."""
    settings.HELPDESK_SMS_FACTOR = True
    for person in (STEFAN, MARIA, PER):
        has_number(person)
    sent_today(13, settings)
    Walker(Client(), sms).ask(STEFAN.username)
    assert (len(sms), SmsDay.today()) == (1, 14)
    for _ in range(3):
        Walker(Client(), sms).ask(MARIA.username)
    assert (len(sms), SmsDay.today()) == (1, 14), "a refused one takes nothing of the others' share"
    assert last(Event.CODE_WITHHELD).result == limits.TOO_MANY_SMS
    assert Walker(Client(), sms).register(KARL, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    sent_today(17, settings)
    time_passes(minutes=11)
    walker = Walker(Client(), sms)
    walker.log_in(KARL)
    walker.give_number(OTHER_NUMBER_TYPED)
    assert (len(sms), SmsDay.today()) == (2, 17)
    per = Officer(PER)
    assert per.type_password()["Location"] == "/logga-in/kod/"
    assert (len(sms), SmsDay.today()) == (3, 18)
    assert per.type_code(sms.code())["Location"] == "/helpdesk/"


def test_d2_registering_is_told_that_no_code_goes_out_and_what_to_do(walker: Walker, settings: Settings) -> None:
    """At once, on the page of the code; and no more, once a code is on its way."""
    sent_today(17, settings)
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    page = text_of(walker.get("/registrera/kod/"))
    assert NONE_SENT in page
    assert DAY_IS_FULL in page
    assert "Försök igen i morgon. Behöver du hjälp? Kontakta er behöriga beställare (ofta din chef)." in page
    assert "Vi skickar ett sms" not in page
    assert len(walker.sms) == 0
    sent_today(0, settings)
    time_passes(seconds=61)
    walker.client.post("/registrera/kod/igen/")
    page = text_of(walker.get("/registrera/kod/"))
    assert NONE_SENT not in page
    assert "En kod är på väg." in page
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"


def test_d2_staff_are_told_after_the_right_password(sms: Inbox, settings: Settings) -> None:
    settings.HELPDESK_SMS_FACTOR = True
    has_number(PER)
    sent_today(19, settings)
    per = Officer(PER)
    per.type_password()
    page = text_of(per.get("/logga-in/kod/"))
    assert NONE_SENT in page
    assert DAY_IS_FULL in page
    assert "Vi har skickat en kod" not in page
    assert len(sms) == 0


@pytest.mark.parametrize("name", [STEFAN.username, "lovfinnsej1"], ids=["known", "unknown"])
def test_d2_a_reset_is_never_told(walker: Walker, settings: Settings, name: str) -> None:
    """E1: the page is the one of a day on which nothing was sent."""
    has_number(STEFAN)
    pages = []
    for each in (Walker(Client(), walker.sms), walker):
        each.ask(name)
        pages.append(normalised(each.get("/aterstall/kod/")))
        sent_today(14, settings)
        time_passes(seconds=61)
    assert pages[0] == pages[1]
    assert NONE_SENT not in pages[1][3]


def full_number(walker: Walker) -> None:
    for _ in range(3):
        walker.give_number(NEW_NUMBER_TYPED)
        time_passes(seconds=61)


def full_account(walker: Walker) -> None:
    for number in (30, 31, 32):
        walker.give_number(f"070-174 06 {number}")


@pytest.mark.parametrize(
    ("fill", "words"),
    [(full_number, "Det har redan gått koder till numret."), (full_account, "Kontot har redan fått flera koder.")],
)
def test_each_limit_has_its_words(walker: Walker, fill: object, words: str) -> None:
    """D2: with when to try again."""
    walker.log_in(KARL)
    fill(walker)  # type: ignore[operator]
    before = len(walker.sms)
    another = Walker(walker.client, walker.sms)
    another.client.get("/registrera/mobil/")
    another.give_number(NEW_NUMBER_TYPED)
    page = text_of(another.get("/registrera/kod/"))
    assert (NONE_SENT in page, words in page, "Vänta en stund" in page) == (True, True, True)
    assert len(walker.sms) == before


def test_a_gateway_that_is_down_is_told_too(walker: Walker, sms_gateway: SmsGateway, settings: Settings) -> None:
    """D2: nobody waits for a code that could not be sent."""
    settings.SMS_GATEWAYS = [sms_gateway.json_url]
    sms_gateway.mood = Mood.FAIL
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    assert trail(Event.CODE_NOT_SENT) == [Event.CODE_NOT_SENT]
    assert "Sms-leverantören svarar inte." in text_of(walker.get("/registrera/kod/"))


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 10, 2000])
def test_the_shares_rise_and_none_is_past_the_ceiling(settings: Settings, limit: int) -> None:
    """Who has proved more may go further; whoever anyone can be, least far; and each has something of a small day."""
    settings.SMS_DAILY_LIMIT = limit
    ends = [limits.sms_today(purpose) for purpose in ("reset", "register", "sign-in", "verify")]
    assert ends == sorted(ends)
    assert ends[-1] == limit
    assert (min(ends) > 0) == (limit > 0)


def test_the_log_names_the_share(walker: Walker, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    has_number(STEFAN)
    sent_today(14, settings)
    walker.ask(STEFAN.username)
    assert "no more codes to reset are sent today: their share of SMS_DAILY_LIMIT is used" in caplog.messages
