"""Each look-up of people and each read of a message leaves one event, and no text that was typed (security.md H11)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, Event
from deploy.local.cast import ANNA, CARIN, EVA, KARL, STEFAN
from notifications import outbox
from notifications.models import Message
from tests.accounts.helpers import last, purge_trail, trail
from tests.accounts.linking import account_of
from tests.accounts.staff import Officer
from tests.conftest import Inbox, has_number
from tests.helpdesk.asked import an_agent, ask_for_number, taken
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import path
from tests.helpdesk.mailing import a_mail, ticket_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "register")]

PASSWORD = "Hemligt-Losen-1"
LOOKS = (Event.PEOPLE_SEARCHED, Event.ACCOUNT_LOOKED_UP, Event.MESSAGE_READ)


def looks() -> list[tuple[str, str, str]]:
    """The events of looking: what, about whom, result."""
    rows = AuditEvent.objects.filter(event__in=LOOKS).order_by("pk")
    return list(rows.values_list("event", "subject_name", "result"))


def search(per: Officer, page: str, text: str) -> None:
    """Posts a search, and opens the page that answers it; twice, as people do."""
    answer = per.post(page, q=text)
    for _ in range(2):
        assert per.get(answer["Location"]).status_code == 200


@pytest.fixture
def eva(server: object, db: None) -> Officer:
    officer = Officer(EVA)
    officer.come_in()
    return officer


def test_h11_a_search_of_accounts_by_name_leaves_one_event(per: Officer) -> None:
    """Not one for each row; with the account, if there is only one."""
    search(per, "/helpdesk/konton/", "Lind")
    assert looks() == [(Event.PEOPLE_SEARCHED, "", "accounts, 2 rows")]
    assert (last(Event.PEOPLE_SEARCHED).actor, last(Event.PEOPLE_SEARCHED).address) == (
        account_of(per.person).id,
        "127.0.0.1",
    )
    search(per, "/helpdesk/konton/", KARL.username)
    assert looks()[1:] == [(Event.PEOPLE_SEARCHED, KARL.username, "accounts, 1 rows")]


def test_h11_a_search_by_number_leaves_one_too(per: Officer) -> None:
    has_number(STEFAN)
    search(per, "/helpdesk/konton/", "070-174 06 05")
    assert looks() == [(Event.ACCOUNT_LOOKED_UP, STEFAN.username, "found by number")]
    search(per, "/helpdesk/konton/", "070-174 06 99")
    assert looks()[1:] == [(Event.PEOPLE_SEARCHED, "", "accounts, 0 rows")]


def test_h11_a_search_of_orderers_and_of_tickets_leaves_one_each(per: Officer, register: Register) -> None:
    ask_for_number(register)
    purge_trail()
    search(per, "/helpdesk/nytt/", "carin")
    search(per, "/helpdesk/", ANNA.name)
    assert looks() == [
        (Event.PEOPLE_SEARCHED, CARIN.name, "callers, 1 rows"),
        (Event.PEOPLE_SEARCHED, "", "queue, 1 rows"),
    ]


def test_h11_a_name_that_is_tried_in_a_form_leaves_one(per: Officer, register: Register) -> None:
    """The form says of whom the name is before any ticket is opened."""
    address = f"/helpdesk/nytt/?bestallare={register.olle.pk}&foretag={register.tva.pk}"
    words = {"employee_name": ANNA.name, "employee_username": ANNA.username, "new_number": "070-174 06 90"}
    page = per.post(address, **words)
    assert page.status_code == 200, "Anna is of the other company"
    assert looks() == [(Event.ACCOUNT_LOOKED_UP, ANNA.username, "")]


def test_h11_reading_the_mails_of_a_ticket_leaves_one(per: Officer, sms: Inbox) -> None:
    """Shown again within minutes, it is the same read. A ticket without mail leaves none."""
    one = ticket_of(a_mail())
    purge_trail()
    for _ in range(3):
        per.get(path(one))
    assert looks() == [(Event.MESSAGE_READ, "", f"mail in {one.number}")]
    assert last(Event.MESSAGE_READ).company == CARIN.company


def test_h11_a_ticket_without_mails_has_none_to_read(per: Officer, register: Register) -> None:
    per.get(path(ask_for_number(register)))
    assert looks() == []


def test_h11_the_mail_beside_the_form_leaves_one(per: Officer, sms: Inbox) -> None:
    one = ticket_of(a_mail())
    agent = an_agent()
    taken(one, agent)
    per.post(path(one, "ta/"))
    purge_trail()
    assert per.get(path(one, "uppgifter/")).status_code == 200
    assert [what for what, _who, _result in looks()] == [Event.MESSAGE_READ]


@pytest.mark.parametrize(
    "model", ["accounts/orderer", "accounts/company", "accounts/auditevent", "notifications/message"]
)
def test_h11_a_search_in_an_admin_list_leaves_one(eva: Officer, register: Register, model: str) -> None:
    purge_trail()
    eva.get(f"/admin/{model}/?q=carin+ek")
    assert looks() == [(Event.PEOPLE_SEARCHED, CARIN.name, model.partition("/")[2])]
    eva.get(f"/admin/{model}/")
    assert len(looks()) == 1, "a list without a search is none"


def test_h11_reading_a_message_in_the_admin_leaves_one(eva: Officer, register: Register) -> None:
    made = outbox.mail(
        purpose=Message.Topic.PHONE_REGISTERED,
        to=ANNA.mail,
        subject="Nytt nummer",
        text="Hej!",
        useful=timedelta(days=1),
        company=register.ett,
    )
    made.save()
    purge_trail()
    assert eva.get(f"/admin/notifications/message/{made.pk}/change/").status_code == 200
    assert looks() == [(Event.MESSAGE_READ, "", f"message {made.pk}")]
    assert (last(Event.MESSAGE_READ).actor, last(Event.MESSAGE_READ).company) == (
        account_of(EVA).id,
        "Hemtjänst Ett AB",
    )


def test_h11_what_was_typed_is_kept_nowhere(per: Officer, eva: Officer) -> None:
    """L2: people paste a password into the wrong field."""
    for page in ("/helpdesk/konton/", "/helpdesk/nytt/", "/helpdesk/"):
        search(per, page, PASSWORD)
    for model in ("accounts/orderer", "accounts/auditevent", "notifications/message"):
        eva.get(f"/admin/{model}/?q={PASSWORD}")
    assert len(trail(Event.PEOPLE_SEARCHED)) == 6
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            assert PASSWORD not in str(cursor.fetchall()), table


def test_h11_who_may_not_look_leaves_none(register: Register, carin: Client) -> None:
    assert carin.get("/admin/accounts/orderer/?q=carin").status_code in (302, 403, 404)
    assert looks() == []
