"""The link that stops a number which the helpdesk has linked: security.md H4, G1; issue 4, "On a link"."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Event, Phone, PhoneLink
from accounts.privacy.encryption import digest
from deploy.local.cast import ANNA, CARIN, KARL, STEFAN
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_PASSWORD,
    OTHER_NUMBER,
    binds,
    last,
    normalised,
    text_of,
    time_passes,
    trail,
)
from tests.accounts.linking import account_of, keys_by_mail, keys_by_sms, link
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

Mailbox = list[EmailMultiAlternatives]
DONE = "Det nya numret är stoppat Helpdesk har fått veta det."
ALREADY = "Det nya numret är redan stoppat Helpdesk har fått veta det."
LATE = "Det är för sent att stoppa här Kontakta genast er behöriga beställare (ofta din chef)."


def press(key: str) -> str:
    """Opens the link in a browser of its own, presses the button, and reads the answer."""
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/stoppa/", {"nyckel": key})
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[-1:]
    return text_of(browser.post("/stoppa/", {"nyckel": key, "csrfmiddlewaretoken": token}))  # type: ignore[arg-type]


def test_g7_the_old_number_stops_it_and_neither_gets_codes(walker: Walker) -> None:
    """Without signing in. The old telephone may be a thief's: the page says that an agent decides."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(walker.sms, ANNA.phone)
    page = press(key)
    assert DONE in page
    assert "Inget nummer får koder till kontot nu, inte heller det tidigare." in page
    assert not Phone.objects.exists()
    row = last(Event.PHONE_LINK_STOPPED)
    assert (row.subject, row.company, row.actor, row.result) == (account_of(ANNA).id, ANNA.company, "", "old number")
    assert row.address == "127.0.0.1"
    time_passes(minutes=16)
    walker.ask(ANNA.username)
    assert [to for to, text in walker.sms.messages() if "#" in text] == []


def test_the_accounts_address_stops_it_and_the_old_number_is_back_at_once(
    server: TestSlapd, walker: Walker, mailoutbox: Mailbox
) -> None:
    """The password is reset with a code to the old number."""
    before = has_number(ANNA)
    link(ANNA)
    [key] = keys_by_mail(mailoutbox, ANNA.mail)
    assert DONE in press(key)
    phone = Phone.objects.get()
    assert (phone.number, phone.confirmed_at, phone.usable_from) == (ANNA.phone, before.confirmed_at, None)
    assert phone.number_digest == digest(ANNA.phone, "number")
    assert walker.reset(ANNA, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, ANNA.username, NEW_PASSWORD)
    assert not [text for to, text in walker.sms.messages() if to == NEW_NUMBER and "#" in text]


