"""The six digits in the mail, entered where they were asked for (security.md K1 to K3, D1, R2)."""

from functools import partial
from threading import Thread
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts import limits
from accounts.models import Event, FailedTry
from helpdesk.models import SignInLink
from helpdesk.orderer import mailed_codes, sign_in
from tests.accounts.helpers import last, text_of, trail, wrong_for
from tests.accounts.test_races import at_once
from tests.helpdesk.conftest import Register
from tests.helpdesk.newcomer import (
    CODE_PAGE,
    MAILED_CODE_PAGE,
    Newcomer,
    address_changed,
    email_of,
    links_age,
)

pytestmark = pytest.mark.django_db(transaction=True)

WRONG = "Koden stämmer inte eller har gått ut. Kontrollera siffrorna, eller be om ett nytt mejl."
NO_CODE = "Det här mejlet har ingen kod"


def refused(answer: Any) -> bool:
    return answer.status_code == 200 and WRONG in text_of(answer)


def wrong_codes(it: Newcomer, email: str, count: int) -> None:
    """Of as many mails as it takes."""
    for number in range(count):
        if number % limits.CODE_TRIES == 0:
            links_age(minutes=11)
            it.ask(email)
        assert refused(it.enter_mailed(wrong_for(it.mailed_code())))


def test_the_way_in(newcomer: Newcomer, stranger: Newcomer, register: Register) -> None:
    """The mail is read elsewhere, and the link looked at there: the code does in the browser that asked."""
    assert newcomer.ask(email_of(register))["Location"] == MAILED_CODE_PAGE
    assert "Kod från mejlet" in text_of(newcomer.get(MAILED_CODE_PAGE))
    assert "Skriv koden där du bad om den" in text_of(stranger.look())
    seen = [newcomer.session_id()]
    assert newcomer.enter_mailed()["Location"] == CODE_PAGE
    seen.append(newcomer.session_id())
    assert newcomer.sms.messages()[-1][0] == register.carin.mobile
    assert newcomer.enter()["Location"] == "/bestallare/"
    seen.append(newcomer.session_id())
    assert len(set(seen)) == 3, "a new id at each step of trust (S1)"
    told = [Event.LINK_REQUESTED, Event.LINK_SENT, Event.CODE_REQUESTED, Event.CODE_ACCEPTED, Event.LOGIN_DONE]
    assert trail(*told) == told


def test_r2_in_another_browser_it_is_a_wrong_code(newcomer: Newcomer, stranger: Newcomer, register: Register) -> None:
    """Read over the telephone, or out of the mailbox: it is of no use to who did not ask."""
    newcomer.ask(email_of(register))
    code = newcomer.mailed_code()
    assert stranger.enter_mailed(code)["Location"] == "/bestallare/logga-in/", "nothing was asked for there"
    stranger.ask("nej@hemtjanst-ett.example")
    assert refused(stranger.enter_mailed(code))
    links_age(seconds=61)
    stranger.ask(email_of(register))
    assert stranger.mailed_code() == code or refused(stranger.enter_mailed(code))
    assert len(newcomer.sms) == 0
    assert newcomer.enter_mailed(code)["Location"] == CODE_PAGE, "nor do the stranger's tries cost hers"


