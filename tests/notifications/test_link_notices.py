"""Who gets which notice of a linked number and of a stop: security.md H4; issue 4, "On a link"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import ldap
import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone, translation
from pytest_django import Settings

from accounts import phones
from accounts.models import Orderer, PhoneLink
from deploy.local.cast import ANNA, CARIN, KARL
from idportal.channels import sms as gateways
from idportal.clock import clock, deadline, moment
from notifications import checks
from notifications.models import Message
from tests.accounts.helpers import NEW_NUMBER
from tests.accounts.linking import REFERENCE, keys_by_mail, keys_by_sms, link, orderer
from tests.conftest import Inbox, has_number
from tests.notifications.helpers import in_clear
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server", "sms")]

Mailbox = list[EmailMultiAlternatives]
HELPDESK = "it-helpdesk@orebro.se"
DIGITS = [part for number in (ANNA.phone, NEW_NUMBER) for part in (number[1:], number[3:], number[-7:], number[-4:])]


def told(mails: Mailbox, address: str) -> list[tuple[str, str]]:
    """Subject and text of what went to an address, the same in both parts but for the button."""
    found = []
    for mail in mails:
        if mail.to == [address]:
            [html] = mail.alternatives
            shown = unescape(re.sub(r"<head>.*</head>|<[^>]+>", " ", str(html[0]), flags=re.DOTALL))
            for line in mail.body.splitlines():
                assert " ".join(line.split()).rstrip(":") in " ".join(shown.split()), line
            found.append((str(mail.subject), " ".join(mail.body.split())))
    return found


def texts_to(sms: Inbox, number: str) -> list[str]:
    return [text for to, text in sms.messages() if to == number]


def test_the_new_number_is_told_where_to_go_and_from_when(sms: Inbox, settings: Settings) -> None:
    settings.RESET_HOST = "pwreset.orebro.se"
    made = link(ANNA)
    [text] = texts_to(sms, NEW_NUMBER)
    when = clock(made.usable_from, made.made_at)
    assert text == (
        "Det här numret är nu kopplat till kontot lovanber11. Byt lösenord på pwreset.orebro.se från kl. "
        f"{when}. Gäller det inte dig? Mejla {HELPDESK}"
    )
    assert {row.purpose for row in Message.objects.filter(kind="sms")} == {"phone linked"}


def test_the_old_number_is_told_who_asked_and_how_to_stop_it(sms: Inbox) -> None:
    has_number(ANNA)
    made = link(ANNA)
    [text] = texts_to(sms, ANNA.phone)
    words = "Helpdesk kopplade ett nytt nummer till lovanber11, begärt av Carin Ek. Fel? Stoppa före "
    begins = f"{words}{clock(made.usable_from, made.made_at)}: http://127.0.0.1:8000/stoppa/?nyckel="
    assert re.fullmatch(rf"{re.escape(begins)}\w{{22}}", text)
    length = gateways.septets(text)
    assert length
    assert length <= gateways.SEGMENT


def test_the_account_is_told_by_mail(mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    made = link(ANNA)
    [(subject, text)] = told(mailoutbox, ANNA.mail)
    assert subject == "Ett nytt mobilnummer har kopplats till ditt konto"
    until = deadline(made.usable_from, made.made_at)
    for words in (
        f"kopplade ett nytt mobilnummer till ditt konto lovanber11 den {moment(made.made_at)}.",
        f"Det var Carin Ek, behörig beställare, som begärde det i ärende {REFERENCE}.",
        f"säkerhetskoder till det nya numret från {until}.",
        f"Stoppa då kopplingen före {until}. Du behöver inte logga in.",
        f"Efter {until} går det inte att stoppa kopplingen själv.",
        f"mejla då genast helpdesk: {HELPDESK}. Uppge ärende {REFERENCE}.",
        "Stoppa kopplingen: http://127.0.0.1:8000/stoppa/?nyckel=",
    ):
        assert words in text, words


def test_the_orderer_is_told_by_mail(mailoutbox: Mailbox) -> None:
    """Whoever sits at the orderer's mailbox, or made a call in the orderer's name, may not be the orderer."""
    made = link(ANNA)
    [(subject, text)] = told(mailoutbox, CARIN.mail)
    assert subject == f"Ett nytt mobilnummer har kopplats, ärende {REFERENCE}"
    for words in (
        "till kontot för Anna Berg (lovanber11) den ",
        f"Enligt ärende {REFERENCE} är det du, Carin Ek, som har bett om det.",
        f"Stoppa då kopplingen före {deadline(made.usable_from, made.made_at)}. Du behöver inte logga in.",
        "Stoppa kopplingen: http://127.0.0.1:8000/stoppa/?nyckel=",
        HELPDESK,
    ):
        assert words in text, words


def test_after_a_stop_all_are_told(sms: Inbox, mailoutbox: Mailbox) -> None:
    """The number that is back, the account and the orderer; the new number hears nothing more."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_mail(mailoutbox, ANNA.mail)
    mailoutbox.clear()
    assert phones.stop(key, None)
    assert texts_to(sms, ANNA.phone)[1:] == [
        f"Det nya numret på lovanber11 har stoppats. Ditt nummer gäller igen. Helpdesk vet om det: {HELPDESK}"
    ]
    assert len(texts_to(sms, NEW_NUMBER)) == 1
    [(subject, to_account)] = told(mailoutbox, ANNA.mail)
    assert subject == "Det nya numret på ditt konto har stoppats"
    [(subject, to_orderer)] = told(mailoutbox, CARIN.mail)
    assert subject == f"Ett nytt mobilnummer har stoppats, ärende {REFERENCE}"
    for text in (to_account, to_orderer):
        assert ", med länken i mejlet till kontots adress." in text
        assert "Det nummer som fanns innan gäller igen." in text
        assert "Helpdesk har fått veta det och hör av sig." in text
        assert "/stoppa/" not in text
    assert {row.purpose for row in Message.objects.order_by("-pk")[:3]} == {"phone link stopped"}


