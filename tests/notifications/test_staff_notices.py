"""What staff is told of their second factor: the owner must notice what somebody with their password does."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts import limits
from accounts.models import Authenticator, User
from accounts.staff import second_factor
from deploy.local.cast import EVA
from idportal.channels import message_templates
from notifications import notices
from notifications.models import Message
from tests.accounts.staff import Officer, later
from tests.notifications.helpers import in_clear
from tests.notifications.test_notices import DATE, Mailbox, has_mail_address, words
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

Purpose = Message.Topic
STOLEN = (
    "Om det inte var du känner någon annan till ditt lösenord. Kontakta genast it-helpdesk@orebro.se, "
    "och byt lösenordet."
)
HELPDESK = "it-helpdesk@orebro.se"
WRONG_ON_PAPER = "000000000000"


@pytest.fixture
def eva() -> Officer:
    """She has an app, and a browser that she has used before; she has read what she was told of that."""
    officer = Officer(EVA)
    officer.enrol()
    officer.leave()
    return officer


@pytest.fixture
def news(eva: Officer, mailoutbox: Mailbox) -> Mailbox:
    """What comes from now on."""
    mailoutbox.clear()
    Message.objects.all().delete()
    return mailoutbox


def wrong(eva: Officer, times: int, code: str = "") -> None:
    """Somebody with her password types wrong codes, of the app if not another, and waits out each pause."""
    assert eva.app
    for _ in range(times):
        thief = Officer(EVA)
        thief.type_password()
        thief.type_code(code or eva.app.wrong_code())
        later(minutes=10)


def purposes() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("purpose", flat=True))


def read(mail: EmailMultiAlternatives, to: str = EVA.mail) -> str:
    """Both parts, which say the same."""
    plain, html = words(mail)
    assert plain == html
    assert mail.to == [to]
    return plain


def test_who_connects_an_app_is_told_and_of_the_codes_too(mailoutbox: Mailbox) -> None:
    """Whoever knows the password of somebody without an app may be the first to connect one."""
    Officer(EVA).enrol()
    assert [mail.subject for mail in mailoutbox] == [
        "En startkod har gjorts för ditt konto",
        "En app har kopplats till ditt konto",
        "En app har kopplats till admeva",
        "Nya återställningskoder har gjorts för ditt konto",
    ]
    code, app, codes = (read(mail) for mail in mailoutbox if mail.to == [EVA.mail])
    assert re.search(rf"En startkod gjordes för kontot admeva {DATE}\. Den gäller i 24 timmar\.", code)
    assert re.search(rf"En app för engångskoder kopplades till kontot admeva {DATE}\.", app)
    assert re.search(rf"Nya återställningskoder gjordes för kontot admeva {DATE}\.", codes)
    for text in (app, codes):
        assert "Om det inte var du kan någon annan ha tagit över ditt konto. Kontakta genast it-helpdesk@" in text


def test_new_codes_are_told(eva: Officer, news: Mailbox) -> None:
    eva.sign_in()
    eva.post("/logga-in/koder/")
    assert purposes() == [Purpose.RECOVERY_CODES_MADE]
    assert "Tidigare koder gäller inte längre." in read(news[0])


def test_that_the_second_factor_was_removed_is_told_once(eva: Officer, news: Mailbox) -> None:
    user = User.objects.get()
    assert second_factor.remove(user)
    assert not second_factor.remove(user)
    mail, _administrators = news
    assert mail.subject == "Din app för engångskoder har nollställts"
    assert re.search(rf"Appen och återställningskoderna för kontot admeva slutade gälla {DATE}\.", read(mail))
    assert "Om du inte har bett om det kan någon annan försöka ta över ditt konto." in read(mail)


def test_the_third_wrong_code_in_a_row_is_told_once(eva: Officer, news: Mailbox) -> None:
    """Of either kind. The right password with wrong codes is how a stolen password is noticed."""
    wrong(eva, 1)
    wrong(eva, 1, WRONG_ON_PAPER)
    assert news == []
    wrong(eva, 4)
    [mail] = news
    assert mail.subject == "Fel kod har skrivits för ditt konto"
    assert "Någon skrev rätt lösenord för kontot admeva men sedan fel kod, 3 gånger i rad." in read(mail)
    assert STOLEN in read(mail)


def test_a_right_code_begins_the_row_anew(eva: Officer, news: Mailbox) -> None:
    for _ in range(2):
        wrong(eva, limits.FACTOR_FAILURES_TOLD - 1)
        eva.sign_in()
        later(minutes=2)
    assert news == []
    wrong(eva, limits.FACTOR_FAILURES_TOLD)
    assert purposes() == [Purpose.WRONG_CODES]


@pytest.mark.parametrize(
    ("code", "purpose", "sentence"),
    [
        ("", Purpose.APP_STOPPED, "Återställningskoderna stoppas inte av det."),
        (WRONG_ON_PAPER, Purpose.RECOVERY_STOPPED, "Appens koder stoppas inte av det."),
    ],
)
def test_that_codes_are_stopped_is_told_once(
    eva: Officer, news: Mailbox, code: str, purpose: Message.Topic, sentence: str
) -> None:
    """Also if somebody goes on: each wrong code that leaves the day makes room for one more."""
    a_day = limits.RECOVERY_FAILURES_A_DAY if code else limits.FACTOR_FAILURES_A_DAY
    wrong(eva, a_day + 3, code)
    assert purposes() == [Purpose.WRONG_CODES, purpose]
    text = read(news[1])
    assert f"{a_day} gånger på ett dygn." in text
    assert sentence in text
    assert STOLEN in text
    later(hours=23)
    wrong(eva, 3, code)
    assert purposes() == [Purpose.WRONG_CODES, purpose]


def test_a_directory_that_is_down_keeps_nobody_from_taking_a_lost_app_away(
    eva: Officer, news: Mailbox, server: TestSlapd, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows then where to reach the owner, and the log says so."""
    user = User.objects.get()
    server.slapd.stop()
    assert second_factor.remove(user)
    assert Authenticator.objects.count() == 0
    assert [mail.to for mail in news] == [[HELPDESK]], "nor where to reach the administrators"
    expected = f"account {user.directory_id} is not told (factor removed): nobody knows its mail address now"
    assert expected in caplog.messages
    assert f"the directory does not say where to reach account {user.directory_id}" in caplog.text


