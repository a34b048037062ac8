"""Who can write to the database moves no number: what is encrypted is good for its row alone (security.md X2)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.db import connection
from django.test import Client

from accounts.models import Authenticator, Challenge, Event, Orderer, Phone, PhoneLink, Purpose, User
from accounts.privacy import binding, encryption
from accounts.privacy.encryption import Ciphertext, EncryptedTextField, digest, seal, unseal
from deploy.local.cast import KARL, STEFAN
from helpdesk.models import Ticket
from notifications.models import Message
from tests.accounts.helpers import text_of, trail
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

MINE, THEIRS = "+46701740690", "+46701740691"


def user(number: int) -> User:
    return User.objects.create(directory_id=f"7f0c1a52-0469-4c30-8f6e-00000000000{number}", username=f"lov{number}")


def phone(of: User, number: str) -> Phone:
    return Phone.objects.create(user=of, number=number, number_digest=digest(number, "number"))


def column(row: Any, name: str) -> str:
    """What stands in the database itself."""
    with connection.cursor() as cursor:
        table = row._meta.db_table
        cursor.execute(f'SELECT "{name}" FROM {table} WHERE {row._meta.pk.column} = %s', [row.pk])
        return str(cursor.fetchone()[0])


def write(row: Any, **values: Any) -> None:
    """As somebody does who has the database and not the keys."""
    places = ", ".join(f'"{name}" = %s' for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {row._meta.db_table} SET {places} WHERE {row._meta.pk.column} = %s", [*values.values(), row.pk]
        )


@pytest.fixture
def two() -> tuple[Phone, Phone]:
    return phone(user(1), MINE), phone(user(2), THEIRS)


def number_of(row: Phone) -> str:
    number: str = Phone.objects.get(pk=row.pk).number
    return number


def test_x2_a_number_of_another_row_is_none(two: tuple[Phone, Phone]) -> None:
    mine, theirs = two
    digests = {"number_digest": mine.number_digest}
    write(theirs, number=column(mine, "number"), **digests)
    with pytest.raises(InvalidToken):
        number_of(theirs)
    assert number_of(mine) == MINE


def test_x2_a_row_that_is_given_to_another_user_has_no_number(two: tuple[Phone, Phone]) -> None:
    mine, theirs = two
    their_user = theirs.user_id
    theirs.delete()
    write(mine, user_id=their_user)
    with pytest.raises(InvalidToken):
        number_of(mine)


def test_x2_two_users_who_swap_their_accounts_lose_both_numbers(two: tuple[Phone, Phone]) -> None:
    mine, theirs = two
    ids = {row.pk: row.user.directory_id for row in two}
    write(mine.user, directory_id="for a moment")
    write(theirs.user, directory_id=ids[mine.pk])
    write(mine.user, directory_id=ids[theirs.pk])
    for row in two:
        with pytest.raises(InvalidToken):
            number_of(row)


def test_x2_a_digest_of_another_number_is_refused(two: tuple[Phone, Phone]) -> None:
    mine, theirs = two
    write(theirs, number_digest=mine.number_digest)
    with pytest.raises(InvalidToken):
        number_of(theirs)


def test_x2_what_was_written_before_the_binding_is_refused(
    two: tuple[Phone, Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old dump holds such ciphertexts of every number: the migration binds them, and nothing reads them since."""
    old = seal(MINE, "key")
    assert unseal(old, EncryptedTextField().context(None)) == MINE, "this is how they were"
    for row in two:
        write(row, number=old)
        with pytest.raises(InvalidToken):
            number_of(row)


def test_x2_no_field_takes_the_ciphertext_of_another(two: tuple[Phone, Phone]) -> None:
    """The same number, for the same account."""
    mine, _theirs = two
    link = PhoneLink.objects.create(user=mine.user, number=THEIRS, usable_from=mine.confirmed_at)
    write(mine, number=column(link, "number"))
    with pytest.raises(InvalidToken):
        number_of(mine)
    write(link, old_number=column(link, "number"))
    with pytest.raises(InvalidToken):
        PhoneLink.objects.get().old_number  # noqa: B018


@pytest.mark.parametrize(
    "stored",
    ["", MINE, Fernet(Fernet.generate_key()).encrypt(MINE.encode()).decode()],
    ids=["nothing", "clear text", "of another key"],
)
def test_x2_what_the_portal_did_not_write_is_no_number(two: tuple[Phone, Phone], stored: str) -> None:
    write(two[0], number=stored)
    if stored:
        with pytest.raises(InvalidToken):
            number_of(two[0])
    else:
        assert number_of(two[0]) == ""


def test_x2_keys_of_factors_codes_tickets_orderers_and_messages_are_bound() -> None:
    """What would let somebody in as another, or send another's mail to them."""
    one, two = user(1), user(2)
    pairs: list[tuple[Any, Any, tuple[str, ...]]] = [
        (_app(one), _app(two), ("key",)),
        (_challenge(one), _challenge(two), ("number",)),
        (_ticket("2026-00001"), _ticket("2026-00002"), ("new_number", "text")),
        (_orderer("a"), _orderer("b"), ("mobile",)),
        (_message(), _message(), ("to", "text", "html")),
    ]
    for mine, theirs, names in pairs:
        for name in names:
            write(theirs, **{name: column(mine, name)})
            with pytest.raises(InvalidToken):
                getattr(type(theirs)._base_manager.get(pk=theirs.pk), name)
            assert getattr(type(mine)._base_manager.get(pk=mine.pk), name) == getattr(mine, name)


def _app(of: User) -> Authenticator:
    made: Authenticator = Authenticator.objects.create(user=of, name="app")
    return made