def test_g7_after_a_stop_from_the_old_number_all_are_told_that_none_gets_codes(sms: Inbox, mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(sms, ANNA.phone)
    mailoutbox.clear()
    assert phones.stop(key, None)
    assert texts_to(sms, ANNA.phone)[1:] == [
        "Det nya numret på lovanber11 har stoppats. Inget nummer får koder förrän helpdesk har talat med er. "
        f"Helpdesk vet om det: {HELPDESK}"
    ]
    [(_subject, to_account)], [(_other, to_orderer)] = told(mailoutbox, ANNA.mail), told(mailoutbox, CARIN.mail)
    for text in (to_account, to_orderer):
        assert ", med länken i sms:et till det tidigare numret." in text
        assert "Det nya numret gäller inte, och inte heller det tidigare" in text
        assert "Det nummer som fanns innan gäller igen." not in text


def test_after_a_stop_an_account_without_a_number_is_told_that(sms: Inbox, mailoutbox: Mailbox) -> None:
    link(KARL)
    [url] = re.findall(r"nyckel=(\w+)", told(mailoutbox, KARL.mail)[0][1])
    assert phones.stop(url, None)
    assert "Inget nummer fanns innan, så kontot har nu inget nummer." in told(mailoutbox, KARL.mail)[1][1]
    assert len(sms) == 1


def test_who_has_no_mail_address_is_told_by_sms_and_the_orderer_by_mail(
    server: TestSlapd, sms: Inbox, mailoutbox: Mailbox
) -> None:
    server.root.modify_s(server.dn(ANNA.username), [(ldap.MOD_REPLACE, "mail", None)])
    has_number(ANNA)
    link(ANNA)
    assert [mail.to for mail in mailoutbox] == [[CARIN.mail]]
    assert phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    assert [mail.to for mail in mailoutbox if HELPDESK not in mail.to] == [[CARIN.mail]] * 2


def test_an_orderer_who_is_gone_by_then_is_not_told_of_the_stop(sms: Inbox, mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    link(ANNA)
    Orderer.objects.all().delete()
    assert phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
    assert len(told(mailoutbox, CARIN.mail)) == 1
    assert len(told(mailoutbox, ANNA.mail)) == 2


def test_it_is_told_in_swedish_whatever_the_agents_pages_speak(sms: Inbox, mailoutbox: Mailbox) -> None:
    has_number(ANNA)
    with translation.override("en"):
        link(ANNA)
        phones.stop(keys_by_sms(sms, ANNA.phone)[0], None)
        assert translation.get_language() == "en"
    assert all('<html lang="sv">' in str(mail.alternatives[0][0]) for mail in mailoutbox)
    assert len(mailoutbox) >= 4


def test_no_digit_of_a_number_stands_in_it_and_no_key_in_clear(sms: Inbox, mailoutbox: Mailbox) -> None:
    """X1, E3: whoever has the database and not the keys can stop nothing, and reads no number."""
    has_number(ANNA)
    link(ANNA)
    keys = [
        *keys_by_sms(sms, ANNA.phone),
        *re.findall(r"nyckel=(\w+)", " ".join(str(mail.body) for mail in mailoutbox)),
    ]
    assert len(set(keys)) == 3
    phones.stop(keys[0], None)
    words = [text for _to, text in sms.messages()] + [f"{mail.subject} {mail.body}" for mail in mailoutbox]
    said = re.sub(r"nyckel=\w+", "", " ".join(words))
    for digits in DIGITS:
        assert digits not in said, digits
    for key in keys:
        assert key not in in_clear() + str(list(PhoneLink.objects.values()))


# --- Names may be anything, and an SMS is one SMS ----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Carin Ek", "begärt av Carin Ek. Fel?"),
        ("Łukasz Żółć", ""),
        ("Zoé Ñandú-Šimić", "begärt av Zoé Ñandu-Simic. Fel?"),
        ("Иван", ""),
        ("x" * 90, ""),
        ("Ring https://evil.example", ""),
        ("Carin\r\nEk", "begärt av Carin Ek. Fel?"),
        ("%(url)s %s {0}", "begärt av %(url)s %s {0}. Fel?"),
        ("<b>Carin</b>", "begärt av <b>Carin</b>. Fel?"),
    ],
)
def test_the_orderers_name_in_an_sms(name: str, shown: str, sms: Inbox, mailoutbox: Mailbox) -> None:
    """In the alphabet of an SMS, or left out; in a mail it does nothing but stand there."""
    who = orderer()
    Orderer.objects.filter(pk=who.pk).update(name=name)
    has_number(ANNA)
    link(ANNA)
    [text] = texts_to(sms, ANNA.phone)
    length = gateways.septets(text)
    assert length
    assert length <= gateways.SEGMENT
    assert shown in text
    assert bool(shown) == ("begärt av" in text)
    assert "Stoppa före" in text
    assert len(keys_by_sms(sms, ANNA.phone)) == 1
    assert "<b>" not in str(mailoutbox[0].alternatives[0][0])
    assert "https://evil" not in mailoutbox[0].body


