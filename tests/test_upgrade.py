"""The portal is upgraded from its last release, and back, with a row in every table: nothing is lost on the way."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from helpdesk.models import Ticket, TimelineEntry
from notifications.models import Message
from tests.emptying import as_owner

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RELEASED = {"helpdesk": "0002_mail", "notifications": "0003_mail", "accounts": "0004_mail"}

# What the tables and columns of that release are called now; None: such a column is no more.
MODELS = {
    "helpdesk.request": "helpdesk.ticket",
    "helpdesk.takenup": "helpdesk.readattempt",
    "helpdesk.entry": "helpdesk.timelineentry",
}
FIELDS: dict[str, dict[str, str | None]] = {
    "helpdesk.request": {"staff_name": "employee_name", "staff_username": "employee_username"},
    "helpdesk.entry": {"request_id": "ticket_id"},
    "helpdesk.incomingmail": {"request_id": "ticket_id", "standing": "sender_trust"},
    "helpdesk.verification": {"request_id": "ticket_id", "mobile": "mobile_digest"},
    "helpdesk.confirmation": {"request_id": "ticket_id", "before": "recipients_before"},
    "helpdesk.takenup": {"died": "crashes", "refused": "refusals"},
    "notifications.message": {"claimed_at": None},
    "accounts.challenge": {
        "asked_for": "username",
        "throttling_failure_count": "failures",
        "last_generated_timestamp": "asked_at",
        "throttling_failure_timestamp": None,
        "confirmed": None,
        "name": None,
    },
}
# Names of fields stand in these values as well.
UNREAD, DOUBTS = {"staff_name": "several", "new_number": "unclear"}, ["new_number", "staff_username"]

Rows = dict[str, dict[str, Any]]


@pytest.fixture
def released() -> Iterator[None]:
    """The database as the last release made it; afterwards as it is now."""
    with as_owner():
        for app, migration in RELEASED.items():
            call_command("migrate", app, migration, verbosity=0)
        yield
        call_command("migrate", verbosity=0)


def test_up_and_down_with_a_row_in_every_table(released: None) -> None:
    _fill()
    before = _rows()
    assert len(before) > 30, "every table has a row"
    call_command("migrate", verbosity=0)
    after = _rows()
    for model, row in before.items():
        assert after[MODELS.get(model, model)] == _upgraded(model, row)
    _writes_go_on()
    for app, migration in RELEASED.items():
        call_command("migrate", app, migration, verbosity=0)
    back = _rows()
    assert back["notifications.message"].pop("claimed_at") is None, "it has expired, and nobody is at it"
    del before["notifications.message"]["claimed_at"]
    assert back.pop("accounts.challenge").items() >= _kept(before.pop("accounts.challenge")).items()
    before["accounts.user"]["session_epoch"] += 1
    assert back == before


def test_permissions_and_content_types_of_renamed_models(released: None) -> None:
    """What a group may do with requests it may do with tickets, and no name of before stays behind."""
    old = ContentType.objects.get(app_label="helpdesk", model="request")
    permission = Permission.objects.get(codename="change_request", content_type=old)
    call_command("migrate", verbosity=0)
    ContentType.objects.clear_cache()
    permission.refresh_from_db()
    assert permission.codename == "change_ticket"
    assert permission.content_type == ContentType.objects.get_for_model(Ticket)
    for gone in ("request", "takenup", "entry"):
        assert not ContentType.objects.filter(app_label="helpdesk", model=gone).exists()
        assert not Permission.objects.filter(codename__endswith=f"_{gone}").exists()


def test_tickets_and_messages_on_their_way_stay_so(released: None) -> None:
    """H8: of an open ticket that was changed nobody knows whether its number was, so two agents approve it."""
    call_command("migrate", "helpdesk", "0010_saved_filters", verbosity=0)
    call_command("migrate", "notifications", "0015_questions", verbosity=0)
    with connection.cursor() as cursor:
        for number, state, changed in (
            ("2026-00001", "new", "2026-11-01T06:00Z"),
            ("2026-00002", "new", None),
            ("2026-00003", "done", "2026-11-01T06:00Z"),
        ):
            columns = {"number": number, "kind": "phone", "state": state, "source": "pages", "changed_at": changed}
            columns |= dict.fromkeys(("created_at",), "2026-11-01T06:00Z") | {"unread": "{}", "doubts": "[]"}
            blank = ("company_name", "orderer_name", "employee_name", "employee_username", "account", "new_number")
            columns |= dict.fromkeys((*blank, "recipient1", "recipient2", "text"), "")
            places = ", ".join(["%s"] * len(columns))
            cursor.execute(f"INSERT INTO helpdesk_ticket ({', '.join(columns)}) VALUES ({places})", [*columns.values()])
    key = "request opened 2026-00001"
    useful = datetime(2026, 12, 1, tzinfo=UTC)
    Message.objects.create(kind="mail", purpose="request opened", key=key, to="a@b.example", useful_until=useful)
    call_command("migrate", verbosity=0)
    assert [*Ticket.objects.filter(number_corrected=True).values_list("number", flat=True)] == ["2026-00001"]
    message = Message.objects.get()
    assert (message.purpose, message.key) == (Message.Topic.TICKET_OPENED, "ticket opened 2026-00001")
    assert message.to == "a@b.example"
    call_command("migrate", "notifications", "0015_questions", verbosity=0)
    assert Message.objects.values_list("purpose", "key").get() == ("request opened", key)
    Ticket.objects.all().delete()


def _upgraded(model: str, row: dict[str, Any]) -> dict[str, Any]:
    names = FIELDS.get(model, {})
    wanted = {new: value for name, value in row.items() if (new := names.get(name, name))}
    if model == "helpdesk.request":
        wanted["unread"] = {"employee_name": "several", "new_number": "unclear"}
        wanted["doubts"] = ["new_number", "employee_username"]
        wanted["number_corrected"] = False
    if model == "accounts.user":
        wanted["session_epoch"] += 1  # an agent who signed in by SMS signs in anew
    if model == "accounts.orderer":
        wanted |= {"waits_until": None}
    if model == "accounts.phonelink":
        wanted |= {"blocks": False}
    if model == "helpdesk.signinlink":
        wanted |= {"presented": "", "code_digest": "", "failures": 0, "known": False}
    if model == "accounts.challenge":
        wanted |= {"begun_by": None, "about": "", "withheld": "", "presented": "", "known": False}
        wanted |= {"extensions": 0}
    if model == "accounts.failedtry":
        wanted |= {"known": False}
    return wanted


def _kept(challenge: dict[str, Any]) -> dict[str, Any]:
    """What comes back: sign-in by SMS and the time of the last wrong try do not."""
    lost = ("confirmed", "name", "throttling_failure_timestamp")
    return {name: value for name, value in challenge.items() if name not in lost}


def _writes_go_on() -> None:
    """New rows find the sequences and the keys of the renamed tables."""
    ticket = Ticket.objects.create(number="2026-00099", kind=Ticket.Kind.OTHER, source=Ticket.Source.CALL)
    TimelineEntry.objects.create(
        ticket=ticket, by=TimelineEntry.By.AGENT, what=TimelineEntry.What.OPENED, state=ticket.state
    )
    ticket.delete()


def _models() -> list[type[models.Model]]:
    """Those of the migrations that are applied; without Django's own record of models and permissions."""
    loader = MigrationLoader(connection)
    state = loader.project_state(list(loader.applied_migrations))
    found = state.apps.get_models(include_auto_created=True)
    return [each for each in found if each._meta.label_lower not in ("contenttypes.contenttype", "auth.permission")]


