"""A digest that waits goes to whoever is a recipient when it is sent. Source: issue 3, "never dropped"."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts import companies
from accounts.models import Company
from deploy.local.cast import CARIN, STEFAN
from notifications import digests
from notifications.models import Message
from notifications.outbox import delivery
from tests.notifications.digest_world import DAY, hemtjanst_ett, runs_out, somebody
from tests.notifications.helpers import a_mail, put, time_passes
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp

pytestmark = pytest.mark.django_db(transaction=True)

TYPO, SECOND, HELPDESK = "carin@hemtjanst-eett.example", "chef@hemtjanst-ett.example", "it-helpdesk@orebro.se"
State, Purpose = Message.Status, Message.Topic


@pytest.fixture
def waiting(smtp: PrivateSmtp, empty_server: TestSlapd) -> Callable[..., Company]:
    """A morning's digest to these recipients that the mail server has asked to wait."""

    def make(*recipients: str) -> Company:
        company = hemtjanst_ett(*recipients)
        runs_out(empty_server, STEFAN, DAY)
        smtp.behave(script=["451 DATA"] * len(recipients))
        digests.run(DAY)
        assert {message.state for message in Message.objects.all()} == {State.WAITING}
        return company

    return make


def recipients(company: Company, *addresses: str) -> None:
    companies.set_recipients(company.pk, addresses, actor=None)


def later() -> None:
    """All that waits is tried again."""
    time_passes(minutes=10)
    for pk in list(Message.objects.filter(state=State.WAITING).order_by("pk").values_list("pk", flat=True)):
        delivery.deliver(pk)


def told(smtp: PrivateSmtp) -> list[str]:
    return sorted(str(mail["To"]) for mail in smtp.mails())


def test_who_is_a_recipient_still_gets_it_however_it_is_written(
    waiting: Callable[..., Company], smtp: PrivateSmtp
) -> None:
    company = waiting(CARIN.mail)
    recipients(company, CARIN.mail.replace("carin@", "Carin@"))
    later()
    assert told(smtp) == [CARIN.mail]
    assert Message.objects.get().state == State.SENT


def test_a_corrected_address_gets_the_mail_and_the_wrong_one_does_not(
    waiting: Callable[..., Company], smtp: PrivateSmtp
) -> None:
    company = waiting(TYPO)
    recipients(company, CARIN.mail)
    later()
    assert told(smtp) == [CARIN.mail]
    wrong, right = Message.objects.order_by("pk")
    assert (wrong.state, wrong.error[:40]) == (State.EXPIRED, "the receiver is no longer a recipient of")
    assert wrong.settled_at
    same = ("purpose", "subject", "text", "html", "company_id", "useful_until")
    assert [getattr(right, name) for name in same[:-1]] == [getattr(wrong, name) for name in same[:-1]]
    assert abs((right.useful_until - wrong.useful_until).total_seconds()) < 60
    assert (right.state, right.to) == (State.SENT, CARIN.mail)


def test_at_each_try(waiting: Callable[..., Company], smtp: PrivateSmtp) -> None:
    company = waiting(TYPO)
    smtp.behave(script=["451 DATA"])
    later()
    assert Message.objects.get().attempts == 2
    recipients(company, CARIN.mail)
    smtp.behave()
    later()
    assert told(smtp) == [CARIN.mail]


def test_who_has_the_days_mail_already_gets_no_second_one(waiting: Callable[..., Company], smtp: PrivateSmtp) -> None:
    company = waiting(TYPO, SECOND)
    recipients(company, SECOND)
    later()
    assert told(smtp) == [SECOND]
    assert sorted(message.state for message in Message.objects.all()) == [State.EXPIRED, State.SENT]


def test_two_new_recipients_get_one_each(waiting: Callable[..., Company], smtp: PrivateSmtp) -> None:
    company = waiting(TYPO, "gammal@hemtjanst-ett.example")
    recipients(company, CARIN.mail, SECOND)
    later()
    assert told(smtp) == [CARIN.mail, SECOND]


def test_who_is_a_recipient_again_gets_it_after_all(waiting: Callable[..., Company], smtp: PrivateSmtp) -> None:
    """Taken off the register and put back while the mails waited."""
    company = waiting(CARIN.mail)
    recipients(company, SECOND)
    smtp.behave(script=["451 DATA"])
    later()
    recipients(company, CARIN.mail)
    smtp.behave()
    later()
    assert told(smtp) == [CARIN.mail]
    assert sorted(message.state for message in Message.objects.all()) == [State.EXPIRED, State.EXPIRED, State.SENT]


def nobody(company: Company) -> None:
    recipients(company)


def not_active(company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(active=False)


def deleted(company: Company) -> None:
    companies.remove(company, actor=None)


@pytest.mark.parametrize("left", [nobody, not_active, deleted])
def test_without_any_recipient_it_is_the_helpdesks_once(
    waiting: Callable[..., Company], smtp: PrivateSmtp, settings: Settings, left: Callable[[Company], None]
) -> None:
    """Never dropped. Two recipients' mails become one."""
    settings.HELPDESK_EMAIL = HELPDESK
    company = waiting(TYPO, SECOND)
    left(company)
    later()
    assert told(smtp) == [HELPDESK]
    sent = Message.objects.get(state=State.SENT)
    assert (sent.purpose, STEFAN.username in sent.text) == (Purpose.DIGEST_TO_HELPDESK, True)
    assert Message.objects.filter(state=State.EXPIRED).count() == 2


def test_the_helpdesks_own_mail_of_the_day_does_not_stand_in_its_way(
    smtp: PrivateSmtp, empty_server: TestSlapd, settings: Settings
) -> None:
    settings.HELPDESK_EMAIL = HELPDESK
    company = hemtjanst_ett(TYPO)
    runs_out(empty_server, STEFAN, DAY)
    runs_out(empty_server, somebody("lovutan1", company="Nytt AB"), DAY)
    smtp.behave(script=["451 DATA"])
    digests.run(DAY)
    nobody(company)
    later()
    assert told(smtp) == [HELPDESK, HELPDESK]


def test_a_mail_that_is_no_digest_of_a_company_is_left_alone(smtp: PrivateSmtp) -> None:
    put(a_mail(purpose=Purpose.PASSWORD_RESET, to=TYPO), a_mail(purpose=Purpose.DIGEST_TO_HELPDESK, to=TYPO))
    assert told(smtp) == [TYPO, TYPO]
