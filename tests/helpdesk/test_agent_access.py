"""Only agents get in below /helpdesk/: everybody else tries every address of it."""

from __future__ import annotations

import ldap
import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, resolve

from accounts.models import AuditEvent, Phone
from deploy.local.cast import ANNA, PER
from helpdesk import urls
from helpdesk.models import Ticket, TimelineEntry
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.asked import ask_for_number
from tests.helpdesk.conftest import Register
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

# What a press of a button does. All others show a page.
POSTS = {
    *("helpdesk-take", "helpdesk-give-back", "helpdesk-note", "helpdesk-send-code", "helpdesk-enter-code"),
    *("helpdesk-called-back", "helpdesk-approve", "helpdesk-reject", "helpdesk-unlock", "helpdesk-forget-tries"),
    *("helpdesk-remove-number", "helpdesk-ask", "helpdesk-read", "helpdesk-save-filter", "helpdesk-remove-filter"),
}
# Whoever has not taken the ticket is led back from the forms that change its details.
LEADS_ON = ("helpdesk-complete", "helpdesk-correct", "helpdesk-next")
FIELDS = {"why": "Därför.", "text": "En anteckning.", "code": "123456"}


@pytest.fixture
def paths(register: Register) -> list[str]:
    """Every address below /helpdesk/, of a request and an account that there are."""
    ticket = ask_for_number(register)
    account = has_number(ANNA).user.directory_id
    found = [_path(pattern, ticket.number, account) for pattern in urls.urlpatterns]
    return [path for path in found if path.startswith("/helpdesk/")]


def _path(pattern: URLPattern, number: str, account: str) -> str:
    return (
        f"/{pattern.pattern}".replace("<ticket:number>", number)
        .replace("<uuid:account_id>", account)
        .replace("<int:pk>", "1")
    )


def name_of(path: str) -> str:
    return resolve(path).url_name or ""


def nothing_happened() -> bool:
    ticket = Ticket.objects.get()
    untouched = ticket.state == Ticket.State.NEW and TimelineEntry.objects.count() == 1
    return untouched and Phone.objects.get().number == ANNA.phone


def answers(client: Client, path: str) -> list[HttpResponse]:
    both = [client.get(path), client.post(path, FIELDS)]
    assert all(isinstance(answer, HttpResponse) for answer in both)
    return both  # type: ignore[return-value]


def sent_to_the_door(answer: HttpResponse) -> bool:
    return answer.status_code == 405 or (
        answer.status_code == 302 and answer["Location"].startswith("/logga-in/") and not answer.content
    )


def test_the_walk_knows_every_address(paths: list[str]) -> None:
    assert {name_of(path) for path in paths} > POSTS
    assert not [path for path in paths if "<" in path]


def test_nobody_gets_in_without_signing_in(paths: list[str], carin: Client) -> None:
    """Nor does an orderer who has signed in on her own pages."""
    for path in paths:
        for client in (Client(), carin):
            opened, sent = answers(client, path)
            assert sent_to_the_door(opened), path
            assert sent_to_the_door(sent), path
            assert 302 in (opened.status_code, sent.status_code), path
    assert nothing_happened()


def test_an_administrator_is_no_agent(paths: list[str]) -> None:
    eva = Officer()
    eva.enrol()
    for path in paths:
        assert [answer.status_code for answer in answers(eva.client, path)] == [403, 403], path
    assert nothing_happened()


def test_with_the_password_alone_nobody_is_in(paths: list[str]) -> None:
    per = Officer(PER)
    per.type_password()
    for path in paths:
        assert all(sent_to_the_door(answer) for answer in answers(per.client, path)), path
    assert nothing_happened()


def test_who_has_left_the_group_is_signed_out_at_the_next_click(
    paths: list[str], per: Officer, server: TestSlapd
) -> None:
    member = (server.dn(PER.username) or "").encode()
    sessions = dict(per.client.cookies)
    server.root.modify_s(settings.DIRECTORY_HELPDESK_GROUP, [(ldap.MOD_DELETE, "member", [member])])
    first = per.post(paths[-1])
    assert first["Location"] == "/logga-in/?slut"
    per.client.cookies.update(sessions)
    for path in paths:
        assert all(sent_to_the_door(answer) for answer in answers(per.client, path)), path
    assert AuditEvent.objects.filter(event="role ended").count() == 1
    assert nothing_happened()


def test_what_does_something_takes_posts_alone(paths: list[str], per: Officer) -> None:
    for path in paths:
        expected = 405 if name_of(path) in POSTS else 302 if name_of(path) in LEADS_ON else 200
        assert per.get(path).status_code == expected, path
    assert nothing_happened()


def test_another_site_s_form_does_nothing(paths: list[str], per: Officer) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = per.client.cookies
    for path in paths:
        assert strict.post(path, FIELDS).status_code in (403, 405), path
        assert name_of(path) not in POSTS or strict.post(path, FIELDS).status_code == 403, path
    assert nothing_happened()