@pytest.mark.parametrize(("address", "who"), [(ANNA.mail, "account"), (CARIN.mail, "orderer")])
def test_by_mail_the_account_and_the_orderer_stop_it(address: str, who: str, sms: Inbox, mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_mail(mailoutbox, address)
    assert DONE in press(key)
    assert Phone.objects.get().number == ANNA.phone
    kept = PhoneLink.objects.get()
    assert kept.stopped_by == last(Event.PHONE_LINK_STOPPED).result == who
    assert kept.stopped_at


def test_where_no_number_was_there_is_none_again(sms: Inbox, mailoutbox: Mailbox) -> None:
    link(KARL)
    assert DONE in press(keys_by_mail(mailoutbox, CARIN.mail)[0])
    assert not Phone.objects.exists()


def test_it_is_stopped_once(sms: Inbox, mailoutbox: Mailbox) -> None:
    """Whoever reloads the page, or comes second, changes nothing and is not alarmed."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    press(key)
    for later in (key, *keys_by_mail(mailoutbox, ANNA.mail), *keys_by_mail(mailoutbox, CARIN.mail)):
        assert ALREADY in press(later)
    assert trail(Event.PHONE_LINK_STOPPED) == [Event.PHONE_LINK_STOPPED]
    assert PhoneLink.objects.get().stopped_by == "old number"


def test_after_the_hold_it_is_too_late(sms: Inbox) -> None:
    """To the second; and the page says whom to call."""
    has_number(ANNA)
    made = link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    time_passes(seconds=(made.usable_from - timezone.now()).total_seconds())
    assert LATE in press(key)
    assert Phone.objects.get().number == NEW_NUMBER
    assert trail(Event.PHONE_LINK_STOPPED) == []


@pytest.mark.parametrize("key", ["", "x" * 22, "å" * 200, "\x00", "'; --", "1"])
def test_an_unknown_key_stops_nothing(key: str, sms: Inbox) -> None:
    has_number(ANNA)
    link(ANNA)
    assert LATE in press(key)
    assert Phone.objects.get().number == NEW_NUMBER


def test_codes_and_rights_under_way_end(walker: Walker, settings: Settings) -> None:
    """A right to set a password that a number gave which has just come back or gone."""
    has_number(STEFAN)
    link(STEFAN)
    [key] = keys_by_sms(walker.sms, STEFAN.phone)
    # A code that somehow went out during the hold.
    Phone.objects.update(usable_from=timezone.now() - timedelta(seconds=1))
    walker.ask(STEFAN.username)
    walker.enter_code()
    assert DONE in press(key)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"


# --- What opens links, and who looks over the shoulder -----------------------------------------------


def test_opening_the_link_stops_nothing(sms: Inbox) -> None:
    """A mail program that follows links, or a scanner, changes nothing; the page is the same for any key."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    pages = []
    for each in (key, "x" * 22, "y" * 22):
        client = Client()
        assert client.head("/stoppa/", {"nyckel": each}).status_code == 200
        pages.append(normalised(client.get("/stoppa/", {"nyckel": each}), each))  # type: ignore[arg-type]
    assert pages[0][0] == 200
    assert pages[0][2].keys() == {"csrf"}, "no session is begun"
    body = [re.sub(r'value="[^"]*"', "", page[3]) for page in pages]
    assert body[0] == body[1] == body[2]
    assert Phone.objects.get().number == NEW_NUMBER


def test_the_pages_name_nobody(sms: Inbox) -> None:
    """No digit of a number, no user name, no name: whoever holds the telephone now may read it."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    pages = [text_of(Client().get("/stoppa/", {"nyckel": key})), press(key), press(key), press("x")]  # type: ignore[arg-type]
    for page in pages:
        for secret in (ANNA.username, ANNA.surname, "Carin", ANNA.phone[-4:], NEW_NUMBER[-4:], "174"):
            assert secret not in page


def test_it_takes_a_press_of_the_pages_own_button(sms: Inbox) -> None:
    """A form on another site stops nothing; nor does any other method."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    assert Client(enforce_csrf_checks=True).post("/stoppa/", {"nyckel": key}).status_code == 403
    assert Client().post(f"/stoppa/?nyckel={key}").status_code == 200
    assert Client().put("/stoppa/", {"nyckel": key}).status_code == 405
    assert Phone.objects.get().number == NEW_NUMBER


def test_posts_from_one_address_are_limited(sms: Inbox, settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    Client().post("/stoppa/", {"nyckel": "x"})
    assert Client().post("/stoppa/", {"nyckel": "x"}).status_code == 429


def test_a_key_is_in_no_log(sms: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """L2: neither the one that was used nor the one that was not."""
    caplog.set_level("DEBUG")
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    press(key)
    assert key not in caplog.text


def test_a_directory_that_is_down_holds_up_no_stop(server: TestSlapd, sms: Inbox) -> None:
    """U1: who tries to save an account does not wait for the municipality's servers."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    server.slapd.stop()
    assert DONE in press(key)
    assert not Phone.objects.exists()
    assert last(Event.PHONE_LINK_STOPPED).subject_name == ANNA.username


# --- Two links within one hold -----------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1], ids=["with the first link", "with the second"])
def test_a_stop_undoes_both_of_two_links(which: int, sms: Inbox) -> None:
    """A con man who has two numbers linked gets neither rid of the old number's say, nor one of them back."""
    has_number(ANNA)
    link(ANNA, NEW_NUMBER)
    second = link(ANNA, OTHER_NUMBER, "2026-00043")
    assert second.old_number == ANNA.phone, "what is on hold has proved nothing"
    keys = keys_by_sms(sms, ANNA.phone)
    assert len(keys) == 2
    assert keys_by_sms(sms, NEW_NUMBER) == keys_by_sms(sms, OTHER_NUMBER) == []
    assert DONE in press(keys[which])
    assert not Phone.objects.exists()
    assert ALREADY in press(keys[1 - which])
    assert [each.stopped_by for each in PhoneLink.objects.all()] == ["old number", "old number"]
    assert trail(Event.PHONE_LINK_STOPPED) == [Event.PHONE_LINK_STOPPED]


def test_a_link_is_stopped_until_its_own_hold_ends(sms: Inbox, mailoutbox: Mailbox) -> None:
    """As its message says. The second one's says later."""
    has_number(ANNA)
    made = link(ANNA, NEW_NUMBER)
    time_passes(minutes=10)
    link(ANNA, OTHER_NUMBER)
    time_passes(seconds=(made.usable_from - timezone.now()).total_seconds() - 600 + 1)
    first, second = keys_by_mail(mailoutbox, ANNA.mail)
    assert LATE in press(first)
    assert LATE in press(keys_by_sms(sms, ANNA.phone)[0])
    assert Phone.objects.get().number == OTHER_NUMBER
    assert DONE in press(second)
    assert Phone.objects.get().number == ANNA.phone


def test_a_number_whose_hold_is_over_is_what_the_next_link_gives_back(sms: Inbox, mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    link(ANNA, NEW_NUMBER)
    time_passes(minutes=16)
    link(ANNA, OTHER_NUMBER)
    assert len(keys_by_sms(sms, NEW_NUMBER)) == 1
    assert DONE in press(keys_by_mail(mailoutbox, ANNA.mail)[-1])
    assert (Phone.objects.get().number, Phone.objects.get().on_hold) == (NEW_NUMBER, False)
    assert ALREADY not in press(keys_by_sms(sms, ANNA.phone)[0])


def test_after_a_stop_the_number_can_be_linked_anew(sms: Inbox) -> None:
    """Once the helpdesk has talked with both; the old keys have no say in it."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    press(key)
    link(ANNA)
    assert ALREADY in press(key)
    assert Phone.objects.get().number == NEW_NUMBER
    assert len(keys_by_sms(sms, ANNA.phone)) == 1, "it has had its say"


def test_a_link_back_to_the_number_of_before_the_hold(mailoutbox: Mailbox) -> None:
    """The helpdesk sees its mistake: the number is told that it is linked, and a stop gives the same one back."""
    has_number(ANNA)
    link(ANNA, NEW_NUMBER)
    back = link(ANNA, ANNA.phone)
    assert (back.old_number, sorted(back.stops.values())) == (ANNA.phone, ["account", "orderer"])
    assert DONE in press(keys_by_mail(mailoutbox, ANNA.mail)[0])
    assert (Phone.objects.get().number, Phone.objects.get().on_hold) == (ANNA.phone, False)