def test_k1_single_use(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    code, another_tab = newcomer.mailed_code(), newcomer.same_browser()
    newcomer.enter_mailed(code)
    assert newcomer.enter_mailed(code)["Location"] == CODE_PAGE, "the code by SMS is what is asked for now"
    assert another_tab.enter_mailed(code)["Location"] == "/bestallare/logga-in/", "the session has another id now"
    assert len(newcomer.sms) == 1


def test_k1_five_tries_then_it_is_dead_and_the_link_is_not(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    code = newcomer.mailed_code()
    for _ in range(limits.CODE_TRIES):
        assert refused(newcomer.enter_mailed(wrong_for(code)))
    for each in (code, wrong_for(code)):
        assert refused(newcomer.enter_mailed(each))
    ours = FailedTry.objects.filter(subject=f"orderer {register.carin.pk} mail")
    assert ours.count() == limits.CODE_TRIES, "a try at a dead code counts against nobody"
    assert newcomer.press()["Location"] == CODE_PAGE


def test_k1_a_newer_code_kills_the_older(newcomer: Newcomer, register: Register) -> None:
    """In one browser. A request that was withheld makes no code, and kills none."""
    newcomer.ask(email_of(register))
    first = newcomer.mailed_code()
    newcomer.ask(email_of(register))
    newcomer.ask("nej@hemtjanst-ett.example")
    assert len(mail.outbox) == 1
    links_age(seconds=61)
    with mock.patch.object(mailed_codes, "random_number_token", return_value=wrong_for(first)):
        newcomer.ask(email_of(register))
    assert refused(newcomer.enter_mailed(first))
    newcomer.ask(email_of(register))
    assert newcomer.enter_mailed(wrong_for(first))["Location"] == CODE_PAGE


def test_k1_leading_zeros_and_any_way_of_writing(newcomer: Newcomer, register: Register) -> None:
    with mock.patch.object(mailed_codes, "random_number_token", return_value="001234"):
        newcomer.ask(email_of(register))
    for text in ("1234", "00123", "0012345", "abcdef"):
        assert "Koden har sex siffror." in text_of(newcomer.enter_mailed(text))
    assert not FailedTry.objects.exists(), "no try"
    assert "Skriv koden med sex siffror från mejlet." in text_of(newcomer.enter_mailed(""))
    assert newcomer.enter_mailed("001 234")["Location"] == CODE_PAGE


@pytest.mark.parametrize("code_first", [True, False])
def test_of_link_and_code_one_is_good(newcomer: Newcomer, register: Register, code_first: bool) -> None:
    """Whatever the session: the second is refused by the row."""
    newcomer.ask(email_of(register))
    code, token, links = newcomer.mailed_code(), newcomer.token(), newcomer.client.session["links"]
    how: dict[str, Any] = {"language": "sv", "address": None}
    uses = [partial(sign_in.enter_mailed, links, code, **how), partial(sign_in.press, links, token, **how)]
    first, second = uses if code_first else reversed(uses)
    assert first()
    assert second() is None
    assert last(Event.LINK_REFUSED).result == "wrong, old or used"
    assert len(newcomer.sms) == 1


def test_who_begins_again_gets_another_code(newcomer: Newcomer, register: Register) -> None:
    """After the first was used, while the SMS is on its way."""
    newcomer.ask(email_of(register))
    newcomer.enter_mailed()
    links_age(seconds=61)
    newcomer.ask(email_of(register))
    assert newcomer.get(MAILED_CODE_PAGE).status_code == 200
    assert newcomer.enter_mailed()["Location"] == CODE_PAGE
    assert newcomer.enter()["Location"] == "/bestallare/"


def test_k1_ten_wrong_codes_a_day_end_an_orderers_codes_and_no_link(
    newcomer: Newcomer, stranger: Newcomer, register: Register
) -> None:
    """Across mails and browsers: that bounds guessing over time. The mail says so; another orderer has codes."""
    wrong_codes(stranger, email_of(register), limits.CODE_FAILURES_A_DAY - 1)
    links_age(seconds=61)
    newcomer.ask(email_of(register))
    under_way = newcomer.mailed_code()
    assert refused(newcomer.enter_mailed(wrong_for(under_way)))
    assert refused(newcomer.enter_mailed(under_way)), "the tenth ends the code under way, too"
    links_age(minutes=11)
    newcomer.ask(email_of(register))
    assert NO_CODE in " ".join(str(mail.outbox[-1].body).split())
    assert last(Event.LINK_SENT).result == limits.TOO_MANY_WRONG_CODES
    assert refused(newcomer.enter_mailed("123456"))
    assert newcomer.press()["Location"] == CODE_PAGE
    stranger.ask(register.olle.email)
    assert stranger.enter_mailed()["Location"] == CODE_PAGE
    links_age(days=1)
    again = Newcomer(newcomer.sms)
    again.ask(email_of(register))
    assert again.enter_mailed()["Location"] == CODE_PAGE


def test_d1_strangers_wrong_codes_leave_her_own_browser_its_codes(
    newcomer: Newcomer, stranger: Newcomer, register: Register
) -> None:
    newcomer.come_in(email_of(register))
    newcomer.post("/bestallare/logga-ut/")
    wrong_codes(stranger, email_of(register), limits.CODE_FAILURES_A_DAY)
    links_age(minutes=11)
    newcomer.ask(email_of(register))
    assert newcomer.enter_mailed()["Location"] == CODE_PAGE
    wrong_codes(newcomer, email_of(register), limits.CODE_FAILURES_A_DAY)
    links_age(minutes=11)
    newcomer.ask(email_of(register))
    assert NO_CODE in " ".join(str(mail.outbox[-1].body).split()), "hers end as well"


def test_another_address_between_mail_and_code(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    address_changed(register)
    assert refused(newcomer.enter_mailed())
    assert len(newcomer.sms) == 0


def test_k2_a_hash_that_is_moved_to_another_row_opens_nothing(
    newcomer: Newcomer, stranger: Newcomer, register: Register
) -> None:
    """X2: who can write to the database, and reads one mail, signs in as nobody else."""
    stranger.ask(register.olle.email)
    code, own = stranger.mailed_code(), SignInLink.objects.get()
    newcomer.ask(email_of(register))
    SignInLink.objects.exclude(pk=own.pk).update(code_digest=own.code_digest)
    assert refused(newcomer.enter_mailed(code))
    SignInLink.objects.filter(pk=own.pk).update(orderer=register.carin)
    assert refused(stranger.enter_mailed(code))


@pytest.mark.postgresql
def test_k3_parallel_guesses_get_no_more_tries(newcomer: Newcomer, register: Register) -> None:
    """One that comes while another is looked at is not compared, so it needs no counting."""
    newcomer.ask(email_of(register))
    wrong = wrong_for(newcomer.mailed_code())
    compared: list[str] = []
    hash_of = mailed_codes._digest

    def noting(link: SignInLink, code: str) -> str:
        if link.failures < limits.CODE_TRIES:
            compared.append("live" if link.code_digest else "none")
        return hash_of(link, code)

    browsers = [newcomer.same_browser() for _ in range(16)]
    with mock.patch.object(mailed_codes, "_digest", noting):
        answers = at_once([partial(browser.enter_mailed, wrong) for browser in browsers])
    assert all(refused(answer) for answer in answers)
    counted = FailedTry.objects.filter(subject=f"orderer {register.carin.pk} mail").count()
    of_the_code = [each for each in compared if each == "live"]
    assert 1 <= len(of_the_code) == counted == SignInLink.objects.get().failures <= limits.CODE_TRIES


@pytest.mark.postgresql
def test_k3_of_parallel_right_codes_and_presses_one_wins(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    code, token = newcomer.mailed_code(), newcomer.token()
    browsers = [newcomer.same_browser() for _ in range(8)]
    uses = [partial(each.enter_mailed, code) for each in browsers[:4]]
    uses += [partial(each.press, token) for each in browsers[4:]]
    answers = at_once(uses)
    assert [answer.get("Location") for answer in answers].count(CODE_PAGE) == 1
    assert len(newcomer.sms) == 1


@pytest.mark.postgresql
def test_e2_no_try_waits_for_the_task_that_sends_the_mail(newcomer: Newcomer, register: Register) -> None:
    """Which takes longer for an orderer's address: the wait would tell."""
    newcomer.ask(email_of(register))
    answers: list[Any] = []

    def enter() -> None:
        answers.append(newcomer.enter_mailed("123456"))
        connection.close()

    with transaction.atomic():
        list(SignInLink.objects.select_for_update())
        trying = Thread(target=enter)
        trying.start()
        trying.join(timeout=20)
        assert [refused(answer) for answer in answers] == [True]