def _rows() -> Rows:
    """The one row of each table that has any."""
    found = {}
    for model in _models():
        fields = [field.attname for field in model._meta.concrete_fields]
        rows = [{name: getattr(row, name) for name in fields} for row in model._base_manager.all()]
        if rows:
            [found[model._meta.label_lower]] = rows
    return found


def _fill() -> None:
    """One row in every table, in the order of the foreign keys."""
    waiting, made = _models(), dict[str, Any]()
    while waiting:
        for model in list(waiting):
            needs = {each.related_model._meta.label_lower for each in _keys(model)} - {model._meta.label_lower}
            if needs & {each._meta.label_lower for each in waiting}:
                continue
            waiting.remove(model)
            # Keys are the database's own, so that the sequences know of them.
            fields = [each for each in model._meta.concrete_fields if not isinstance(each, models.AutoField)]
            values = {each.attname: _value(each, model, made) for each in fields}
            made[model._meta.label_lower] = model._base_manager.create(**values).pk


def _keys(model: type[models.Model]) -> list[Any]:
    return [each for each in model._meta.concrete_fields if each.is_relation]


def _value(field: Any, model: type[models.Model], made: dict[str, Any]) -> Any:
    if special := {"unread": UNREAD, "doubts": DOUBTS}.get(field.name):
        return special
    if field.is_relation:
        label = field.related_model._meta.label_lower
        return Permission.objects.earliest("pk").pk if label == "auth.permission" else made.get(label)
    return _plain_value(field, model)


def _plain_value(field: Any, model: type[models.Model]) -> Any:
    """Of the field's type, and no default."""
    if field.choices:
        return field.choices[-1][0]
    examples: list[tuple[type[models.Field[Any, Any]], Any]] = [
        (models.BooleanField, True),
        (models.DateTimeField, datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
        (models.DateField, date(2026, 11, 1)),
        (models.IntegerField, 7),
        (models.JSONField, ["a value"]),
        (models.UUIDField, uuid.UUID(int=7)),
        (models.GenericIPAddressField, "192.0.2.7"),
        (models.EmailField, f"{field.name}@example.com"),
        (models.TextField, f"{model._meta.model_name} {field.name} åäö"),
    ]
    for kind, example in examples:
        if isinstance(field, kind):
            return example
    return f"{field.name} {model._meta.model_name}"[: field.max_length]
