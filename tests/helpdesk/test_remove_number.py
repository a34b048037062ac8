"""An agent takes a number away, on the account's page: security.md H4, R6; issue 4, "Accounts"."""

from __future__ import annotations

import uuid
from datetime import timedelta

import ldap
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event, Phone, PhoneLink, PhoneRemoval
from deploy.local.cast import ANNA, CARIN, EVA, STEFAN, Person
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets.decisions import reject
from notifications.models import Message
from tests.accounts.helpers import OTHER_NUMBER, last, purge_trail, text_of, trail
from tests.accounts.linking import account_of, link
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.asked import ask_for_number, in_the_directory, taken, timeline
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import shown_in
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "register")]

WHY = "Telefonen blev stulen i går. Carin Ek sade det när jag ringde tillbaka."
FOLD = "Ta bort det registrerade numret"
MISSING = "Skriv varför numret ska bort, och vem du talade med."


def path(person: Person, verb: str = "") -> str:
    return f"/helpdesk/konton/{account_of(person).id}/{verb}"


def shown(per: Officer, person: Person) -> str:
    """Which number the page tells of, as its form says it."""
    return shown_in(per.get(path(person)))


def remove(per: Officer, person: Person = ANNA, why: str = WHY, number: str = "") -> HttpResponse:
    return per.post(path(person, "ta-bort-nummer/"), why=why, shown=number or shown(per, person))


def test_the_number_goes_and_the_reason_stands_in_a_ticket(per: Officer, register: Register) -> None:
    """None was open: one is, and closed at once. No orderer sees it: who asks may be the one after the account."""
    has_number(ANNA)
    assert remove(per)["Location"] == path(ANNA)
    assert not Phone.objects.exists()
    one = Ticket.objects.get()
    assert (one.kind, one.source, one.state) == ("other", "portal", Ticket.State.DONE)
    assert one.decided_by == in_the_directory(per.person)
    assert timeline(one) == [("opened", "hdpernil"), ("carried out", "hdpernil")]
    assert (one.account, one.employee_username) == (account_of(ANNA).id, ANNA.username)
    assert (one.company, one.company_name, one.orderer) == (None, ANNA.company, None)
    assert one.text == f"Det registrerade numret för lovanber11 är borttaget. Skälet: {WHY}"
    page = text_of(per.get(path(ANNA)))
    assert f"Numret är borttaget, och inga koder går dit längre. Skälet står i ärende {one.number}." in page
    assert f"{one.number} Annat ärende, godkänt och utfört" in page
    assert f"Mobilnummer: borttaget av helpdesk ({one.number})" in page
    assert "Inget nummer är registrerat." in page
    row = last(Event.PHONE_REMOVED)
    assert (row.subject, row.actor, row.result) == (one.account, account_of(per.person).id, one.number)
    assert {row.to for row in Message.objects.filter(purpose=Message.Topic.PHONE_REMOVED)} == {ANNA.mail, CARIN.mail}


def test_with_an_open_ticket_it_is_a_note_there(per: Officer, register: Register) -> None:
    """The newest that is open, also if it is another agent's; nothing else of it changes."""
    has_number(ANNA)
    account = account_of(ANNA).id
    older, one, decided = (ask_for_number(register, account=account, employee_name=name) for name in ("A", "B", "C"))
    agent = in_the_directory(per.person)
    reject(taken(decided, agent).pk, agent, "Nej.")
    remove(per)
    assert timeline(one) == [("opened", "Carin Ek"), ("noted", "hdpernil")]
    assert TimelineEntry.objects.get(what=TimelineEntry.What.NOTED).why.endswith(f"Skälet: {WHY}")
    assert [len(timeline(each)) for each in (older, decided)] == [1, 3]
    one.refresh_from_db()
    assert (one.state, one.agent, Ticket.objects.count()) == (Ticket.State.NEW, None, 3)
    assert last(Event.PHONE_REMOVED).result == one.number


