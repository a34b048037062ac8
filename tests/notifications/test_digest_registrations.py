"""First numbers of accounts without a mail address are told to the company in the next daily mail: security.md G6."""

from __future__ import annotations

from datetime import timedelta

import ldap
import pytest
from django.utils import timezone

from deploy.local.cast import CARIN, KARL, MARIA, STEFAN, Person
from notifications import digests
from notifications.models import Message, UntoldNumber
from tests.accounts.helpers import NEW_NUMBER_TYPED
from tests.accounts.linking import account_of
from tests.conftest import Walker, has_number
from tests.notifications.digest_world import DAY, blocks, hemtjanst_ett, runs_out
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True)]

LINE = f"- Karl Lind (lovkalin01), {timezone.localdate()}"
OWN_MAIL = "Medarbetare har registrerat mobilnummer"


def without_address(server: TestSlapd, person: Person) -> None:
    server.root.modify_s(server.dn(person.username), [(ldap.MOD_REPLACE, "mail", None)])


def told() -> list[Message]:
    return list(Message.objects.filter(purpose=Message.Topic.DIGEST).order_by("pk"))


def test_g6_a_first_registration_stands_in_the_next_daily_mail_once(server: TestSlapd, walker: Walker) -> None:
    """Beneath the manual's five columns, in both parts of the mail."""
    hemtjanst_ett(CARIN.mail, "chef@hemtjanst-ett.example")
    without_address(server, KARL)
    walker.register(KARL, NEW_NUMBER_TYPED)
    runs_out(server, STEFAN, DAY + timedelta(15))
    digests.run(DAY)
    first, second = told()
    for mail in (first, second):
        assert mail.subject == "Utgående lösenord"
        assert LINE in mail.text
        assert mail.text.index("Dagar kvar") < mail.text.index("Nya mobilnummer")
        assert "<strong>Nya mobilnummer:</strong>" in mail.html
        assert LINE.removeprefix("- ") in mail.html
        assert NEW_NUMBER_TYPED[-5:] not in mail.text + mail.html
    assert [row[2] for row in blocks(first)] == [STEFAN.username], "which has the columns of the manual first"
    assert not UntoldNumber.objects.exists()
    runs_out(server, STEFAN, DAY + timedelta(16))
    digests.run(DAY + timedelta(1))
    assert "Nya mobilnummer" not in told()[-1].text


def test_g6_on_a_day_without_a_digest_it_is_a_mail_of_its_own(server: TestSlapd, walker: Walker) -> None:
    """A company whose passwords last for weeks hears of it the next morning, too."""
    hemtjanst_ett(CARIN.mail)
    without_address(server, KARL)
    walker.register(KARL, NEW_NUMBER_TYPED)
    assert [mail.subject for mail in (planned.composed() for planned in digests.look(DAY).mails)] == [OWN_MAIL]
    assert UntoldNumber.objects.count() == 1, "a dry run tells nobody"
    run = digests.run(DAY)
    [mail] = told()
    assert (mail.to, mail.subject, run.mails, run.accounts) == (CARIN.mail, OWN_MAIL, 1, 0)
    assert LINE in mail.text
    digests.run(DAY + timedelta(1))
    assert len(told()) == 1


def test_g6_who_has_a_mail_address_is_told_there_and_not_to_the_company(server: TestSlapd, walker: Walker) -> None:
    hemtjanst_ett(CARIN.mail)
    walker.register(KARL, NEW_NUMBER_TYPED)
    assert [row.to for row in Message.objects.filter(purpose=Message.Topic.PHONE_REGISTERED)] == [KARL.mail]
    digests.run(DAY)
    assert told() == []


def test_a_replaced_number_is_no_first_one(server: TestSlapd, walker: Walker) -> None:
    """The old number is told of it, and asked to stop it."""
    without_address(server, STEFAN)
    has_number(STEFAN)
    walker.register(STEFAN, NEW_NUMBER_TYPED)
    assert not UntoldNumber.objects.exists()


def test_an_account_that_is_gone_or_another_companys_is_told_to_nobody_else(server: TestSlapd) -> None:
    hemtjanst_ett(CARIN.mail)
    for person in (KARL, MARIA):
        without_address(server, person)
        UntoldNumber.objects.create(account=account_of(person).id)
    server.remove(KARL.username)
    digests.run(DAY)
    assert told() == []
    assert not UntoldNumber.objects.exists()
