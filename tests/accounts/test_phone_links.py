"""A number that the helpdesk links, and its hold: security.md G1, G4, G5, H4, E1."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import phones
from accounts.models import AuditEvent, Challenge, Event, Phone, PhoneLink, Purpose
from accounts.privacy import retention
from accounts.signals import phone_linked
from deploy.local.cast import ANNA, EVA, KARL, MARIA, STEFAN
from idportal.clock import deadline
from notifications.models import Message
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    OTHER_NUMBER,
    OTHER_NUMBER_TYPED,
    binds,
    last,
    normalised,
    text_of,
    time_passes,
    trail,
)
from tests.accounts.linking import ADDRESS, REFERENCE, account_of, agent, keys_by_mail, keys_by_sms, link, orderer
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server", "sms")]

Told = PhoneLink.Told


def codes_to(sms: Inbox, number: str) -> list[str]:
    return [text for to, text in sms.messages() if to == number and "#" in text]


def test_after_the_hold_the_password_is_reset_with_a_code_to_the_new_number(server: TestSlapd, walker: Walker) -> None:
    """The manual's Support, point 1: the password has run out and the telephone is gone. Must show 1."""
    has_number(ANNA)
    assert not binds(server, ANNA.username, ANNA.password)
    made = link(ANNA)
    walker.ask(ANNA.username)
    assert codes_to(walker.sms, NEW_NUMBER) == codes_to(walker.sms, ANNA.phone) == []
    time_passes(minutes=2)
    walker.ask_again()
    assert codes_to(walker.sms, NEW_NUMBER) == codes_to(walker.sms, ANNA.phone) == []
    made.refresh_from_db()
    time_passes(seconds=(made.usable_from - timezone.now()).total_seconds() + 1)
    assert walker.reset(ANNA, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert len(codes_to(walker.sms, NEW_NUMBER)) == 1
    assert codes_to(walker.sms, ANNA.phone) == []
    assert binds(server, ANNA.username, NEW_PASSWORD)


def test_what_is_kept_of_a_link(settings: Settings) -> None:
    """G1: the number counts, with its trail; no way to stop it is kept, and no number in clear (X1)."""
    before = has_number(ANNA)
    settings.PHONE_LINK_HOLD = 600
    made = link(ANNA)
    phone = Phone.objects.get()
    assert (phone.number, phone.user.directory_id) == (NEW_NUMBER, account_of(ANNA).id)
    assert phone.usable_from == made.usable_from == made.made_at + timedelta(seconds=600)
    assert (made.old_number, made.old_confirmed_at) == (ANNA.phone, before.confirmed_at)
    assert (made.agent, made.orderer, made.reference) == (agent(), orderer(), REFERENCE)
    assert sorted(made.stops.values()) == sorted(Told)
    row = last(Event.PHONE_LINKED)
    assert (row.subject, row.actor) == (account_of(ANNA).id, agent().directory_id)
    assert (row.company, row.result, row.address) == (ANNA.company, REFERENCE, ADDRESS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_phonelink")
        in_clear = str(cursor.fetchall())
    assert ANNA.phone[3:] not in in_clear
    assert NEW_NUMBER[3:] not in in_clear


def test_h4_each_who_is_told_gets_a_link_of_their_own(sms: Inbox) -> None:
    told: dict[str, str] = {}
    phone_linked.connect(listen := lambda stops, **_: told.update(stops))
    try:
        link(KARL)
        assert set(told) == {Told.ACCOUNT, Told.ORDERER}, "no number of before, nobody there to tell"
        has_number(ANNA)
        made = link(ANNA, OTHER_NUMBER)
    finally:
        phone_linked.disconnect(listen)
    assert set(told) == set(Told)
    assert len(set(told.values())) == len(told)
    assert all(url.split("=")[1] not in str(made.stops) for url in told.values()), "digests alone are kept"


# --- What is refused ---------------------------------------------------------------------------------


def refused(number: str = NEW_NUMBER, *words: str) -> None:
    """Anna's link is refused with these words, and nothing happened."""
    before = (trail(), list(Phone.objects.values()), PhoneLink.objects.count())
    with pytest.raises(phones.LinkRefused) as error:
        link(ANNA, number)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert (trail(), list(Phone.objects.values()), PhoneLink.objects.count()) == before


def test_a_disabled_account_gets_none(server: TestSlapd) -> None:
    """R6: and the text says what to do."""
    server.put(ANNA, disabled=True)
    refused(NEW_NUMBER, "Kontot lovanber11 är avstängt.", "Låt aktivera kontot först, eller avslå ärendet.")


def test_a_protected_account_gets_none() -> None:
    """R6."""
    with pytest.raises(phones.LinkRefused, match="Kontot admeva är skyddat"):
        link(EVA)
    assert not Phone.objects.exists()


def test_a_number_that_enough_accounts_have_is_refused(settings: Settings) -> None:
    """G5."""
    settings.LIMIT_ACCOUNTS_PER_NUMBER = 2
    has_number(STEFAN, NEW_NUMBER)
    has_number(MARIA, NEW_NUMBER)
    refused(NEW_NUMBER, "2 andra konton", "Be om ett annat nummer.")
    settings.LIMIT_ACCOUNTS_PER_NUMBER = 3
    assert link(ANNA).number == NEW_NUMBER


def test_the_number_that_the_account_has_is_not_linked_anew() -> None:
    """It would only put on hold what works; nor does the same link twice lengthen its hold."""
    has_number(ANNA)
    refused(ANNA.phone, "Kontot lovanber11 har redan det numret", "Avslå ärendet")
    made = link(ANNA)
    refused(NEW_NUMBER, "redan kopplat", f"från kl. {timezone.localtime(made.usable_from):%H:%M}")


def test_a_link_that_its_approval_takes_back_never_was(sms: Inbox) -> None:
    """In the caller's transaction: the request and its number come together or not at all, and nobody is told."""
    has_number(ANNA)

    def approve() -> None:
        with transaction.atomic():
            link(ANNA)
            raise RuntimeError("what comes after it fails")

    with pytest.raises(RuntimeError):
        approve()
    assert Phone.objects.get().number == ANNA.phone
    assert (PhoneLink.objects.count(), trail(Event.PHONE_LINKED), len(sms)) == (0, [], 0)


# --- The hold ----------------------------------------------------------------------------------------


def test_h4_during_the_hold_whoever_asks_sees_what_all_see(walker: Walker, another_walker: Walker) -> None:
    """E1, H4: the same page, no code, and the trail says why."""
    has_number(ANNA)
    link(ANNA)
    known, unknown = walker.ask(ANNA.username), another_walker.ask("nobody99")
    assert normalised(known, ANNA.username) == normalised(unknown, "nobody99")
    pages = [person.get("/aterstall/kod/") for person in (walker, another_walker)]
    wrong = [person.enter_code("123456") for person in (walker, another_walker)]
    assert normalised(wrong[0], ANNA.username) == normalised(wrong[1], "nobody99")
    assert normalised(pages[0], ANNA.username) == normalised(pages[1], "nobody99")
    assert AuditEvent.objects.filter(event=Event.CODE_WITHHELD, result="number on hold").count() == 1
    assert trail(Event.CODE_ATTEMPTED) == []


def test_a_code_that_went_to_the_old_number_ends_with_it(walker: Walker, another_walker: Walker) -> None:
    """A right that waits to be used, too. And asking again during the hold gets no other."""
    has_number(ANNA)
    another_walker.ask(ANNA.username)
    another_walker.enter_code()
    time_passes(seconds=61)
    walker.ask(ANNA.username)
    code = walker.sms.code()
    link(ANNA)
    assert another_walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert walker.enter_code(code).status_code == 200
    time_passes(seconds=61)
    walker.ask_again()
    assert len(codes_to(walker.sms, ANNA.phone)) == 2
    assert codes_to(walker.sms, NEW_NUMBER) == []


def test_who_logs_in_sees_the_number_and_proves_it_with_a_code(walker: Walker) -> None:
    """The number on file is the linked one. To look at it proves nothing of it: the page promises no codes before."""
    made = link(STEFAN)
    walker.log_in(STEFAN)
    page = walker.get("/registrera/mobil/")
    assert NEW_NUMBER_TYPED in page.content.decode()
    assert "Kommunen har nyss kopplat numret. Vi skickar en kod till det." in text_of(page)
    assert walker.give_number(NEW_NUMBER_TYPED)["Location"] == "/registrera/kod/"
    assert Phone.objects.get().usable_from == made.usable_from
    assert walker.enter_register_code()["Location"] == "/registrera/klart/"
    assert Phone.objects.get().usable_from is None


def test_g6_to_prove_the_linked_number_does_not_end_the_hold_of_a_replaced_one(walker: Walker) -> None:
    """Who had it linked may know the password, too. The old number was told of the link, and can still stop it."""
    has_number(STEFAN)
    made = link(STEFAN)
    walker.log_in(STEFAN)
    until = deadline(made.usable_from, made.made_at)
    assert f"Numret är nytt och får säkerhetskoder från {until}. " in text_of(walker.get("/registrera/mobil/"))
    assert walker.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    assert Phone.objects.get().usable_from == made.usable_from
    assert not Message.objects.filter(purpose=Message.Topic.PHONE_REPLACED).exists()
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)


def test_a_first_number_that_its_owner_registers_ends_the_hold(
    walker: Walker, another_walker: Walker, mailoutbox: list[EmailMessage]
) -> None:
    """With password and code. Who was told of the link has no say any more, and the page says so."""
    link(STEFAN)
    [key] = keys_by_mail(mailoutbox, STEFAN.mail)
    assert walker.register(STEFAN, OTHER_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    assert Phone.objects.get().usable_from is None
    assert phones.stop(key, None) is None
    assert phones.stopped_before(key) is None
    assert Phone.objects.get().number == OTHER_NUMBER
    assert PhoneLink.objects.get().stopped_at is None
    time_passes(seconds=61)
    another_walker.ask(STEFAN.username)
    assert len(codes_to(walker.sms, OTHER_NUMBER)) == 2, "one to register, one to reset"


def test_a_registration_during_the_hold_is_told_to_the_number_before_the_link_too(walker: Walker) -> None:
    """G2: the number on hold is nobody's proven one, and whoever had it linked may be who registers now."""
    has_number(STEFAN)
    link(STEFAN)
    walker.register(STEFAN, OTHER_NUMBER_TYPED)
    assert Phone.objects.get().number == OTHER_NUMBER
    notices = Message.objects.filter(purpose=Message.Topic.PHONE_REPLACED, kind=Message.Channel.SMS)
    assert {notice.to for notice in notices} == {STEFAN.phone, NEW_NUMBER}
    assert last(Event.PHONE_REPLACED).actor == account_of(STEFAN).id


def test_a_number_belongs_to_the_account_and_not_to_its_name(server: TestSlapd) -> None:
    """G4: whoever gets the name later gets nothing of it."""
    link(ANNA)
    server.remove(ANNA.username)
    server.put(ANNA)
    assert Phone.objects.get().user.directory_id != account_of(ANNA).id


def test_a_link_uses_up_nobodys_codes(walker: Walker) -> None:
    """K5: the number's own count is looked at for its lock alone."""
    link(STEFAN)
    for person in (KARL, MARIA):
        walker.log_in(person)
        walker.give_number(NEW_NUMBER_TYPED)
        time_passes(seconds=61)
    assert len(codes_to(walker.sms, NEW_NUMBER)) == 2
    assert Challenge.objects.filter(purpose=Purpose.REGISTER).count() == 2


# --- How long it is kept (Q1, X1) --------------------------------------------------------------------


def test_what_was_linked_is_forgotten_after_a_month() -> None:
    """With the old number in it; the number on file stays."""
    has_number(ANNA)
    link(ANNA)
    PhoneLink.objects.update(made_at=timezone.now() - timedelta(days=29, hours=23))
    assert retention.purge()["links of numbers"] == 0
    PhoneLink.objects.update(made_at=timezone.now() - timedelta(days=30, minutes=1))
    assert retention.purge()["links of numbers"] == 1
    assert Phone.objects.get().number == NEW_NUMBER


def test_both_numbers_outlive_the_key_that_encrypted_them(settings: Settings, mailoutbox: list[EmailMessage]) -> None:
    """And so do the links that stop it."""
    settings.ENCRYPTION_KEYS = ["the old key of the numbers"]
    has_number(ANNA)
    link(ANNA)
    link(KARL)
    settings.ENCRYPTION_KEYS = ["the new key of the numbers", "the old key of the numbers"]
    retention.renew_keys()
    settings.ENCRYPTION_KEYS = ["the new key of the numbers"]
    kept = PhoneLink.objects.order_by("pk")
    assert [(link.number, link.old_number) for link in kept] == [(NEW_NUMBER, ANNA.phone), (NEW_NUMBER, "")]
    [key] = keys_by_mail(mailoutbox, ANNA.mail)
    assert phones.stop(key, None)
    assert Phone.objects.get(user__username=ANNA.username).number == ANNA.phone
