"""What all administrators are told of staff: enrolments, removals, and new browsers (security.md A1)."""

from __future__ import annotations

import re
from dataclasses import replace

import ldap
import pytest
from django.test import Client

from accounts import directory, limits
from accounts.models import User
from accounts.staff import second_factor
from deploy.local.cast import EVA, KARL, PER, STEFAN
from notifications.models import Message
from tests.accounts.staff import Officer, later
from tests.notifications.test_notices import DATE, Mailbox, has_mail_address, words
from tests.servers.slapd import ADMIN_GROUP, TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

HELPDESK = "it-helpdesk@orebro.se"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def per() -> Officer:
    return Officer(PER)


def becomes_administrator(server: TestSlapd, username: str) -> None:
    server.root.modify_s(ADMIN_GROUP, [(ldap.MOD_ADD, "member", [(server.dn(username) or "").encode()])])


def told(mailoutbox: Mailbox) -> list[tuple[str, str]]:
    """To whom, and what of; the box is empty afterwards."""
    found = sorted((mail.to[0], str(mail.subject)) for mail in mailoutbox)
    mailoutbox.clear()
    return found


def test_a1_an_enrolment_is_told_to_all_administrators(server: TestSlapd, per: Officer, mailoutbox: Mailbox) -> None:
    """Each by a mail of their own; the person is told as before."""
    becomes_administrator(server, STEFAN.username)
    per.enrol()
    subjects = told(mailoutbox)
    assert [to for to, subject in subjects if subject == "En app har kopplats till hdpernil"] == [EVA.mail, STEFAN.mail]
    assert (PER.mail, "En app har kopplats till ditt konto") in subjects
    assert HELPDESK not in dict(subjects)
    assert "Ny inloggning" not in str(subjects), "the mails of the app tell of that sign-in"


def test_a1_a_removal_is_told_to_all_administrators(per: Officer, mailoutbox: Mailbox) -> None:
    per.has_app()
    mailoutbox.clear()
    second_factor.remove(User.objects.get(username=PER.username))
    assert [mail.to for mail in mailoutbox] == [[PER.mail], [EVA.mail]]
    plain, html = words(mailoutbox[1])
    assert plain == html
    assert "Appen och återställningskoderna för kontot hdpernil slutade gälla den" in plain
    assert "behöver personen en startkod" in plain


def test_a1_a_browser_not_seen_before_is_told_once(per: Officer, mailoutbox: Mailbox) -> None:
    """To the person and the administrators, with the browser's name; not at the next sign-in there."""
    per.has_app()
    mailoutbox.clear()
    elsewhere = Officer(PER, Client(headers={"user-agent": FIREFOX}))
    elsewhere.app = per.app
    assert elsewhere.sign_in()["Location"] == "/helpdesk/"
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([PER.mail], "Ny inloggning på ditt konto"),
        ([EVA.mail], "Ny inloggning med hdpernil"),
    ]
    for mail in mailoutbox:
        text, html = words(mail)
        assert text == html
        assert "i en webbläsare där kontot inte har använts förut. Webbläsaren: Firefox, Linux." in text
    elsewhere.leave()
    mailoutbox.clear()
    assert elsewhere.sign_in()["Location"] == "/helpdesk/"
    assert told(mailoutbox) == []
    later(minutes=2)
    third = Officer(PER)
    third.app = per.app
    third.sign_in()
    assert len(mailoutbox) == 2, "another browser is new again"


def test_the_browser_in_which_the_app_was_connected_is_known(per: Officer, mailoutbox: Mailbox) -> None:
    per.enrol()
    per.leave()
    mailoutbox.clear()
    per.sign_in()
    assert told(mailoutbox) == []


def test_a1_who_has_no_address_is_told_through_the_helpdesk(
    server: TestSlapd, per: Officer, mailoutbox: Mailbox
) -> None:
    """One mail there, however many administrators have none; and the others get theirs."""
    for person in (STEFAN, KARL):
        becomes_administrator(server, person.username)
    for username in (STEFAN, KARL, PER):
        has_mail_address(server, username, "")
    per.enrol()
    subject = "En app har kopplats till hdpernil"
    assert told(mailoutbox) == [(EVA.mail, subject), (HELPDESK, subject)]


def test_a1_the_only_administrator_does_not_act_unseen(mailoutbox: Mailbox) -> None:
    """Nobody else is there to be told, so the helpdesk is."""
    eva = Officer(EVA)
    eva.has_app()
    mailoutbox.clear()
    eva.sign_in()
    assert told(mailoutbox) == [(EVA.mail, "Ny inloggning på ditt konto"), (HELPDESK, "Ny inloggning med admeva")]


def test_a1_a_dead_enrolment_code_is_told(per: Officer, mailoutbox: Mailbox) -> None:
    """The right password came first, so it may be a stolen one."""
    per.type_password()
    per.enrolment_code()
    mailoutbox.clear()
    for _ in range(limits.ENROLMENT_TRIES):
        per.type_enrolment_code("00000000")
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([PER.mail], "Din startkod har stoppats"),
        ([EVA.mail], "Startkoden för hdpernil har stoppats"),
    ]
    for mail in mailoutbox:
        text, _html = words(mail)
        assert f"men sedan fel startkod, {limits.ENROLMENT_TRIES} gånger." in text
        assert re.search(rf"Startkoden slutade gälla {DATE}\.", text)


def test_the_administrators_are_those_of_the_directory_now(server: TestSlapd) -> None:
    """Members under other bases, and those that are no people, are passed over; an empty setting has none."""
    connected = directory.connect_staff()
    assert [account.username for account in connected.members_of(ADMIN_GROUP)] == [EVA.username]
    becomes_administrator(server, KARL.username)
    group = [(ldap.MOD_ADD, "member", [b"cn=nobody,dc=elsewhere,dc=example", ADMIN_GROUP.encode()])]
    server.root.modify_s(ADMIN_GROUP, group)
    names = [account.username for account in connected.members_of(ADMIN_GROUP)]
    assert sorted(names) == sorted([EVA.username, KARL.username])
    assert connected.members_of("") == connected.members_of("cn=gone,dc=example") == []


def test_administrators_by_way_of_a_group_in_the_group_are_told(server: TestSlapd) -> None:
    """As they count for the role (A2)."""
    below = f"cn=drift,{ADMIN_GROUP.partition(',')[2]}"
    member = (server.dn(KARL.username) or "").encode()
    server.root.add_s(below, [("objectClass", [b"groupOfNames"]), ("cn", [b"drift"]), ("member", [member])])
    try:
        server.root.modify_s(ADMIN_GROUP, [(ldap.MOD_ADD, "member", [below.encode()])])
        names = [account.username for account in directory.connect_staff().members_of(ADMIN_GROUP)]
        assert sorted(names) == sorted([EVA.username, KARL.username])
    finally:
        server.root.delete_s(below)


def test_a_directory_without_the_group_leaves_the_helpdesk(
    server: TestSlapd, per: Officer, mailoutbox: Mailbox
) -> None:
    """As where it does not answer: the change is made, and somebody hears of it."""
    server.put(replace(EVA, groups=()))
    per.enrol()
    assert (HELPDESK, "En app har kopplats till hdpernil") in told(mailoutbox)
    assert Message.objects.exists()
