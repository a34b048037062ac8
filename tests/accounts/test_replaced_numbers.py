"""A number that its owner replaces: its hold, its stop, and the way past both. security.md G6, G7."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import phones
from accounts.models import Event, Phone, PhoneLink, User
from accounts.privacy import retention
from deploy.local.cast import CARIN, KARL, STEFAN
from idportal.clock import deadline
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    OTHER_NUMBER,
    OTHER_NUMBER_TYPED,
    binds,
    last,
    text_of,
    time_passes,
    trail,
    wrong_for,
)
from tests.accounts.linking import REFERENCE, account_of, agent, keys_by_mail, keys_by_sms, link
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

ASK, ENTER = "/registrera/gamla-mobilen/", "/registrera/gamla-mobilen/kod/"
DONE, BLOCKED = "/registrera/klart/", "Du kan inte registrera ett nummer nu"


def codes_to(sms: Inbox, number: str) -> list[str]:
    return [text for to, text in sms.messages() if to == number and "#" in text]


def replaced(walker: Walker) -> Walker:
    """Stefan, or whoever has his password, has registered another number."""
    has_number(STEFAN)
    assert walker.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == DONE
    return walker


# --- The hold ------------------------------------------------------------------------------------


def test_g6_a_replaced_number_gets_no_code_during_the_hold(
    server: TestSlapd, walker: Walker, another_walker: Walker, settings: Settings
) -> None:
    """Neither does the old one. Then the new one does."""
    replaced(walker)
    phone = Phone.objects.get()
    assert phone.usable_from is not None
    assert round((phone.usable_from - phone.confirmed_at).total_seconds()) == settings.PHONE_LINK_HOLD
    another_walker.ask(STEFAN.username)
    assert last(Event.CODE_WITHHELD).result == "number on hold"
    assert (len(codes_to(walker.sms, NEW_NUMBER)), codes_to(walker.sms, STEFAN.phone)) == (1, [])
    time_passes(seconds=settings.PHONE_LINK_HOLD + 1)
    assert another_walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


def test_g6_the_page_says_from_when_the_number_gets_codes(walker: Walker) -> None:
    page = text_of(replaced(walker).get(DONE))
    link = PhoneLink.objects.get()
    until = deadline(link.usable_from, link.made_at)  # on another day, late in the evening
    assert f"Ditt nya mobilnummer är registrerat. Det får säkerhetskoder från {until}." in page
    assert "Skicka en kod till mitt tidigare nummer" in page
    time_passes(minutes=16)
    walker.log_in(STEFAN)
    assert walker.give_number(NEW_NUMBER_TYPED)["Location"] == DONE
    assert "Nu kan du själv återställa" in text_of(walker.get(DONE))


def test_g6_a_first_registration_has_no_hold(server: TestSlapd, walker: Walker) -> None:
    """The manual: register, and then reset right away."""
    walker.register(KARL, NEW_NUMBER_TYPED)
    assert "Nu kan du själv återställa" in text_of(walker.get(DONE))
    assert Phone.objects.get().usable_from is None
    assert not PhoneLink.objects.exists()
    assert walker.reset(KARL, NEW_PASSWORD)["Location"] == "/aterstall/klart/"


def test_g6_the_same_number_again_has_no_hold(walker: Walker) -> None:
    has_number(STEFAN)
    walker.log_in(STEFAN)
    walker.give_number("070-174 06 05")
    assert Phone.objects.get().usable_from is None
    assert "Nu kan du själv återställa" in text_of(walker.get(DONE))
    assert len(walker.sms) == 0


def test_g6_to_register_the_new_number_again_neither_ends_nor_lengthens_the_hold(walker: Walker) -> None:
    """Nor is anybody told again."""
    replaced(walker)
    told = len(keys_by_sms(walker.sms, STEFAN.phone))
    time_passes(minutes=2)
    until = Phone.objects.get().usable_from
    assert walker.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == DONE
    assert Phone.objects.get().usable_from == until
    assert len(keys_by_sms(walker.sms, STEFAN.phone)) == told == 1
    assert "Skicka en kod till mitt tidigare nummer" in text_of(walker.get(DONE))


def test_g6_a_second_new_number_has_a_hold_and_the_old_number_still_its_say(
    walker: Walker, mailoutbox: list[EmailMessage]
) -> None:
    replaced(walker)
    assert walker.register(STEFAN, OTHER_NUMBER_TYPED)["Location"] == DONE
    assert (Phone.objects.get().number, Phone.objects.get().on_hold) == (OTHER_NUMBER, True)
    assert [each.old_number for each in PhoneLink.objects.all()] == [STEFAN.phone] * 2
    assert phones.stop(keys_by_mail(mailoutbox, STEFAN.mail)[0], None)
    assert (Phone.objects.get().number, Phone.objects.get().on_hold) == (STEFAN.phone, False)


def test_g6_back_to_the_old_number_has_no_hold(walker: Walker) -> None:
    """Its telephone got the code. Nobody can stop the other number any more, which is gone."""
    replaced(walker)
    [key] = keys_by_sms(walker.sms, STEFAN.phone)
    assert walker.register(STEFAN, "070-174 06 05")["Location"] == DONE
    assert (Phone.objects.get().number, Phone.objects.get().on_hold) == (STEFAN.phone, False)
    assert phones.stop(key, None) is None


def test_without_a_hold_a_replaced_number_counts_at_once(walker: Walker, settings: Settings) -> None:
    """PHONE_LINK_HOLD=0, which `check` refuses outside of a demo: no page and no message speaks of a stop."""
    settings.PHONE_LINK_HOLD = 0
    replaced(walker)
    assert not Phone.objects.get().on_hold
    assert keys_by_sms(walker.sms, STEFAN.phone) == []
    assert "Nu kan du själv återställa" in text_of(walker.get(DONE))


# --- The old number's code -----------------------------------------------------------------------


def test_g6_a_code_to_the_old_number_ends_the_hold(server: TestSlapd, walker: Walker) -> None:
    replaced(walker)
    [key] = keys_by_sms(walker.sms, STEFAN.phone)
    assert walker.client.post(ASK)["Location"] == ENTER
    assert "Vi skickar ett sms med en kod till ditt tidigare nummer." in text_of(walker.get(ENTER))
    [text] = codes_to(walker.sms, STEFAN.phone)
    assert "godkänner ett nytt mobilnummer." in text
    assert walker.client.post(ENTER, {"code": walker.sms.code()})["Location"] == DONE
    assert "Nu kan du själv återställa" in text_of(walker.get(DONE))
    assert (Phone.objects.get().number, Phone.objects.get().usable_from) == (NEW_NUMBER, None)
    assert phones.stop(key, None) is None
    row = last(Event.PHONE_HOLD_ENDED)
    assert row.actor == row.subject == account_of(STEFAN).id
    time_passes(seconds=61)
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"


def test_g6_no_other_code_ends_the_hold(walker: Walker) -> None:
    """Neither a wrong one, nor the one that registered the number, nor one to the old number in another session."""
    replaced(walker)
    walker.client.post(ASK)
    code = walker.sms.code()
    assert walker.client.post(ENTER, {"code": wrong_for(code)}).status_code == 200
    other = Walker(Client(), walker.sms)
    other.log_in(STEFAN)
    assert other.client.post(ENTER, {"code": code})["Location"] == DONE
    assert other.client.post("/registrera/kod/", {"code": code})["Location"] == "/registrera/mobil/"
    assert walker.client.post("/registrera/kod/", {"code": code})["Location"] == "/registrera/mobil/"
    assert Phone.objects.get().on_hold
    assert trail(Event.PHONE_HOLD_ENDED) == []


def test_g6_the_old_numbers_code_is_good_for_the_number_that_was_shown_alone(
    walker: Walker, another_walker: Walker
) -> None:
    """A thief registers a number of his own while the owner enters the code."""
    replaced(walker)
    walker.client.post(ASK)
    code = walker.sms.code()
    another_walker.register(STEFAN, OTHER_NUMBER_TYPED)
    assert walker.client.post(ENTER, {"code": code})["Location"] == DONE
    assert walker.client.post(ASK)["Location"] == DONE, "the owner's number is not on file any more"
    assert (Phone.objects.get().number, Phone.objects.get().on_hold) == (OTHER_NUMBER, True)


def test_the_old_number_gets_no_code_unless_a_number_was_registered_here(walker: Walker) -> None:
    """Nor without a log-in, nor for a password that was typed long ago."""
    assert Client().post(ASK)["Location"] == "/registrera/"
    has_number(STEFAN)
    link(STEFAN)
    walker.log_in(STEFAN)
    assert walker.client.post(ASK)["Location"] == DONE
    assert walker.client.get(ASK).status_code == 405
    assert codes_to(walker.sms, STEFAN.phone) == []
    walker.register(STEFAN, OTHER_NUMBER_TYPED)
    time_passes(minutes=14)
    walker.get(DONE)
    time_passes(minutes=2)
    assert walker.client.post(ASK)["Location"] in (DONE, "/registrera/?igen", "/registrera/")
    assert codes_to(walker.sms, STEFAN.phone) == []


# --- The stop ------------------------------------------------------------------------------------


def test_g7_a_stop_from_the_old_number_leaves_no_number_and_lets_nobody_register_one(walker: Walker) -> None:
    """Neither the thief of the password, nor that of the old telephone, with the password or without."""
    replaced(walker)
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    assert not Phone.objects.exists()
    time_passes(minutes=16)
    before = len(walker.sms)
    walker.ask(STEFAN.username)
    walker.log_in(STEFAN)
    page = text_of(walker.get("/registrera/mobil/"))
    assert BLOCKED in page
    assert "Be er behöriga beställare (ofta din chef) att begära ett nytt mobilnummer åt dig." in page
    for number in (NEW_NUMBER_TYPED, OTHER_NUMBER_TYPED, "070-174 06 05"):
        assert BLOCKED in text_of(walker.give_number(number))
    assert len(walker.sms) == before
    assert not Phone.objects.exists()


def test_g7_a_code_under_way_registers_nothing_after_the_stop(walker: Walker, another_walker: Walker) -> None:
    replaced(walker)
    another_walker.log_in(STEFAN)
    another_walker.give_number(OTHER_NUMBER_TYPED)
    code = walker.sms.code()
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    assert another_walker.enter_register_code(code).status_code == 200
    another_walker.client.post("/registrera/kod/igen/")
    time_passes(seconds=61)
    another_walker.client.post("/registrera/kod/igen/")
    assert another_walker.enter_register_code(walker.sms.code()).status_code == 200
    assert not Phone.objects.exists()


@pytest.mark.parametrize("number", [NEW_NUMBER, STEFAN.phone], ids=["another number", "the old number"])
def test_g7_a_link_of_the_helpdesk_decides(walker: Walker, number: str) -> None:
    replaced(walker)
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    link(STEFAN, number)
    assert not phones.is_blocked(account_of(STEFAN).id)
    time_passes(minutes=16)
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert codes_to(walker.sms, number)
    walker.log_in(STEFAN, NEW_PASSWORD)
    assert walker.give_number(OTHER_NUMBER_TYPED)["Location"] == "/registrera/kod/"


def test_g7_a_link_that_is_stopped_in_its_turn_decides_nothing(walker: Walker, mailoutbox: list[EmailMessage]) -> None:
    replaced(walker)
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    link(STEFAN, OTHER_NUMBER)
    assert phones.stop(keys_by_mail(mailoutbox, CARIN.mail)[-1], None)
    assert phones.is_blocked(account_of(STEFAN).id)
    walker.log_in(STEFAN)
    assert BLOCKED in text_of(walker.get("/registrera/mobil/"))


def test_g7_who_removes_a_number_that_was_linked_since_has_decided(walker: Walker) -> None:
    """Then the person may register one again, after a month as well."""
    replaced(walker)
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    link(STEFAN, OTHER_NUMBER)
    assert phones.remove(account_of(STEFAN), agent=agent(), reference=REFERENCE, address=None)
    PhoneLink.objects.update(made_at=timezone.now() - timedelta(days=31))
    retention.purge()
    assert not phones.is_blocked(account_of(STEFAN).id)
    time_passes(seconds=61)
    assert walker.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == DONE


def test_g7_a_block_outlives_the_month_for_which_links_are_kept(walker: Walker) -> None:
    """Until an agent decides."""
    replaced(walker)
    assert phones.stop(keys_by_sms(walker.sms, STEFAN.phone)[0], None)
    PhoneLink.objects.update(made_at=timezone.now() - timedelta(days=31))
    assert retention.purge()["links of numbers"] == 0
    assert phones.is_blocked(account_of(STEFAN).id)
    has_number(STEFAN)
    assert retention.purge()["links of numbers"] == 1


def test_g6_a_stop_from_the_accounts_address_gives_the_old_number_back(
    server: TestSlapd, walker: Walker, mailoutbox: list[EmailMessage]
) -> None:
    """Nobody who reads that mail gets a code by it. The owner resets the password that somebody knows."""
    replaced(walker)
    assert phones.stop(keys_by_mail(mailoutbox, STEFAN.mail)[0], None)
    assert (Phone.objects.get().number, Phone.objects.get().usable_from) == (STEFAN.phone, None)
    assert last(Event.PHONE_LINK_STOPPED).result == "account"
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    assert User.objects.get(username=STEFAN.username).removals.count() == 1
