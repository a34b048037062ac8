"""The portal's own staff is elsewhere in the directory than the people it serves: DIRECTORY_STAFF_BASE."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts import directory, limits
from accounts.directory import connect_staff
from accounts.models import Authenticator, Event, User
from accounts.privacy import retention
from deploy.local.cast import EVA, KARL, STEFAN
from tests.accounts.directory.conftest import KINDS
from tests.accounts.directory.people import set_password
from tests.accounts.helpers import WRONG_LOGIN, last
from tests.accounts.staff import NO_ROLE, Officer, says
from tests.conftest import Walker, has_number
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

Server = TestSlapd | PrivateSamba


@pytest.fixture(params=KINDS, autouse=True)
def server(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Server]:
    """Stefan is in an organisational unit of those who are served; Eva and Karl lie above it."""
    found: Server = request.getfixturevalue(f"{request.param}_settings")
    everybody = settings.DIRECTORY_USER_BASE
    unit = f"ou=LOV,{everybody}"
    found.root.add_s(unit, [("objectClass", [b"organizationalUnit"]), ("ou", [b"LOV"])])
    stefan = found.dn(STEFAN.username) or ""
    found.root.rename_s(stefan, stefan.partition(",")[0], unit)
    settings.DIRECTORY_USER_BASE, settings.DIRECTORY_STAFF_BASE = unit, everybody
    yield found
    directory.reset()
    found.remove(STEFAN.username)
    found.root.delete_s(unit)


def test_an_administrator_from_elsewhere_gets_in(server: Server, settings: Settings) -> None:
    eva = Officer(EVA)
    eva.enrol()
    assert eva.is_in()
    server.put(EVA, disabled=True)
    assert not eva.is_in()
    assert last(Event.ROLE_ENDED).result == "account gone", "it is another account"


def test_unset_it_is_the_base_of_those_who_are_served(settings: Settings) -> None:
    settings.DIRECTORY_STAFF_BASE = ""
    assert says(Officer(EVA).type_password(), WRONG_LOGIN)
    assert says(Officer(STEFAN).type_password(), NO_ROLE)


def test_the_filter_of_those_who_are_served_does_not_hold_there(settings: Settings) -> None:
    settings.DIRECTORY_USER_FILTER = "(sn=Ingen)"
    eva = Officer(EVA)
    eva.enrol()
    assert eva.is_in()
    assert directory.connect().find(STEFAN.username) is None


def test_nothing_else_sees_who_is_there(walker: Walker) -> None:
    """Neither the journeys nor the mails: not even whether the password was right."""
    served = directory.connect()
    for person in (EVA, KARL):
        found = connect_staff().find(person.username)
        assert found
        assert served.find(person.username) is None
        assert served.find(person.mail) is None
        assert served.get(found.id) is None
        assert not served.unlock(found.id)
        assert set_password(served, found.id, "Nytt-Tall-4711") is directory.PasswordChange.NOT_ALLOWED
        assert says(walker.log_in(person), WRONG_LOGIN)
    assert {account.username for account in served.accounts()} == {STEFAN.username}


def test_nobody_is_locked_out_through_this_page(server: Server) -> None:
    """T3: wrong passwords are counted there as elsewhere, those that were typed at a workstation too."""
    eva = connect_staff().find(EVA.username)
    assert eva
    connect_staff().check_password(eva, "Fel-1")
    assert connect_staff().lockout(eva).failures == 1
    for attempt in range(server.lockout_threshold + 2):
        assert says(Officer().type_password(f"fel {attempt}"), WRONG_LOGIN)
    assert server.failures(EVA.username) == limits.password_tries(server.lockout_threshold)[0]


def test_they_are_not_gone_at_night() -> None:
    """Of staff who lie under a base of their own, only who is gone from there, too, is forgotten."""
    eva = Officer(EVA)
    eva.enrol()
    has_number(STEFAN)
    assert retention.purge()["people"] == 0
    assert User.objects.filter(missing_since__isnull=False).count() == 0
    assert Authenticator.objects.count() == 1
    assert eva.is_in()


def test_who_lost_the_app_is_found_by_the_command() -> None:
    Officer(EVA).enrol()
    out = StringIO()
    call_command("reset_second_factor", EVA.username, stdout=out)
    assert "is removed" in out.getvalue()
    assert not Authenticator.objects.exists()


def test_a_base_that_is_none_is_an_outage_and_no_wrong_password(settings: Settings) -> None:
    settings.DIRECTORY_STAFF_BASE = "ou=finns-inte,dc=portal,dc=example"
    assert Officer(EVA).type_password().status_code == 503
    assert directory.connect().find(STEFAN.username)
