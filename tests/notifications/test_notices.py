"""Notices to a person about changes to their account: security.md R4, G2."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import ldap
import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone, translation
from pytest_django import Settings

from accounts import directory
from accounts.models import PhoneLink, SendQuota, SmsDay
from accounts.signals import password_reset
from accounts.users import for_account
from deploy.local.cast import KARL, STEFAN, Person
from idportal.channels import sms as gateways
from idportal.clock import clock, deadline
from notifications import notices
from notifications.models import Message
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, NEW_PASSWORD, time_passes, wrong_for
from tests.accounts.linking import keys_by_mail, keys_by_sms
from tests.conftest import Inbox, Walker, has_number
from tests.notifications.helpers import in_clear
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

Mailbox = list[EmailMultiAlternatives]
Purpose = Message.Topic
UNSEEN = "\u2060"  # what parts an address, so that no program makes a link of it
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d"
DATE = r"den \d{1,2} [a-z]+ \d{4} kl\. \d\d:\d\d"


def notices_by_sms(sms: Inbox) -> list[tuple[str, str]]:
    """The SMS that are no codes."""
    return [(number, text) for number, text in sms.messages() if "#" not in text]


def words(mail: EmailMultiAlternatives) -> tuple[str, str]:
    """What is read in each part, in single spaces."""
    [html] = mail.alternatives
    body = re.sub(r"<head>.*</head>", "", str(html[0]), flags=re.DOTALL)
    return " ".join(mail.body.split()), " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_r4_after_a_reset_number_and_mail_address_are_told(walker: Walker, mailoutbox: Mailbox) -> None:
    """R4: what, when, which account, whom to ask."""
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    [(number, text)] = notices_by_sms(walker.sms)
    assert number == STEFAN.phone
    assert re.fullmatch(
        rf"Lösenordet för lovstlin32 byttes {WHEN}\. Var det inte du\? Kontakta genast it-helpdesk@orebro\.se", text
    )
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([STEFAN.mail], "Ditt lösenord har bytts")
    plain, html = words(mail)
    assert re.search(rf"Lösenordet för kontot lovstlin32 byttes {DATE}\.", plain)
    assert (
        "Om det inte var du kan någon annan ha tagit över ditt konto. Kontakta genast it-helpdesk@orebro.se." in plain
    )
    assert plain.endswith("Med vänliga hälsningar Örebro kommun")
    assert html == plain


def test_g2_another_number_is_told_to_the_old_one_and_by_mail(walker: Walker, mailoutbox: Mailbox) -> None:
    """G2: whoever took the account over holds the new number."""
    has_number(STEFAN)
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    [(number, text)] = notices_by_sms(walker.sms)
    assert number == STEFAN.phone
    link = PhoneLink.objects.get()
    in_sms, in_mail = (at(link.usable_from, link.made_at) for at in (clock, deadline))  # with the day, if late
    assert re.fullmatch(
        rf"Mobilnumret för lovstlin32 har bytts\. Var det inte du\? Stoppa före {in_sms}: http://\S+/stoppa/\?nyckel=\w+",
        text,
    )
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([STEFAN.mail], "Ditt mobilnummer har ändrats")
    plain, html = words(mail)
    assert re.search(rf"Mobilnumret för kontot lovstlin32 ändrades {DATE}\.", plain)
    assert f"Stoppa då det nya numret före {in_mail}. Du behöver inte logga in." in plain
    assert f"Säkerhetskoder skickas till det nya numret från {in_mail}" in html
    [by_mail], [by_sms] = keys_by_mail(mailoutbox, STEFAN.mail), keys_by_sms(walker.sms, STEFAN.phone)
    assert by_mail != by_sms


def test_a_first_number_is_told_by_mail(walker: Walker, mailoutbox: Mailbox) -> None:
    walker.register(KARL, NEW_NUMBER_TYPED)
    assert notices_by_sms(walker.sms) == []
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([KARL.mail], "Ett mobilnummer har registrerats för ditt konto")
    plain, html = words(mail)
    assert re.search(rf"Ett mobilnummer registrerades för kontot lovkalin01 {DATE}\.", plain)
    assert html == plain


def test_who_has_no_mail_address_is_told_by_sms_alone(walker: Walker, server: TestSlapd, mailoutbox: Mailbox) -> None:
    has_mail_address(server, STEFAN, "")
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    assert len(notices_by_sms(walker.sms)) == 1
    assert mailoutbox == []
    assert Message.objects.count() == 1


def test_nothing_is_told_of_what_did_not_happen(walker: Walker, mailoutbox: Mailbox) -> None:
    has_number(STEFAN)
    walker.log_in(STEFAN)
    walker.give_number("070-174 06 05")
    walker.give_number(NEW_NUMBER_TYPED)
    walker.enter_register_code(wrong_for(walker.sms.code()))
    walker.ask(STEFAN.username)
    walker.enter_code()
    walker.choose("kort")
    assert (notices_by_sms(walker.sms), mailoutbox, Message.objects.count()) == ([], [], 0)


def test_it_is_told_in_the_language_of_the_pages(walker: Walker, mailoutbox: Mailbox) -> None:
    has_number(STEFAN)
    walker.client.cookies["language"] = "en"
    walker.reset(STEFAN, NEW_PASSWORD)
    assert mailoutbox[0].subject == "Your password has been changed"
    assert words(mailoutbox[0])[1].startswith("Hello! The password of the account lovstlin32 was changed on ")
    assert '<html lang="en">' in str(mailoutbox[0].alternatives[0][0])


def test_a_notice_counts_against_no_limit_of_codes(walker: Walker, settings: Settings) -> None:
    """Else whoever burns the limit could silence it."""
    has_number(STEFAN)
    settings.SMS_DAILY_LIMIT = 1
    walker.reset(STEFAN, NEW_PASSWORD)
    assert len(notices_by_sms(walker.sms)) == 1
    assert SmsDay.today() == 1
    assert sum(len(quota.sent) for quota in SendQuota.objects.all()) == 1


def test_a_mail_server_that_fails_stops_nobody(
    walker: Walker, smtp: PrivateSmtp, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a queue the notices are sent in the request, after the commit; the page comes all the same."""
    settings.EMAIL_PORT = 9
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code()
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert "is tried again later" in caplog.text
    assert Message.objects.get(kind="mail").state == Message.Status.WAITING
    assert Message.objects.get(kind="sms").state == Message.Status.SENT


