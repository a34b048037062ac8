"""The link by mail: for whom, how often, how long, and in which browser (security.md E1, S1)."""

from functools import partial

import pytest
from django.conf import settings as django_settings
from django.core import mail

from accounts import limits
from accounts.models import Event
from helpdesk.models import SignInLink
from tests.accounts.helpers import last, text_of
from tests.accounts.test_races import at_once
from tests.helpdesk.conftest import Register
from tests.helpdesk.newcomer import CODE_PAGE, GONE, Change, Newcomer, address_changed, email_of, links_age

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = "Den är redan använd, eller äldre än 15 minuter, eller så är länken ofullständig."
ELSEWHERE = "Skriv koden där du bad om den"


def test_the_mail(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(f"  {email_of(register).upper()}  ")
    letter = mail.outbox[-1]
    words = " ".join(str(letter.body).split())
    assert letter.to == [register.carin.email]
    assert "Skriv koden i den webbläsare där du bad om den." in words
    assert "Är mejlet öppet i samma webbläsare? Då kan du trycka på länken i stället." in words
    assert "Bad du inte om mejlet? Då behöver du inte göra något." in words
    assert "Lämna aldrig ut koden eller länken. Helpdesk frågar aldrig efter dem." in words
    assert "helpdesk" in words
    assert "Carin" not in words, "nobody knows who asked"
    assert f"{django_settings.PORTAL_URL}/bestallare/logga-in/lank/?nyckel=" in words
    assert len(newcomer.token()) >= 22, "128 bits and more"


def test_the_mail_speaks_the_language_of_who_asked(newcomer: Newcomer, register: Register) -> None:
    newcomer.client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    newcomer.ask(email_of(register))
    letter = mail.outbox[-1]
    assert isinstance(letter, mail.EmailMultiAlternatives)
    assert 'lang="en"' in str(letter.alternatives[0][0])


def test_looking_tells_nothing(newcomer: Newcomer, register: Register) -> None:
    """Right, wrong, old or used: in the browser that asked, the same page."""
    newcomer.ask(email_of(register))
    right = newcomer.token()
    pages = [text_of(newcomer.look(token)) for token in (right, "fel", "")]
    links_age(minutes=14)
    newcomer.press(right)
    pages.append(text_of(newcomer.look(right)))
    newcomer.enter()
    pages.append(text_of(newcomer.look(right)).replace("Av säkerhetsskäl", ""))
    assert all("Fortsätt inloggningen" in page for page in pages)
    assert len(set(pages[:4])) == 1


def test_another_browser_can_not_use_it(newcomer: Newcomer, stranger: Newcomer, register: Register) -> None:
    """Bound to the session that asked: who reads the mailbox, or is sent the link, gets nowhere."""
    newcomer.ask(email_of(register))
    assert ELSEWHERE in text_of(stranger.look())
    assert ELSEWHERE in text_of(stranger.press())
    stranger.ask("olle@omsorg-tva.example")
    right = next(letter for letter in mail.outbox if letter.to == [register.carin.email])
    token = str(right.body).split("nyckel=")[1].split()[0]
    assert REFUSED in text_of(stranger.press(token))
    assert len(newcomer.sms) == 0
    assert newcomer.press(token)["Location"] == CODE_PAGE


@pytest.mark.parametrize("token", ["", "fel", "å" * 43, "x" * 100_000])
def test_a_wrong_link(newcomer: Newcomer, register: Register, token: str) -> None:
    newcomer.ask(email_of(register))
    assert REFUSED in text_of(newcomer.press(token))
    assert last(Event.LINK_REFUSED).subject == ""
    assert newcomer.press()["Location"] == CODE_PAGE


def test_single_use(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    another_tab = newcomer.same_browser()
    newcomer.press()
    assert REFUSED in text_of(newcomer.press())
    assert ELSEWHERE in text_of(another_tab.press()), "the session that asked has another id now"
    assert len(newcomer.sms) == 1
    assert newcomer.enter()["Location"] == "/bestallare/", "the second press disturbs nothing"


@pytest.mark.parametrize(("minutes", "good"), [(14.9, True), (15.1, False)])
def test_it_lives_for_fifteen_minutes(newcomer: Newcomer, register: Register, minutes: float, good: bool) -> None:
    newcomer.ask(email_of(register))
    links_age(minutes=10)
    newcomer.get("/bestallare/logga-in/mejlkod/")  # the session itself lives on
    links_age(minutes=minutes - 10)
    answer = newcomer.press()
    assert (answer.status_code == 302) == good
    assert good or REFUSED in text_of(answer)


def test_an_older_link_of_the_same_browser_is_good_as_well(newcomer: Newcomer, register: Register) -> None:
    """Who asks again because the mail takes its time may press whichever comes."""
    newcomer.ask(email_of(register))
    first = newcomer.token()
    links_age(seconds=61)
    newcomer.ask(email_of(register))
    assert newcomer.token() != first
    assert newcomer.press(first)["Location"] == CODE_PAGE


def test_one_a_minute_three_in_ten_ten_a_day(newcomer: Newcomer, register: Register) -> None:
    """K5, for mails; in silence (E1)."""
    for _ in range(2):
        newcomer.ask(email_of(register))
    assert len(mail.outbox) == 1
    for _ in range(4):
        links_age(seconds=61)
        newcomer.ask(email_of(register))
    assert len(mail.outbox) == 3
    for _ in range(12):
        links_age(minutes=11)
        newcomer.ask(email_of(register).upper())
    assert len(mail.outbox) == 10
    assert last(Event.LINK_WITHHELD).result == "too many links to this address"
    newcomer.ask("olle@omsorg-tva.example")
    assert len(mail.outbox) == 11


def test_a_strangers_questions_keep_nobody_out(newcomer: Newcomer, stranger: Newcomer, register: Register) -> None:
    """Counted for each network; a ceiling for all together spares the mailbox."""
    stranger.client.defaults["REMOTE_ADDR"] = "2001:db8:1:2::3"
    for _ in range(15):
        links_age(minutes=11)
        stranger.ask(email_of(register))
    assert len(mail.outbox) == 10
    stranger.client.defaults["REMOTE_ADDR"] = "2001:db8:1:2:ffff::1"  # the same /64
    stranger.ask(email_of(register))
    assert len(mail.outbox) == 10
    assert newcomer.come_in(email_of(register))["Location"] == "/bestallare/"
    links_age(hours=1)
    before = len(mail.outbox)
    for host in range(30):
        stranger.client.defaults["REMOTE_ADDR"] = f"192.0.2.{host}"
        stranger.ask(email_of(register))
    assert len(mail.outbox) == before + limits.LINK_SENDS_IN_ALL[0][0]
    # What was withheld is counted for nobody's network.
    elsewhere = Newcomer(newcomer.sms)  # a browser in which she has not signed in before
    for _ in range(12):
        links_age(seconds=61)
        elsewhere.ask(email_of(register))
    links_age(hours=1)
    elsewhere.ask(email_of(register))
    assert mail.outbox[-1].to == [register.carin.email]
    assert len(mail.outbox) == before + limits.LINK_SENDS_IN_ALL[0][0] + 1


@pytest.mark.parametrize("change", GONE)
def test_no_link_for_who_may_order_nothing(newcomer: Newcomer, register: Register, change: Change) -> None:
    change(register)
    newcomer.ask(email_of(register))
    assert mail.outbox == []
    assert last(Event.LINK_WITHHELD).subject == f"orderer {register.carin.pk}"


@pytest.mark.parametrize("change", [*GONE, address_changed])
def test_a_change_between_link_and_press(newcomer: Newcomer, register: Register, change: Change) -> None:
    newcomer.ask(email_of(register))
    change(register)
    assert REFUSED in text_of(newcomer.press())
    assert len(newcomer.sms) == 0


@pytest.mark.postgresql
def test_of_parallel_presses_one_wins(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    token = newcomer.token()
    browsers = [newcomer.same_browser() for _ in range(8)]
    answers = at_once([partial(browser.press, token) for browser in browsers])
    assert [answer.status_code for answer in answers].count(302) == 1
    assert len(newcomer.sms) == 1


def test_d3_the_orderers_own_browser_has_links_of_its_own(
    newcomer: Newcomer, stranger: Newcomer, register: Register
) -> None:
    """Strangers use up all there are, from her network and others: where she has signed in before, she still does."""
    newcomer.come_in(email_of(register))
    newcomer.post("/bestallare/logga-ut/")
    links_age(minutes=11)
    for network in range(limits.LINK_SENDS_IN_ALL[0][0] + 3):
        stranger.client.defaults["REMOTE_ADDR"] = f"203.0.113.{network}"
        stranger.ask(email_of(register))
    stranger.client.defaults["REMOTE_ADDR"] = "127.0.0.1"
    before = len(mail.outbox)
    stranger.ask(email_of(register))
    assert len(mail.outbox) == before
    assert last(Event.LINK_WITHHELD).result == limits.TOO_MANY_LINKS
    assert newcomer.come_in(email_of(register))["Location"] == "/bestallare/"
    newcomer.ask(email_of(register))
    assert len(mail.outbox) == before + 1, "hers end as well: one a minute"
    links_age(minutes=11)
    sent = len(mail.outbox)
    for _ in range(4):
        newcomer.ask(email_of(register))
        links_age(seconds=61)
    assert len(mail.outbox) == sent + 3, "three in ten minutes"
    assert not SignInLink.objects.exclude(presented="").exists(), "what a browser presents is not kept"


def test_d3_another_orderers_browser_is_a_strangers(newcomer: Newcomer, stranger: Newcomer, register: Register) -> None:
    stranger.come_in(register.olle.email)
    for _ in range(2):
        stranger.ask(email_of(register))
    before = len(mail.outbox)
    newcomer.ask(email_of(register))
    assert len(mail.outbox) == before, "one count for the network"


def test_d3_an_address_asks_for_links_for_twenty_addresses(stranger: Newcomer, register: Register) -> None:
    """Known or not (E1)."""
    for number in range(20):
        assert stranger.ask(f"nej{number}@hemtjanst-ett.example").status_code == 302
    assert stranger.ask(email_of(register)).status_code == 429
    assert stranger.ask("nej0@hemtjanst-ett.example").status_code == 302
    assert len(mail.outbox) == 0