def test_the_reason_is_encrypted_and_in_no_trail(per: Officer, register: Register) -> None:
    """X1, L1: it may name people."""
    has_number(ANNA)
    remove(per)
    for table in ("helpdesk_ticket", "helpdesk_timelineentry", "accounts_auditevent", "notifications_message"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            assert "stulen" not in str(cursor.fetchall())


@pytest.mark.parametrize(("why", "error"), [("  ", MISSING), ("x" * 2001, "Skriv högst 2000 tecken.")])
def test_without_a_reason_nothing_happens(per: Officer, register: Register, why: str, error: str) -> None:
    """The page stays, with what was typed, and the fold-out is open."""
    has_number(ANNA)
    answer = remove(per, why=why)
    assert answer.status_code == 200
    assert text_of(answer).count(error) == 2, "above, and at the field"
    assert '<details class="help" open>' in answer.content.decode()
    assert why.strip() in answer.content.decode()
    assert (Phone.objects.count(), Ticket.objects.count(), trail(Event.PHONE_REMOVED)) == (1, 0, [])


def test_another_number_that_came_meanwhile_stays(per: Officer, register: Register) -> None:
    """A colleague was first, and linked it. What was typed is not lost; a second press is about the new one."""
    has_number(ANNA)
    before = shown(per, ANNA)
    link(ANNA, OTHER_NUMBER)
    answer = remove(per, number=before)
    assert "Kontot har fått ett annat nummer sedan du öppnade sidan. Inget är borttaget." in text_of(answer)
    assert WHY in answer.content.decode()
    assert (Phone.objects.get().number, Ticket.objects.count()) == (OTHER_NUMBER, 0)
    assert remove(per, number=shown_in(answer)).status_code == 302
    assert not Phone.objects.exists()
    assert PhoneLink.objects.get().stops == {}


def test_a_number_that_came_while_the_reason_was_mended_stays(per: Officer, register: Register) -> None:
    """The page that asks for the reason tells nothing of the new one: it still speaks of the one that was shown."""
    has_number(ANNA)
    before = shown(per, ANNA)
    link(ANNA, OTHER_NUMBER)
    answer = remove(per, why=" ", number=before)
    answer = remove(per, number=shown_in(answer))
    assert "Kontot har fått ett annat nummer sedan du öppnade sidan." in text_of(answer)
    assert Phone.objects.get().number == OTHER_NUMBER


def test_the_page_says_who_is_told(per: Officer, register: Register, server: TestSlapd) -> None:
    has_number(ANNA)
    told = "Kontots e-postadress och företagets beställare får veta det, men inte numret."
    assert told in text_of(per.get(path(ANNA)))
    for mail in (None, [b"saknas"]):
        server.root.modify_s(server.dn(ANNA.username), [(ldap.MOD_REPLACE, "mail", mail)])
        assert "så företagets beställare och helpdesks egen brevlåda får veta det" in text_of(per.get(path(ANNA)))


def test_who_links_a_number_afterwards_is_warned(per: Officer, register: Register) -> None:
    """The number that was taken away is told of nothing and can stop nothing."""
    has_number(ANNA)
    remove(per)
    reference = last(Event.PHONE_REMOVED).result
    one = ask_for_number(register, account=account_of(ANNA).id)
    purge_trail()
    warned = f"hdpernil i helpdesk tog bort kontots nummer {timezone.localdate()}, i dag, ärende {reference}."
    assert warned in text_of(per.get(f"/helpdesk/arenden/{one.number}/"))
    PhoneRemoval.objects.update(at=timezone.now() - timedelta(days=31))
    assert "tog bort kontots nummer" not in text_of(per.get(f"/helpdesk/arenden/{one.number}/"))


def test_the_ticket_in_which_the_reason_stands_says_so(per: Officer, register: Register) -> None:
    """The usual case: the agent has the request in hand, and is not sent to another one."""
    has_number(ANNA)
    one = ask_for_number(register, account=account_of(ANNA).id)
    remove(per)
    page = text_of(per.get(f"/helpdesk/arenden/{one.number}/"))
    assert (
        f"tog bort kontots nummer {timezone.localdate()}, i dag, i det här ärendet. Skälet står under Det har hänt."
        in page
    )


def test_who_comes_second_is_told_and_keeps_what_was_typed(per: Officer, register: Register) -> None:
    has_number(ANNA)
    before = shown(per, ANNA)
    remove(per)
    answer = remove(per, why="Telefonen är borta.", number=before)
    assert "Kontot har inget nummer längre. Inget behövde göras." in text_of(answer)
    assert "Telefonen är borta." in answer.content.decode()
    assert (Ticket.objects.count(), TimelineEntry.objects.count()) == (1, 2)
    assert trail(Event.PHONE_REMOVED) == [Event.PHONE_REMOVED]


def test_only_where_there_is_a_number_the_page_offers_it(per: Officer, register: Register) -> None:
    has_number(ANNA)
    assert FOLD in text_of(per.get(path(ANNA)))
    assert FOLD not in text_of(per.get(path(STEFAN)))


def test_a_protected_account_keeps_its_number(per: Officer, register: Register) -> None:
    """R6: with no fold-out, and if somebody posts all the same. Nothing is opened or noted either."""
    phone = has_number(EVA)
    assert FOLD not in text_of(per.get(path(EVA)))
    answer = remove(per, EVA, number=phone.confirmed_at.isoformat())
    assert "Kontot är skyddat. Portalen ändrar inget i det." in text_of(answer)
    assert (Phone.objects.count(), Ticket.objects.count(), trail(Event.PHONE_REMOVED)) == (1, 0, [])


def test_a_disabled_account_can_lose_it(per: Officer, register: Register, server: TestSlapd) -> None:
    """So that it is not there when the account is opened again. Nothing else can be done."""
    server.put(ANNA, disabled=True)
    has_number(ANNA)
    assert remove(per).status_code == 302
    assert not Phone.objects.exists()


def test_a_link_takes_nothing_away_and_nobody_is_no_one(per: Officer, register: Register) -> None:
    has_number(ANNA)
    assert per.get(path(ANNA, "ta-bort-nummer/")).status_code == 405
    assert per.post(f"/helpdesk/konton/{uuid.uuid4()}/ta-bort-nummer/", why=WHY, shown="x").status_code == 404
    assert per.post(f"/helpdesk/konton/{uuid.uuid4()}/ta-bort-nummer/", why="", shown="x").status_code == 404
    assert Phone.objects.exists()


def test_without_the_directory_nothing_is_taken_away(per: Officer, register: Register, server: TestSlapd) -> None:
    has_number(ANNA)
    address, number = path(ANNA, "ta-bort-nummer/"), shown(per, ANNA)
    server.stop()
    try:
        assert per.post(address, why=WHY, shown=number).status_code == 503
    finally:
        server.start()
    assert (Phone.objects.count(), Ticket.objects.count()) == (1, 0)


def test_the_page_takes_few_queries(per: Officer, register: Register) -> None:
    """Must show 4: with a number, a request and a message on it."""
    has_number(ANNA)
    ask_for_number(register, account=account_of(ANNA).id)
    remove(per)
    has_number(ANNA)
    with CaptureQueriesContext(connection) as queries:
        page = per.get(path(ANNA))
    assert FOLD in text_of(page)
    assert "Numret är borttaget" in text_of(page)
    asked = [each["sql"][:200] for each in queries if "SAVEPOINT" not in each["sql"]]
    assert len(asked) <= 14, "\n".join(asked)
