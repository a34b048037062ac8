"""Who gets the mail, and who is listed in it. Issue 3; design.md "Digest:"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from celery.utils.functional import chunks
from pytest_django import Settings

from deploy.local.cast import CARIN, HEMTJANST_ETT, KARL, MARIA, OMSORG_TVA, PER, STEFAN
from notifications import digests
from notifications.models import Message
from tests.notifications.digest_world import (
    DAY,
    Page,
    blocks,
    hemtjanst_ett,
    lines,
    omsorg_tva,
    runs_out,
    sent,
    somebody,
    told,
)
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

SECOND = "lena@hemtjanst-ett.example"
HELPDESK = "it-helpdesk@orebro.se"


def to_helpdesk() -> Message:
    """The one mail to the helpdesk."""
    (found,) = [message for message in sent() if message.purpose == Message.Topic.DIGEST_TO_HELPDESK]
    return found


def test_no_rows_no_mail(empty_server: TestSlapd) -> None:
    """The manual: "kommer inget mejl"."""
    hemtjanst_ett()
    runs_out(empty_server, STEFAN, DAY + timedelta(29))
    run = digests.run(DAY)
    assert sent() == []
    assert (run.accounts, run.mails) == (0, 0)
    assert run.completed_at


def test_each_recipient_gets_a_mail_of_their_own(empty_server: TestSlapd) -> None:
    hemtjanst_ett(CARIN.mail, SECOND)
    runs_out(empty_server, STEFAN, DAY)
    run = digests.run(DAY)
    assert sorted(message.to for message in sent()) == [CARIN.mail, SECOND]
    assert len({message.uid for message in sent()}) == 2
    assert len({(message.text, message.html) for message in sent()}) == 1
    assert (run.accounts, run.mails) == (1, 2)


def test_a_company_is_told_of_its_own_staff_alone(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    omsorg_tva("chef@omsorg-tva.example")
    runs_out(empty_server, STEFAN, DAY)
    runs_out(empty_server, MARIA, DAY)
    digests.run(DAY)
    assert {message.to: [cells[2] for cells in lines(message)] for message in sent()} == {
        CARIN.mail: [STEFAN.username],
        "chef@omsorg-tva.example": [MARIA.username],
    }


def test_the_companys_value_is_compared_as_directories_do(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    runs_out(empty_server, replace(STEFAN, company=" hemtjänst  ETT ab"), DAY)
    digests.run(DAY)
    assert [message.to for message in sent()] == [CARIN.mail]


@pytest.mark.parametrize("state", ["disabled", "must_change"])
def test_who_is_disabled_or_has_to_change_anyhow_is_not_told(empty_server: TestSlapd, state: str) -> None:
    hemtjanst_ett()
    runs_out(empty_server, STEFAN, DAY, state=state)
    runs_out(empty_server, KARL, DAY)
    digests.run(DAY)
    assert told(sent()) == [(KARL.username, "0")]


def test_numbers_are_looked_up_so_many_at_a_time() -> None:
    """No database takes a query of any length."""
    assert list(chunks(iter(range(5)), 2)) == [[0, 1], [2, 3], [4]]


def test_who_never_has_to_change_is_not_told(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    empty_server.put(replace(PER, company=HEMTJANST_ETT, groups=()))
    assert digests.look(DAY).mails == ()


@pytest.mark.parametrize("state", ["protected", "locked"])
def test_who_is_protected_or_locked_is_told(empty_server: TestSlapd, state: str) -> None:
    hemtjanst_ett()
    runs_out(empty_server, STEFAN, DAY, state=state)
    digests.run(DAY)
    assert told(sent()) == [(STEFAN.username, "0")]


# --- Of whom no recipient is told ----------------------------------------------------------------


def test_staff_of_a_company_without_recipient_are_told_to_the_helpdesk(empty_server: TestSlapd) -> None:
    omsorg_tva()
    runs_out(empty_server, MARIA, DAY + timedelta(7))
    digests.run(DAY)
    (found,) = sent()
    assert (found.to, found.subject) == (HELPDESK, "Utgående lösenord: konton utan mottagare")
    assert found.company is None
    assert (
        f"\n{OMSORG_TVA}\nFöretaget har ingen mottagare. Lägg in en mottagare på företaget i portalen, "
        "och meddela själva företaget den här gången.\n\nFörnamn: Maria\n" in found.text
    )
    assert told([found]) == [(MARIA.username, "7")]


def test_staff_of_an_inactive_company_are_told_to_the_helpdesk(
    empty_server: TestSlapd,
) -> None:
    hemtjanst_ett(active=False)
    runs_out(empty_server, STEFAN, DAY)
    digests.run(DAY)
    (found,) = sent()
    assert found.to == HELPDESK
    assert (
        f"{HEMTJANST_ETT}\nFöretaget är inte aktivt i portalen. Stäng av kontona i katalogen om de inte ska användas "
        "mer. Aktivera annars företaget igen.\n" in found.text
    )


@pytest.mark.parametrize(
    ("value", "heading", "reason"),
    [
        ("Okänt <AB>", "Okänt <AB>", "Inget företag i portalen har det här värdet."),
        ("", "Konton utan företag", "Kontona saknar företag i katalogen."),
    ],
)
def test_who_belongs_to_no_company_is_told_to_the_helpdesk(
    empty_server: TestSlapd, value: str, heading: str, reason: str
) -> None:
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32", company=value), DAY)
    digests.run(DAY)
    (found,) = sent()
    assert found.to == HELPDESK
    assert f"\n{heading}\n{reason} " in found.text
    assert f"{heading} {reason} " in Page(found.html).text


def test_the_helpdesk_gets_one_mail_grouped_by_company(empty_server: TestSlapd) -> None:
    """The most urgent group first, and in each the most urgent person."""
    hemtjanst_ett(active=False)
    omsorg_tva()
    for username, company, left in (
        ("lov1", OMSORG_TVA, 7),
        ("lov2", HEMTJANST_ETT, 3),
        ("lov3", OMSORG_TVA, 1),
        ("lov4", "Nytt AB", 15),
        ("lov5", "", 30),
        ("lov6", "Annat AB", 15),
        ("lov7", "Nytt AB", 30),
    ):
        runs_out(empty_server, somebody(username, company=company), DAY + timedelta(left))
    run = digests.run(DAY)
    found = to_helpdesk()
    assert len(sent()) == run.mails == 1
    assert run.accounts == 7
    assert [cells[2] for cells in lines(found)] == ["lov3", "lov1", "lov2", "lov6", "lov4", "lov7", "lov5"]
    assert blocks(found) == lines(found)
    headings = [OMSORG_TVA, HEMTJANST_ETT, "Annat AB", "Nytt AB", "Konton utan företag"]
    for text in (found.text, Page(found.html).text):
        places = [text.index(heading) for heading in headings]
        assert places == sorted(places)


def test_everybody_is_told_of_to_somebody_once(empty_server: TestSlapd) -> None:
    """Never dropped: whoever's turn it is stands in one company's mail, or in the helpdesk's."""
    hemtjanst_ett(CARIN.mail, SECOND)
    omsorg_tva()
    people = {f"lov{number}": company for number, company in enumerate([HEMTJANST_ETT, OMSORG_TVA, "Nytt AB", ""] * 3)}
    for username, company in people.items():
        runs_out(empty_server, somebody(username, company=company), DAY + timedelta(5))
    digests.run(DAY)
    without_second = [message for message in sent() if message.to != SECOND]
    assert sorted(account for account, _ in told(without_second)) == sorted(people)


def test_the_helpdesks_address_is_the_setting(empty_server: TestSlapd, settings: Settings) -> None:
    settings.HELPDESK_EMAIL = "hjalp@kommunen.example"
    runs_out(empty_server, STEFAN, DAY)
    digests.run(DAY)
    assert to_helpdesk().to == "hjalp@kommunen.example"
    assert "hjalp@kommunen.example" not in to_helpdesk().text, "nobody's password has run out"
