"""A lost phone: an administrator takes the second factor away, and a new one is connected at the next log-in."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import directory, users
from accounts.models import AuditEvent, Authenticator, EnrolmentCode, Event, RecoveryCodes, StaffSession, User
from accounts.staff import second_factor
from deploy.local.cast import EVA, PER, STEFAN
from tests.accounts.admin.conftest import Say
from tests.accounts.staff import Officer
from tests.servers.slapd import TestSlapd

LIST = "/admin/accounts/authenticator/"
ISSUE = f"{LIST}startkod/"
SESSIONS = "/admin/accounts/staffsession/"


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
    assert say(admin.get(path), "Personens app, passkeys och återställningskoder slutar gälla")
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


# --- A code with which a person connects one -----------------------------------------------------


def test_a1_another_administrator_issues_a_code_and_sees_it_once(admin: Client, eva: User, say: Say) -> None:
    assert b'href="/admin/accounts/authenticator/startkod/"' in admin.get(LIST).content
    assert say(admin.get(ISSUE), "Personen får ett mejl om den.")
    page = admin.post(ISSUE, {"username": PER.username})
    assert say(page, f"Startkod för {PER.username}")
    assert "no-store" in page.headers["Cache-Control"]
    found = re.search(r'translate="no">(\d{4} \d{4})</code>', page.content.decode())
    assert found
    assert found[1] not in admin.get(ISSUE).content.decode()
    event = AuditEvent.objects.get(event=Event.ENROLMENT_CODE_ISSUED)
    assert (event.actor, event.subject_name, event.address) == (eva.directory_id, PER.username, "127.0.0.1")
    per = Officer(PER)
    per.type_password()
    assert per.type_enrolment_code(found[1])["Location"] == "/logga-in/kod/"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (EVA.username, "Du kan inte göra en startkod åt dig själv. Be en annan administratör."),
        (EVA.username.upper(), "Du kan inte göra en startkod åt dig själv."),
        (EVA.mail, "Du kan inte göra en startkod åt dig själv."),
        (STEFAN.username, "Kontot tillhör ingen handläggare eller administratör."),
        ("nobody", "Ingen handläggare eller administratör har det användarnamnet."),
        ("", "Skriv personens användarnamn"),
    ],
)
def test_a1_nobody_issues_one_to_themselves_or_to_a_stranger(admin: Client, say: Say, name: str, words: str) -> None:
    assert say(admin.post(ISSUE, {"username": name}), words)
    assert not EnrolmentCode.objects.exists()
    assert not AuditEvent.objects.filter(event=Event.ENROLMENT_CODE_ISSUED).exists()


def test_who_has_a_second_factor_gets_none_before_it_is_removed(admin: Client, per: User, say: Say) -> None:
    """And the page after the removal leads to the code."""
    assert say(admin.post(ISSUE, {"username": PER.username}), "Kontot har redan tvåstegsverifiering.")
    path = f"{LIST}{Authenticator.objects.get(user=per).pk}/delete/"
    page = admin.post(path, {"post": "yes"}, follow=True)
    assert f'href="{ISSUE}?username={PER.username}"' in page.content.decode()
    assert f'value="{PER.username}"' in admin.get(f"{ISSUE}?username={PER.username}").content.decode()
    assert say(admin.post(ISSUE, {"username": PER.username}), f"Startkod för {PER.username}")


def test_a_code_is_issued_by_administrators_alone(server: TestSlapd, db: None) -> None:
    per = Officer(PER)
    per.come_in()
    assert per.post(ISSUE, username=PER.username).status_code == 403
    assert Client().post(ISSUE, {"username": PER.username}).status_code == 302
    assert not EnrolmentCode.objects.exists()


# --- Where they are signed in --------------------------------------------------------------------


def test_a4_an_administrator_ends_anothers_session_and_the_factor_stays(admin: Client, eva: User, say: Say) -> None:
    per = Officer(PER)
    per.come_in()
    row = StaffSession.objects.get(user__username=PER.username)
    assert say(admin.get(SESSIONS), PER.username)
    path = f"{SESSIONS}{row.pk}/delete/"
    assert say(admin.get(path), f"Avsluta inloggningen för {PER.username}?")
    assert say(admin.get(path), "Appen gäller fortfarande")
    admin.post(path, {"post": "yes"})
    assert per.get("/helpdesk/")["Location"] == "/logga-in/?avslutad"
    assert second_factor.is_enrolled(User.objects.get(username=PER.username))
    event = AuditEvent.objects.get(event=Event.SESSION_ENDED)
    assert (event.actor, event.subject_name, event.address) == (eva.directory_id, PER.username, "127.0.0.1")


def test_sessions_are_neither_made_nor_changed_there(admin: Client) -> None:
    row = StaffSession.objects.get()
    assert admin.post(f"{SESSIONS}add/", {"user": row.user_id}).status_code == 403
    assert admin.post(f"{SESSIONS}{row.pk}/change/", {"name": "x"}).status_code == 403
