"""A lost phone: an administrator takes the second factor away, and a new one is connected at the next log-in."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import directory, users
from accounts.models import AuditEvent, Authenticator, Event, RecoveryCodes, User
from accounts.staff import second_factor
from deploy.local.cast import PER
from tests.accounts.admin.conftest import Say

LIST = "/admin/accounts/authenticator/"


@pytest.fixture
def per(admin: Client) -> User:
    account = directory.connect().find(PER.username)
    assert account
    user = users.for_account(account)
    Authenticator.objects.create(user=user, name="app", confirmed=True)
    second_factor.make_recovery_codes(user, None)
    return user


def test_who_has_one(admin: Client, per: User, say: Say) -> None:
    assert say(admin.get(LIST), f"{PER.username} ")
    assert not say(admin.get(LIST, {"q": "adm"}), PER.username)
    page = admin.get(f"{LIST}{Authenticator.objects.get(user=per).pk}/change/").content.decode()
    assert Authenticator.objects.get(user=per).key not in page


def test_it_is_taken_away_with_all_sessions(admin: Client, per: User, eva: User, say: Say) -> None:
    path = f"{LIST}{Authenticator.objects.get(user=per).pk}/delete/"
    assert say(admin.get(path), "Appen och återställningskoderna slutar gälla")
    epoch = per.session_epoch
    admin.post(path, {"post": "yes"})
    assert not Authenticator.objects.filter(user=per).exists()
    assert not RecoveryCodes.objects.filter(user=per).exists()
    per.refresh_from_db()
    assert per.session_epoch == epoch + 1
    told = AuditEvent.objects.get(event=Event.SECOND_FACTOR_REMOVED)
    assert (told.actor, told.subject_name, told.address) == (eva.directory_id, PER.username, "127.0.0.1")


def test_nothing_else_can_be_done_to_it(admin: Client, per: User) -> None:
    pk = Authenticator.objects.get(user=per).pk
    assert admin.post(f"{LIST}add/", {"user": per.pk}).status_code == 403
    assert admin.post(f"{LIST}{pk}/change/", {"confirmed": ""}).status_code == 403


@pytest.mark.parametrize("path", ["/admin/accounts/user/", "/admin/auth/group/", "/admin/accounts/recoverycodes/"])
def test_people_and_groups_are_the_directory_s(path: str, admin: Client) -> None:
    assert admin.get(path).status_code == 404