def _orderer(name: str) -> Orderer:
    return Orderer.objects.create(name=name, email=f"{name}@example.com", mobile=MINE)


def _challenge(of: User) -> Challenge:
    return Challenge.objects.create(purpose=Purpose.RESET, language="sv", user=of, number=MINE)


def _ticket(number: str) -> Ticket:
    kind, source = Ticket.Kind.PHONE, Ticket.Source.CALL
    return Ticket.objects.create(number=number, kind=kind, source=source, new_number=MINE, text="text")


def _message() -> Message:
    fields = {"kind": Message.Channel.MAIL, "purpose": Message.Topic.SIGN_IN_LINK, "useful_until": "2026-12-01T00:00Z"}
    return Message.objects.create(to="a@example.com", text="text", html="html", **fields)


def test_x2_a_ticket_that_is_about_another_account_has_no_number() -> None:
    ticket = _ticket("2026-00001")
    write(ticket, employee_username="lovstlin32")
    with pytest.raises(InvalidToken):
        Ticket.objects.get().new_number  # noqa: B018


def encrypted_fields() -> list[EncryptedTextField]:
    models = apps.get_models(include_auto_created=True)
    return [field for model in models for field in model._meta.get_fields() if isinstance(field, EncryptedTextField)]


@pytest.mark.parametrize("field", encrypted_fields(), ids=str)
def test_x2_every_encrypted_field_names_what_it_is_bound_to(field: EncryptedTextField) -> None:
    assert field.bound_to is not None
    assert field.bound_to or str(field) == "helpdesk.SignInLink.asked_for", "what nobody can use"
    for path in field.bound_to:
        model = field.model
        for name in path.split("."):
            of: Any = model._meta.get_field(name)
            model = of.related_model or model


def test_a_field_that_is_not_bound_is_an_error_of_the_checks() -> None:
    field = EncryptedTextField()
    field.set_attributes_from_name("a_name")
    field.model = Phone
    assert "accounts.E003" in [message.id for message in field.check()]


def test_text_without_its_row_is_not_taken(two: tuple[Phone, Phone]) -> None:
    with pytest.raises(TypeError, match="save the row"):
        Phone.objects.update(number=MINE)
    with pytest.raises(TypeError, match="save the row"):
        Phone.objects.filter(number=MINE).exists()
    assert MINE not in str(Phone.objects.values())
    assert isinstance(Phone.objects.values_list("number", flat=True)[0], Ciphertext)


def test_a_deferred_number_is_read_by_one_statement(two: tuple[Phone, Phone], django_assert_num_queries: Any) -> None:
    row = Phone.objects.select_related("user").defer("number").get(pk=two[0].pk)
    with django_assert_num_queries(1):
        assert (row.number, row.number) == (MINE, MINE)


# --- What a person sees ---------------------------------------------------------------------------


@pytest.fixture
def moved(openldap_settings: TestSlapd) -> None:
    """Karl, who writes to the database, wants Stefan's codes on his telephone."""
    victim, thief = has_number(STEFAN), has_number(KARL, MINE)
    write(victim, number=column(thief, "number"), number_digest=thief.number_digest)


@pytest.mark.usefixtures("moved")
def test_x2_no_code_goes_to_a_moved_number(walker: Walker, sms: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """The pages are those of everybody (E1); the log says what is wrong."""
    with caplog.at_level(logging.ERROR):
        asked = walker.ask(STEFAN.username)
    assert (asked.status_code, asked["Location"]) == (302, "/aterstall/kod/")
    assert len(sms) == 0
    assert "InvalidToken" in caplog.text
    assert Event.CODE_SENT not in trail()


@pytest.mark.usefixtures("moved")
def test_x2_the_owner_of_a_moved_number_sees_a_clear_page(sms: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    walker = Walker(Client(raise_request_exception=False), sms)
    with caplog.at_level(logging.ERROR):
        walker.log_in(STEFAN)
        page = walker.get("/registrera/mobil/")
    assert page.status_code == 500
    assert "Felet är hos oss. Du har inte gjort något fel." in text_of(page)
    assert "InvalidToken" in caplog.text
    assert MINE not in caplog.text


def _move_the_challenge_to_karl() -> None:
    karl = has_number(KARL, MINE).user
    assert Challenge.objects.update(user=karl) == 1


def test_x2_the_code_of_a_challenge_that_was_moved_is_wrong(server: TestSlapd, walker: Walker) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    _move_the_challenge_to_karl()
    walker.enter_code()
    assert trail()[-1] == Event.CODE_REFUSED
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"


def test_x2_an_accepted_code_that_was_moved_sets_nobodys_password(server: TestSlapd, walker: Walker) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    _move_the_challenge_to_karl()
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert walker.choose("Nytt-Berg-4711")["Location"] == "/aterstall/"


def test_what_is_unbound_by_a_rollback_is_as_the_release_of_then_can_read_it(two: tuple[Phone, Phone]) -> None:
    mine = two[0]
    before: Any = Phone._meta.get_field("number")
    earlier = before.clone()
    earlier.set_attributes_from_name("number")
    earlier.model, earlier.bound_to = Phone, None
    row = Phone.objects.select_related("user").get(pk=mine.pk)
    undone = binding._anew(row, before, earlier)
    assert encryption._earlier_cipher("key", *encryption._keys()).decrypt(undone.encode()).decode() == MINE
    row.__dict__["number"] = Ciphertext(undone)
    assert unseal(binding._anew(row, earlier, before), before.context(row)) == MINE, "and forwards again"
