"""`manage.py person_export` and `person_erase`: what the portal holds of a person, shown and erased (Q1)."""

import json
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import codes
from accounts.models import AuditEvent, Authenticator, Event, Orderer, Phone, PhoneLink, Purpose, User
from deploy.local.cast import ANNA, CARIN, EVA, KARL, STEFAN
from helpdesk.models import Ticket
from helpdesk.tickets import questions, states
from helpdesk.tickets.correcting import correct
from helpdesk.tickets.creating import TicketDetails
from notifications.models import Message
from tests.accounts.helpers import last
from tests.accounts.linking import account_of, link
from tests.accounts.staff import Officer
from tests.conftest import Walker, has_number
from tests.helpdesk.asked import NEW_NUMBER, an_agent, ask_for_number
from tests.helpdesk.conftest import Register
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def export(name: str) -> dict[str, Any]:
    out = StringIO()
    call_command("person_export", name, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def erase(name: str) -> str:
    out = StringIO()
    call_command("person_erase", name, stdout=out)
    return out.getvalue()


def everything() -> str:
    """All rows of all tables but the trail, as the database has them, and decrypted."""
    rows: list[Any] = []
    for model in apps.get_models(include_auto_created=True):
        if model is not AuditEvent:
            rows += model._base_manager.values_list()
    return str(rows)


@pytest.fixture
def anna(register: Register, walker: Walker) -> User:
    """Anna has asked for a code, has had a number linked, and Carin's ticket about it is decided."""
    user = has_number(ANNA).user
    walker.ask(ANNA.username)
    asked = ask_for_number(register, account=account_of(ANNA).id)
    link(ANNA, NEW_NUMBER, asked.number)
    states.withdraw(asked.pk, register.carin)
    return user


def test_q1_a_persons_data_can_be_exported(anna: User) -> None:
    found = export(ANNA.username)
    assert (found["id"], found["name"]) == (anna.directory_id, ANNA.username)
    assert found["phone"] == [{**found["phone"][0], "number": NEW_NUMBER}]
    assert found["phone link"][0]["old_number"] == ANNA.phone
    assert [ticket["new_number"] for ticket in found["tickets"]] == [NEW_NUMBER]
    assert found["challenge"][0]["purpose"] == Purpose.RESET
    assert {event["event"] for event in found["trail"]} >= {Event.CODE_SENT, Event.PHONE_LINKED}
    assert found["messages"]
    assert last(Event.PERSON_EXPORTED).subject == anna.directory_id


def test_q1_what_is_exported_opens_nothing(anna: User) -> None:
    Officer(EVA).enrol()
    text = json.dumps([export(ANNA.username), export(EVA.username)])
    app = Authenticator.objects.get()
    for secret in (app.key, *PhoneLink.objects.get().stops, EVA.password):
        assert secret not in text
    assert "nyckel=" not in text


def test_q1_a_person_can_be_erased_and_the_trail_stays(anna: User, register: Register) -> None:
    kept = list(AuditEvent.objects.order_by("pk").values_list())
    told = erase(ANNA.username)
    assert "The person is erased. The trail stays." in told
    held = everything()
    for personal in (anna.directory_id, ANNA.username, ANNA.phone, NEW_NUMBER, ANNA.name, ANNA.mail):
        assert personal not in held, personal
    assert list(AuditEvent.objects.order_by("pk").values_list())[:-1] == kept
    assert last(Event.PERSON_ERASED).subject_name == ANNA.username
    assert set(export(ANNA.username)) == {"id", "name", "trail"}
    assert "Nothing was held but the trail." in erase(ANNA.username)


def test_another_persons_rows_stay(anna: User) -> None:
    has_number(STEFAN)
    erase(ANNA.username)
    assert Phone.objects.get().number == STEFAN.phone


def test_q1_who_was_corrected_into_another_is_erased_too(register: Register) -> None:
    """The ticket is about Karl now. Its timeline says that it was about Anna."""
    one = states.take(ask_for_number(register, account=account_of(ANNA).id).pk, an_agent())
    karl = TicketDetails.from_ticket(one)._replace(
        employee_name=KARL.name, employee_username=KARL.username, account=account_of(KARL).id
    )
    correct(one.pk, an_agent(), karl)
    assert ANNA.username in export(ANNA.username)["corrections"][0]["why"]
    erase(ANNA.username)
    assert ANNA.username not in everything()
    assert Ticket.objects.get().employee_username == KARL.username


def test_an_open_ticket_comes_first(register: Register) -> None:
    has_number(ANNA)
    asked = ask_for_number(register, account=account_of(ANNA).id)
    with pytest.raises(CommandError, match=f"Ticket {asked.number} is open. Decide it first. Nothing was erased."):
        erase(ANNA.username)
    assert Phone.objects.count() == Ticket.objects.count() == 1
    assert not AuditEvent.objects.filter(event=Event.PERSON_ERASED).exists()


def test_whose_account_is_gone_is_found_by_the_last_name(server: TestSlapd) -> None:
    has_number(KARL, NEW_NUMBER)
    server.remove(KARL.username)
    assert export(KARL.username)["phone"][0]["number"] == NEW_NUMBER
    erase(KARL.username)
    with pytest.raises(CommandError, match="Neither the directory nor the portal knows lovkalin01"):
        export(KARL.username)


def test_of_two_who_had_a_name_one_is_named_by_id() -> None:
    ids = ["0" * 8 + f"-0000-0000-0000-00000000000{number}" for number in (1, 2)]
    for each in ids:
        User.objects.create(directory_id=each, username="lovgammal1")
    with pytest.raises(CommandError, match=f"{ids[0]}, {ids[1]}"):
        export("lovgammal1")
    assert export(ids[1])["id"] == ids[1]


def test_q1_an_orderer_is_exported_and_erased(register: Register, server: TestSlapd) -> None:
    asked = ask_for_number(register)
    codes.ask(Purpose.VERIFY, orderer=register.carin, number=CARIN.phone, address=None, actor=an_agent())
    register.carin.name = "Carin Ek-Berg"
    register.carin.save()
    found = export(CARIN.mail)
    assert found["entry in the register"][0]["mobile"] == CARIN.phone
    assert {row["name"] for row in found["history of the register"]} >= {"Carin Ek-Berg"}
    assert [ticket["number"] for ticket in found["tickets"]] == [asked.number]
    erase(CARIN.mail)
    held = everything()
    for personal in ("Carin", CARIN.mail, CARIN.phone):
        assert personal not in held, personal
    assert Ticket.objects.get().employee_name == ANNA.name, "the ticket is about somebody else"
    assert not Orderer.objects.filter(email=CARIN.mail).exists()


def test_q1_questions_and_answers_go_with_the_orderer(register: Register, server: TestSlapd) -> None:
    asked = states.take(ask_for_number(register).pk, an_agent())
    questions.ask(asked.pk, an_agent(), "Är du på plats, Carin?")
    questions.answer(asked.pk, register.carin, "Ja, hälsar Carin.")
    found = export(CARIN.mail)
    assert [step["why"] for step in found["steps"] if "why" in step] == ["Är du på plats, Carin?", "Ja, hälsar Carin."]
    assert f"Fråga om ärende {asked.number}" in [mail["subject"] for mail in found["messages"]]
    erase(CARIN.mail)
    assert "Carin" not in everything()
    assert [entry.why for entry in asked.entries.all()] == ["", "", "", ""]


def test_a_directory_that_is_down_says_so(settings: Any) -> None:
    settings.DIRECTORY_URLS = ["ldaps://127.0.0.1:1"]
    for command in (export, erase):
        with pytest.raises(CommandError, match="The directory did not say who that is"):
            command(ANNA.username)
    assert connection.needs_rollback is False


def test_an_erased_person_can_register_anew(anna: User, walker: Walker) -> None:
    erase(ANNA.username)
    assert not User.objects.filter(username=ANNA.username).exists()
    has_number(ANNA, STEFAN.phone)
    walker.ask(ANNA.username)
    assert Message.objects.filter(about=anna.directory_id).count() == 0
    assert walker.sms.code()
