"""The helpdesk takes a number away: its telephone is stolen or lost. security.md H4, L1; issue 4, "On a link"."""

from __future__ import annotations

import threading
import time
from functools import partial
from unittest import mock

import ldap
import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import codes, phones
from accounts.codes import delivery
from accounts.models import Challenge, Event, Phone, PhoneLink
from accounts.signals import phone_removed
from deploy.local.cast import ANNA, CARIN, EVA, KARL, STEFAN, Person
from idportal.clock import moment
from notifications.models import Message
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_PASSWORD,
    OTHER_NUMBER,
    last,
    purge_trail,
    text_of,
    time_passes,
    trail,
)
from tests.accounts.linking import ADDRESS, REFERENCE, account_of, agent, keys_by_mail, keys_by_sms, link, orderer
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server", "sms")]

Mailbox = list[EmailMultiAlternatives]


def remove(person: Person = ANNA) -> bool:
    return phones.remove(account_of(person), agent=agent(), reference=REFERENCE, address=ADDRESS)


def test_the_number_is_gone_and_gets_no_code(walker: Walker) -> None:
    """Whoever holds the telephone asks for a code, and again, and gets none."""
    has_number(STEFAN)
    assert remove(STEFAN)
    assert not Phone.objects.exists()
    walker.ask(STEFAN.username)
    time_passes(minutes=2)
    walker.ask_again()
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "no number"


def test_codes_and_rights_under_way_end(walker: Walker) -> None:
    """The code was right, and the new password is not set all the same."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code()
    assert remove(STEFAN)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert not Challenge.objects.filter(ended_at=None).exists()


def test_the_trail_tells_who_did_it_and_where_it_says_why() -> None:
    has_number(ANNA)
    assert remove()
    row = last(Event.PHONE_REMOVED)
    assert (row.subject, row.subject_name, row.company) == (account_of(ANNA).id, ANNA.username, ANNA.company)
    assert (row.actor, row.result, row.address) == (agent().directory_id, REFERENCE, ADDRESS)


def test_where_there_is_no_number_nothing_happens(mailoutbox: Mailbox) -> None:
    """Nor does it the second time, nor for somebody whom the portal has never seen."""
    assert not remove(KARL)
    has_number(ANNA)
    assert remove()
    assert not remove()
    assert trail(Event.PHONE_REMOVED) == [Event.PHONE_REMOVED]
    assert len(mailoutbox) == 1


def test_a_protected_account_keeps_its_number(mailoutbox: Mailbox) -> None:
    """R6."""
    has_number(EVA)
    with pytest.raises(phones.RemoveRefused, match="Kontot är skyddat"):
        remove(EVA)
    assert (Phone.objects.get().number, trail(Event.PHONE_REMOVED), len(mailoutbox)) == (EVA.phone, [], 0)


def test_a_disabled_account_loses_it(server: TestSlapd) -> None:
    """Who closes an account in alarm and opens it again does not leave the thief a way in."""
    server.put(ANNA, disabled=True)
    has_number(ANNA)
    assert remove()
    assert not Phone.objects.exists()


# --- The stops of earlier links ----------------------------------------------------------------------


def test_no_stop_of_an_earlier_link_brings_the_old_number_back(sms: Inbox, mailoutbox: Mailbox) -> None:
    """The number on hold goes, too. Whoever presses late is told to call, and nobody is told of a stop."""
    has_number(ANNA)
    link(ANNA)
    keys = [key for address in (ANNA.mail, CARIN.mail) for key in keys_by_mail(mailoutbox, address)]
    keys += keys_by_sms(sms, ANNA.phone)
    assert len(keys) == 3
    assert remove()
    for key in keys:
        assert phones.stop(key, None) is None
    late = Client().post("/stoppa/", {"nyckel": keys[0]})
    assert "Det är för sent att stoppa här Kontakta genast er behöriga beställare (ofta din chef)." in text_of(late)  # type: ignore[arg-type]
    assert not Phone.objects.exists()
    assert trail(Event.PHONE_LINK_STOPPED) == []


def test_g7_a_thief_gets_no_number_back_by_a_stop(sms: Inbox) -> None:
    """There is none to remove. And a number that is linked afterwards can't be stopped by the stolen telephone."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    assert phones.stop(key, None)
    assert not remove()
    made = link(ANNA, OTHER_NUMBER)
    assert (made.old_number, sorted(made.stops.values())) == ("", ["account", "orderer"])
    assert keys_by_sms(sms, ANNA.phone) == [key]
    assert phones.stop(key, None) is None
    assert Phone.objects.get().number == OTHER_NUMBER


def test_a_link_after_it_can_be_stopped_and_leaves_no_number(mailoutbox: Mailbox) -> None:
    """Within the hold of one before it, which the stop has nothing to do with any more."""
    has_number(ANNA)
    before = link(ANNA, NEW_NUMBER)
    assert remove()
    made = link(ANNA, OTHER_NUMBER, "2026-00043")
    assert made.old_number == ""
    stopped = phones.stop(keys_by_mail(mailoutbox, CARIN.mail)[-1], None)
    assert stopped == made
    assert not Phone.objects.exists()
    assert PhoneLink.objects.get(pk=before.pk).stopped_at is None


# --- Who is told -------------------------------------------------------------------------------------