def test_a_notice_holds_no_secret_no_number_and_no_link(
    walker: Walker, mailoutbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does the row in clear, nor a log. But for the one link that stops a new number (G6).

    Canaries: both passwords, the codes, any part of either number.
    """
    caplog.set_level("DEBUG", "idportal")
    has_number(STEFAN)
    walker.log_in(STEFAN)
    walker.give_number(NEW_NUMBER_TYPED)
    codes = [walker.sms.code()]
    walker.enter_register_code()
    time_passes(minutes=16)
    walker.ask(STEFAN.username)
    codes.append(walker.sms.code())
    walker.enter_code()
    walker.choose(NEW_PASSWORD)
    texts = [text for _number, text in notices_by_sms(walker.sms)]
    told = " ".join([*texts, *(str(mail.message()) for mail in mailoutbox), *(words(mail)[0] for mail in mailoutbox)])
    told = re.sub(r"Message-ID: <[^>]+>|=+\d+==", "", told)
    told = told.replace("=\n", "").replace("=3D", "=")  # of quoted-printable
    told = re.sub(r"""(href=")?http://127\.0\.0\.1:8000/stoppa/\?nyckel=\w+""", "", told)
    assert len(texts) == len(mailoutbox) == 2
    numbers = [part for number in (STEFAN.phone, NEW_NUMBER) for part in (number[1:], number[3:], number[-7:])]
    for secret in (STEFAN.password, NEW_PASSWORD, *codes, *numbers, "http", "www", "href", "://"):
        assert secret not in told, secret
    masked_ids = re.sub(r"[0-9a-f-]{32,}", "", in_clear())
    for secret in (STEFAN.password, NEW_PASSWORD, STEFAN.mail, STEFAN.username, *numbers):
        assert secret not in masked_ids + caplog.text, secret
    assert {row.about for row in Message.objects.all()} == {account_id(STEFAN)}


def has_mail_address(server: TestSlapd, person: Person, address: str) -> None:
    """What the directory holds as such; "": nothing."""
    value = [address.encode()] if address else None
    server.root.modify_s(server.dn(person.username), [(ldap.MOD_REPLACE, "mail", value)])


def account_of(person: Person) -> directory.Account:
    account = directory.connect().find(person.username)
    assert account
    return account


def account_id(person: Person) -> str:
    return account_of(person).id


# --- One SMS, whatever the name is ----------------------------------------------------------------


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("purpose", notices.BY_SMS)
@pytest.mark.parametrize("name", ["x" * 20, "x" * 40, "x" * 64, "x" * 256, "łódź", "a\nb", "{[~]}" * 9, ""])
def test_it_is_one_sms(purpose: Message.Topic, name: str, language: str) -> None:
    """A user name that is too long, or would need another alphabet, is left out; the rest stays."""
    with translation.override(language):
        text = notices.sms_text(purpose, name, timezone.now())
    length = gateways.septets(text)
    assert length
    assert length <= gateways.SEGMENT
    assert "it-helpdesk@orebro.se" in text
    assert "\n" not in text
    assert len(name) > 40 or not name.isascii() or " ".join(name.split()) in text


def test_a_name_that_is_left_out_is_your_account() -> None:
    text = notices.sms_text(Purpose.PASSWORD_RESET, "x" * 256, timezone.now())
    assert text.startswith("Lösenordet för ditt konto byttes ")


@pytest.mark.parametrize("name", ["<b>lov</b>", 'a"b', "lov\r\nBcc: evil@evil.example", "{0}", "%s%(x)s", "{{ 7 }}"])
def test_no_name_does_anything_in_a_notice(name: str, mailoutbox: Mailbox, sms: Inbox) -> None:
    told(replace(account_of(STEFAN), username=name))
    [mail] = mailoutbox
    plain, html = words(mail)
    assert plain == html
    assert " ".join(name.split()) in plain.replace(UNSEEN, "")
    assert "evil@" not in plain, "a mail program would make a link of it"
    assert "<b>" not in str(mail.alternatives[0][0])
    assert "Bcc" not in mail.message()
    shown = "ditt konto" if "@" in name else " ".join(name.split())  # in the alphabet of SMS nothing parts an address
    assert shown in sms.messages()[0][1]


# --- What a directory holds as mail address may be anything ------------------------------------------

ADDRESS = "stefan.lind@hemtjanst-ett.example"


@pytest.mark.parametrize(
    "held",
    [
        f" {ADDRESS} ",
        f"{ADDRESS}\n",
        f"{ADDRESS}, lind@hemtjanst-ett.example",
        f"stefan, lind; {ADDRESS};lind@hemtjanst-ett.example",
        f"Stefan Lind <{ADDRESS}>",
        f"@\r\nBcc: {ADDRESS}",
    ],
)
def test_the_first_address_that_can_be_one_is_told(held: str, mailoutbox: Mailbox) -> None:
    told(replace(account_of(STEFAN), mail=held))
    [mail] = mailoutbox
    assert mail.to == [ADDRESS]
    assert "Bcc" not in mail.message()


@pytest.mark.parametrize("held", ["stefan, lind", "stefan@", "@", "a@b\nc", ",;<>"])
def test_an_address_that_is_none_stops_nobody(held: str, mailoutbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    """The log says whose it is, for whoever looks after the directory, and not what it is."""
    told(replace(account_of(STEFAN), mail=held))
    assert mailoutbox == []
    assert [message.kind for message in Message.objects.all()] == ["sms"]
    words = f"account {account_id(STEFAN)} is not told by mail (password reset): what it has is no mail address"
    assert words in caplog.messages


def told(account: directory.Account) -> None:
    """A password of the account was reset."""
    with transaction.atomic():
        password_reset.send(sender=None, user=for_account(account), account=account, number=STEFAN.phone)
