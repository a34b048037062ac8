"""`manage.py purge` and `manage.py rotate_keys`: security.md Q1 and X1."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import username_of
from accounts.models import (
    AuditEvent,
    Authenticator,
    Challenge,
    Company,
    Event,
    FailedTry,
    Orderer,
    Phone,
    PhoneRemoval,
    RecoveryCodes,
    SendQuota,
    SmsDay,
    TriesForgotten,
    User,
)
from deploy.local.cast import CARIN, EVA, KARL, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, last, time_passes, trail, wrong_for
from tests.accounts.staff import Officer
from tests.conftest import Walker, has_number
from tests.emptying import past_the_guard
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def purge() -> dict[str, int]:
    out = StringIO()
    call_command("purge", stdout=out)
    lines = (line.removesuffix(" deleted").split(": ") for line in out.getvalue().splitlines())
    return {name: int(count) for name, count in lines}


def a_day_of_use(walker: Walker) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code(wrong_for(walker.sms.code()))
    walker.log_in(KARL, "fel")
    walker.log_in(KARL)


def test_q1_codes_go_after_a_day(walker: Walker) -> None:
    """Q1: codes 24 h, with their failures, quotas and sessions; numbers and trail stay. Twice is as good as once."""
    a_day_of_use(walker)
    assert not any(purge().values())
    time_passes(hours=23, minutes=59)
    counts = purge()
    assert (counts["challenges"], counts["failed tries"], counts["number quotas"]) == (0, 0, 0)
    assert Challenge.objects.count() == 1
    before = trail()
    time_passes(minutes=2)
    counts = purge()
    assert (counts["challenges"], counts["number quotas"]) == (1, 1)
    assert (Challenge.objects.count(), FailedTry.objects.count(), SendQuota.objects.count()) == (0, 0, 0)
    assert Session.objects.count() == 0
    assert Phone.objects.get().number == STEFAN.phone
    assert trail() == before
    assert not any(purge().values())


def test_q1_the_trail_goes_after_eighteen_months(walker: Walker) -> None:
    """Q1: by retention alone, which is the one way past append-only."""
    a_day_of_use(walker)
    past_the_guard("DELETE FROM accounts_auditevent WHERE actor = '' AND subject = ''")  # they go after a month
    count = AuditEvent.objects.count()
    older(AuditEvent.objects.all(), timedelta(days=547))
    assert purge()["audit events"] == 0
    older(AuditEvent.objects.filter(event=Event.LOGIN_DONE), timedelta(days=2))
    assert purge()["audit events"] == 1
    assert AuditEvent.objects.count() == count - 1


def test_what_names_no_account_goes_after_a_month(walker: Walker) -> None:
    """D1: what strangers leave with names that nobody has; all that is about an account or by somebody stays."""
    walker.ask("lovfinnsej1")
    walker.enter_code("123456")
    walker.log_in(dataclasses.replace(KARL, username="lovfinnsej1"))
    walker.client.post("/bestallare/logga-in/", {"email": "ingen@hemtjanst-ett.example"})
    nobodys = trail()
    assert nobodys == [
        *(Event.CODE_REQUESTED, Event.CODE_WITHHELD, Event.CODE_REFUSED, Event.LOGIN_ATTEMPTED, Event.LOGIN_REFUSED),
        *(Event.LINK_REQUESTED, Event.LINK_WITHHELD),
    ]
    older(AuditEvent.objects.all(), timedelta(days=2))
    a_day_of_use(walker)
    older(AuditEvent.objects.all(), timedelta(days=29))
    assert purge()["audit events"] == len(nobodys)
    assert Event.LOGIN_REFUSED in trail(), "of an account"
    older(AuditEvent.objects.all(), timedelta(days=2))
    assert purge()["audit events"] == 1, "the code that Stefan asked for: nobody knew whose it was"
    assert Event.CODE_SENT in trail()


def older(rows: QuerySet[AuditEvent], by: timedelta) -> None:
    """Past the model and the database, which change no row."""
    ids = ", ".join(str(pk) for pk in rows.values_list("pk", flat=True))
    earlier = (
        f"at - interval '{by.days} days'" if connection.vendor == "postgresql" else f"datetime(at, '-{by.days} days')"
    )
    past_the_guard(f"UPDATE accounts_auditevent SET at = {earlier} WHERE id IN ({ids})")


def test_days_of_sms_go_after_a_month() -> None:
    SmsDay.objects.create(day=timezone.localdate() - timedelta(days=31), sent=5)
    SmsDay.objects.create(day=timezone.localdate() - timedelta(days=29), sent=5)
    assert purge()["days of SMS"] == 1


def test_that_a_number_was_taken_away_goes_with_the_trail() -> None:
    """Q1: it tells the same of a person as the trail does, and so is kept for as long."""
    user = has_number(STEFAN).user
    for days in (547, 549):
        PhoneRemoval.objects.create(user=user, at=timezone.now() - timedelta(days))
    assert purge()["removals of numbers"] == 1
    assert PhoneRemoval.objects.count() == 1


def test_that_tries_were_forgotten_goes_after_a_day() -> None:
    """Q1, K5: it counts for as long as it is kept."""
    for hours in (23, 25):
        TriesForgotten.objects.create(subject="x", at=timezone.now() - timedelta(hours=hours))
    assert purge()["tries forgotten"] == 1
    assert TriesForgotten.objects.count() == 1


def test_q1_a_number_goes_thirty_days_after_its_account(server: TestSlapd, walker: Walker) -> None:
    """Q1: and its removal is in the trail. One that came back in between is as if never gone."""
    has_number(STEFAN)
    has_number(KARL, "+46701740690")
    assert purge()["people"] == 0
    server.remove(STEFAN.username)
    assert purge()["people"] == 0
    User.objects.update(missing_since=F("missing_since") - timedelta(days=29))
    assert purge()["people"] == 0
    User.objects.update(missing_since=F("missing_since") - timedelta(days=2))
    assert purge()["people"] == 1
    assert [phone.user.username for phone in Phone.objects.all()] == [KARL.username]
    row = last(Event.PHONE_FORGOTTEN)
    assert row.subject_name == STEFAN.username


def test_q1_rows_of_people_go_thirty_days_after_their_account(server: TestSlapd, walker: Walker) -> None:
    """With factors and keys. The trail still says who did what."""
    eva = Officer(EVA)
    eva.enrol()
    walker.log_in(KARL)
    for gone in (EVA, KARL):
        server.remove(gone.username)
    purge()
    User.objects.update(missing_since=F("missing_since") - timedelta(days=31))
    assert purge()["people"] == 2
    assert not User.objects.filter(username__in=[EVA.username, KARL.username]).exists()
    assert not Authenticator.objects.exists()
    assert not RecoveryCodes.objects.exists()
    done = AuditEvent.objects.annotate(who=username_of("actor")).filter(event=Event.LOGIN_DONE)
    assert set(done.values_list("who", flat=True)) == {EVA.username, KARL.username}


def test_an_account_that_is_seen_again_keeps_its_number(server: TestSlapd, walker: Walker, settings: Settings) -> None:
    """Q1: a filter that was wrong for a while forgets nobody's number later on."""
    has_number(STEFAN)
    settings.DIRECTORY_USER_FILTER = f"(!(uid={STEFAN.username}))"
    purge()
    settings.DIRECTORY_USER_FILTER = ""
    assert User.objects.filter(missing_since__isnull=False).count() == 1
    purge()
    assert User.objects.filter(missing_since__isnull=False).count() == 0