def test_the_account_is_told_by_mail_and_the_number_is_not(sms: Inbox, mailoutbox: Mailbox, settings: Settings) -> None:
    settings.REGISTER_HOST = "pwreg.orebro.se"
    has_number(ANNA)
    now = timezone.now()
    assert remove()
    assert len(sms) == 0
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([ANNA.mail], "Ditt mobilnummer har tagits bort")
    body = " ".join(mail.body.split())
    for words in (
        "Helpdesk tog bort det mobilnummer som var registrerat för ditt konto lovanber11 den ",
        moment(now).partition(" kl. ")[0],
        "Inga säkerhetskoder skickas till det numret längre.",
        "Kan du ditt lösenord? Logga in på http://pwreg.orebro.se",
        "Be er behöriga beställare (ofta din chef) begära ett nytt mobilnummer.",
        f"kontakta genast it-helpdesk@orebro.se. Uppge ärende {REFERENCE}.",
    ):
        assert words in body, words
    assert "174" not in body
    row = Message.objects.get()
    assert (row.purpose, row.about) == ("phone removed", account_of(ANNA).id)


def test_who_has_no_mail_address_loses_the_number_all_the_same(
    server: TestSlapd, sms: Inbox, mailoutbox: Mailbox, settings: Settings
) -> None:
    """The helpdesk's own mailbox is told, so that no agent does it unseen."""
    server.root.modify_s(server.dn(ANNA.username), [(ldap.MOD_REPLACE, "mail", None)])
    has_number(ANNA)
    assert remove()
    assert (Phone.objects.count(), len(sms)) == (0, 0)
    [mail] = mailoutbox
    assert mail.to == [settings.HELPDESK_EMAIL]
    assert mail.subject == f"Ett mobilnummer har tagits bort, ärende {REFERENCE}"
    assert "för kontot lovanber11 den" in str(mail.body)
    assert "Kontot har ingen e-postadress, så medarbetaren vet inte om det." in str(mail.body)
    assert ANNA.phone[-4:] not in str(mail.body)


def test_all_of_it_or_nothing(mailoutbox: Mailbox) -> None:
    """The number, the trail and the notice come in one transaction."""
    has_number(ANNA)

    def fail(**_: object) -> None:
        raise RuntimeError("the last receiver fails")

    phone_removed.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            remove()
    finally:
        phone_removed.disconnect(fail)
    assert (Phone.objects.get().number, trail(Event.PHONE_REMOVED), len(mailoutbox)) == (ANNA.phone, [], 0)


# --- At the same moment ------------------------------------------------------------------------------


def test_a_code_on_its_way_does_not_outlive_the_number(walker: Walker) -> None:
    """It is taken away between the look-up and the code."""
    has_number(STEFAN)
    make = delivery._make

    def after_the_removal(*arguments: object) -> str | None:
        assert remove(STEFAN)
        return make(*arguments)  # type: ignore[arg-type]

    with mock.patch.object(delivery, "_make", after_the_removal):
        walker.ask(STEFAN.username)
    assert len(walker.sms) == 0


@pytest.mark.postgresql
def test_of_parallel_removals_one_wins(mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    agent()
    assert sorted(at_once([partial(remove, ANNA)] * 5)) == [False] * 4 + [True]
    assert trail(Event.PHONE_REMOVED) == [Event.PHONE_REMOVED]
    assert len(mailoutbox) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("first", ["link", "stop"])
def test_a_link_or_a_stop_that_is_under_way_comes_before_or_after(first: str, sms: Inbox, mailoutbox: Mailbox) -> None:
    """A removal that begins in the middle waits, and then takes away what is on file; no stop comes after it."""
    has_number(ANNA)
    agent(), orderer()
    made = link(ANNA)
    [key] = keys_by_mail(mailoutbox, ANNA.mail)  # so that a number is back
    under_way = threading.Event()
    other = partial(phones.stop, key, None) if first == "stop" else partial(link, ANNA, OTHER_NUMBER)
    end_challenges = codes.end_challenges

    def in_the_middle(*arguments: object) -> None:
        under_way.set()
        time.sleep(0.3)
        end_challenges(*arguments)  # type: ignore[arg-type]

    def removal() -> bool:
        assert under_way.wait(10)
        return remove()

    with mock.patch.object(codes, "end_challenges", in_the_middle):
        _done, removed = at_once([other, removal])
    assert removed
    assert not Phone.objects.exists()
    for each in (*keys_by_sms(sms, ANNA.phone), *keys_by_mail(mailoutbox, ANNA.mail)):
        assert phones.stop(each, None) is None
    assert (PhoneLink.objects.get(pk=made.pk).stopped_at is not None) == (first == "stop")
    assert not Phone.objects.exists()


@pytest.mark.parametrize("how", ["removed", "stopped"])
def test_who_registers_one_afterwards_is_not_told_that_there_was_none(
    walker: Walker, mailoutbox: Mailbox, how: str
) -> None:
    """Neither once the trail has gone."""
    if how == "removed":
        has_number(STEFAN)
        remove(STEFAN)
    else:
        link(STEFAN)
        [key] = keys_by_mail(mailoutbox, STEFAN.mail)
        assert phones.stop(key, None)
    purge_trail()
    walker.log_in(STEFAN)
    page = text_of(walker.get("/registrera/mobil/"))
    assert "Du har inget registrerat nummer just nu." in page
    assert "aldrig registrerats" not in page