def test_who_has_no_mail_address_signs_in_all_the_same(
    server: TestSlapd, caplog: pytest.LogCaptureFixture, mailoutbox: Mailbox
) -> None:
    """A1: and the administrators are told all the same."""
    has_mail_address(server, EVA, "")
    officer = Officer(EVA)
    officer.enrol()
    assert officer.is_in()
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [([HELPDESK], "En app har kopplats till admeva")]
    assert "(app connected): it has no mail address" in caplog.text


def test_they_hold_no_code_no_key_and_no_link(eva: Officer, mailoutbox: Mailbox) -> None:
    wrong(eva, limits.FACTOR_FAILURES_A_DAY)
    second_factor.remove(User.objects.get())
    assert eva.app
    told = " ".join(read(mail, mail.to[0]) for mail in mailoutbox)
    assert purposes() == [
        *(Purpose.ENROLMENT_ISSUED, Purpose.APP_CONNECTED, Purpose.APP_CONNECTED, Purpose.RECOVERY_CODES_MADE),
        *(Purpose.WRONG_CODES, Purpose.APP_STOPPED, Purpose.FACTOR_REMOVED, Purpose.FACTOR_REMOVED),
    ]
    for secret in (EVA.password, eva.app.secret, eva.app.wrong_code(), *eva.recovery_codes, "http", "://"):
        assert secret not in told + in_clear(), secret


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(
    "purpose",
    [
        *(Purpose.PASSWORD_RESET, Purpose.PHONE_REPLACED, Purpose.PHONE_REGISTERED),
        *(Purpose.APP_CONNECTED, Purpose.RECOVERY_CODES_MADE, Purpose.FACTOR_REMOVED),
        *(Purpose.WRONG_CODES, Purpose.APP_STOPPED, Purpose.RECOVERY_STOPPED),
        *(Purpose.ENROLMENT_ISSUED, Purpose.ENROLMENT_STOPPED, Purpose.NEW_BROWSER),
    ],
)
def test_every_sentence_is_filled_in(purpose: Message.Topic, language: str) -> None:
    text = " ".join(
        message_templates.mail(notices.event_of(purpose), language, {"account": EVA.username, "at": timezone.now()})[:2]
    )
    assert "%" not in text
    assert EVA.username in text
    assert "it-helpdesk@orebro.se" in text