def test_a_directory_that_answers_nothing_costs_nobody_the_number(server: TestSlapd, settings: Settings) -> None:
    """Q1, U1: neither when it is down, nor when the filter matches nobody; the rest is purged all the same."""
    has_number(STEFAN)
    User.objects.update(missing_since=timezone.now() - timedelta(days=400))
    SmsDay.objects.create(day=timezone.localdate() - timedelta(days=31), sent=5)
    settings.DIRECTORY_USER_FILTER = "(uid=nobody)"
    assert purge()["people"] == 0
    SmsDay.objects.create(day=timezone.localdate() - timedelta(days=31), sent=5)
    server.slapd.stop()
    with pytest.raises(CommandError, match="run it again later"):
        purge()
    assert SmsDay.objects.count() == 0
    assert Phone.objects.get().number == STEFAN.phone


def rotate() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("by", ["ENCRYPTION_KEYS", "SECRET_KEY"])
def test_x1_numbers_outlive_the_key_that_encrypted_them(walker: Walker, settings: Settings, by: str) -> None:
    """X1: a rotatable key. With the new one first and the old one behind, then without the old one."""
    if by == "ENCRYPTION_KEYS":
        settings.ENCRYPTION_KEYS = ["the old key of the numbers"]
    has_number(STEFAN)
    if by == "ENCRYPTION_KEYS":
        settings.ENCRYPTION_KEYS = ["the new key of the numbers", "the old key of the numbers"]
    else:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "the new key, as long as a key should be, and then some"
    assert Phone.objects.get().number == STEFAN.phone
    assert "1 numbers encrypted with the newest key" in rotate()
    if by == "ENCRYPTION_KEYS":
        settings.ENCRYPTION_KEYS = ["the new key of the numbers"]
    else:
        settings.SECRET_KEY_FALLBACKS = []
    assert Phone.objects.get().number == STEFAN.phone
    assert "1 numbers" in rotate(), "a second time does no harm"
    walker.ask(STEFAN.username)
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    settings.LIMIT_ACCOUNTS_PER_NUMBER = 1
    walker.log_in(KARL)
    assert walker.give_number("070-174 06 05").status_code == 200, "the digest was renewed: the number is found"


def test_the_history_of_the_registers_goes_with_the_trail(server: TestSlapd) -> None:
    """Q1: 18 months; what is younger stays, and so do the registers themselves."""
    company = Company.objects.create(name="Hemtjänst Ett AB", organisation_number="556677-8899", directory_values="x")
    orderer = Orderer.objects.create(name=CARIN.name, email=CARIN.mail, mobile=CARIN.phone)
    orderer.companies.set([company])
    for history in (Company.history, Orderer.history):
        history.update(history_date=timezone.now() - timedelta(days=549))
    company.name = "Hemtjänst Ett i Örebro AB"
    company.save()
    assert purge()["changes of the registers"] == 3
    assert [row.name for row in Company.history.all()] == ["Hemtjänst Ett i Örebro AB"]
    assert not Orderer.history.exists()
    assert not apps.get_model("accounts", "HistoricalOrderer_companies")._default_manager.exists()
    assert list(Orderer.objects.get().companies.all()) == [company]


def test_with_a_key_missing_nothing_is_changed(settings: Settings, walker: Walker) -> None:
    """X1: all numbers or none; the error says what to do."""
    settings.ENCRYPTION_KEYS = ["the first key of the numbers"]
    has_number(STEFAN)
    settings.ENCRYPTION_KEYS = ["the second key of the numbers"]
    walker.register(KARL, NEW_NUMBER_TYPED)
    before = _ciphertexts()
    settings.ENCRYPTION_KEYS = ["the third key", "the second key of the numbers"]
    with pytest.raises(CommandError, match="ENCRYPTION_KEYS"):
        rotate()
    assert _ciphertexts() == before


def _ciphertexts() -> set[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, number_digest FROM accounts_phone")
        return {tuple(row) for row in cursor.fetchall()}