@pytest.mark.parametrize(
    ("portal", "text"),
    [
        ("https://losenord.orebro.se", "Helpdesk kopplade ett nytt nummer till lovanber11, begärt av Carin Ek."),
        ("https://losenordsportal.orebro.example", "Nytt nummer är kopplat till lovanber11, begärt av Carin Ek."),
        ("https://losenordsportalen.orebro.example", "Nytt nummer till ditt konto, begärt av Carin Ek. Fel?"),
        (f"https://{'x' * 39}.orebro.example", "Nytt nummer till ditt konto. Fel? Stoppa"),
    ],
)
def test_a_longer_address_leaves_less_room_for_words(portal: str, text: str, settings: Settings, sms: Inbox) -> None:
    """The address is what must be in it; names go first, and it stays one SMS."""
    settings.PORTAL_URL = portal
    assert list(checks.links_can_be_stopped(None)) == []
    settings.PHONE_LINK_HOLD = 1  # a hold that ends tomorrow takes more room, for its date
    has_number(ANNA)
    link(ANNA)
    [found] = texts_to(sms, ANNA.phone)
    assert found.startswith(text)
    assert f": {portal}/stoppa/?nyckel=" in found


def found_by_checks() -> Iterator[str | None]:
    return (message.id for message in checks.links_can_be_stopped(None))


def test_an_address_that_leaves_no_room_is_an_error(settings: Settings) -> None:
    settings.PORTAL_URL = f"https://{'x' * 63}.orebro.example"
    assert list(found_by_checks()) == ["notifications.E003"]


@pytest.mark.parametrize(("seconds", "found"), [(0, ["notifications.W004"]), (299, ["notifications.W004"]), (300, [])])
def test_a_hold_in_which_nobody_can_stop_anything_is_a_warning(
    seconds: int, found: list[str], settings: Settings
) -> None:
    """But of a portal that answers on this machine alone, as the demo does."""
    settings.PHONE_LINK_HOLD = seconds
    settings.LOCAL = True
    assert list(found_by_checks()) == []
    settings.LOCAL = False
    assert list(found_by_checks()) == found


def test_a_hold_that_ends_on_another_day_says_which(settings: Settings, sms: Inbox, mailoutbox: Mailbox) -> None:
    settings.PHONE_LINK_HOLD = 24 * 60 * 60
    has_number(ANNA)
    made = link(ANNA)
    until = timezone.localtime(made.usable_from)
    assert f"Stoppa före {until.day}/{until.month} {until:%H:%M}: " in texts_to(sms, ANNA.phone)[0]
    assert f"före den {moment(made.usable_from)}." in told(mailoutbox, ANNA.mail)[0][1]
