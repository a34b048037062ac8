"""Helpers for the tests of the journeys: passing time, the trail, binds past the portal, pages as text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import ldap
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.db.models import F, Model
from django.http import HttpRequest, HttpResponse
from django.test import Client

from accounts.models import (
    AuditEvent,
    Challenge,
    EnrolmentCode,
    Event,
    FailedTry,
    Phone,
    PhoneLink,
    SendQuota,
    StaffSession,
    TriesForgotten,
)
from accounts.privacy import encryption
from accounts.sessions import journeys
from accounts.sessions.store import SessionStore, salt
from deploy.local.cast import STEFAN, Person
from tests.conftest import Walker, has_number
from tests.emptying import past_the_guard
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

# Fictional numbers that nobody of the cast has.
NEW_NUMBER, NEW_NUMBER_TYPED = "+46701740690", "070-174 06 90"
OTHER_NUMBER, OTHER_NUMBER_TYPED = "+46701740691", "070-174 06 91"

NEW_PASSWORD = "Nytt-Tall-4711"
OTHER_PASSWORD = "Annan-Dal-4712"

WRONG_CODE = "Koden stämmer inte eller har gått ut. Kontrollera siffrorna, eller be om en ny kod."
WRONG_LOGIN = "Fel användarnamn eller lösenord."

_TIMES: dict[type[Model], tuple[str, ...]] = {
    Challenge: ("asked_at", "valid_until", "verified_at", "ended_at", "setting_until"),
    FailedTry: ("at",),
    Phone: ("usable_from",),
    PhoneLink: ("usable_from",),
    EnrolmentCode: ("valid_until", "entered_at"),
    StaffSession: ("began_at", "seen_at"),
    Session: ("expire_date",),
    TriesForgotten: ("at",),
}


def verified(walker: Walker, person: Person = STEFAN) -> None:
    """Up to the page where the new password is chosen."""
    has_number(person)
    walker.ask(person.username)
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def time_passes(**length: float) -> None:
    """Everything that the database holds becomes so much older. The clocks of machine and directory stay.

    Arguments as timedelta's. To move the rows and not the clock leaves all real servers in step.
    """
    by = timedelta(**length)
    for model, fields in _TIMES.items():
        model._default_manager.update(**{field: F(field) - by for field in fields})
    for quota in SendQuota.objects.all():
        quota.sent = [at - by.total_seconds() for at in quota.sent]
        quota.failed = [at - by.total_seconds() for at in quota.failed]
        quota.save()
    for session in Session.objects.all():
        held = content(session)
        for key in {"password_at", "started", "seen", "factor_at", "passkey_at"} & held.keys():
            held[key] -= by.total_seconds()
        session.session_data = signing.dumps(held, salt=salt(session.session_key), serializer=JSONSerializer)
        session.save()
    before = journeys.time  # of what is in a browser's cookie
    journeys.time = lambda: before() + by.total_seconds()


def content(row: Session) -> dict[str, Any]:
    """What the row of a session holds."""
    held: dict[str, Any] = signing.loads(row.session_data, salt=salt(row.session_key), serializer=JSONSerializer)
    return held


def trail(*events: Event) -> list[Event]:
    """The events of the trail in order; of these kinds only, if any are named."""
    rows = AuditEvent.objects.filter(event__in=events) if events else AuditEvent.objects.all()
    return [Event(row.event) for row in rows]


def purge_trail() -> None:
    """The trail is empty, as after retention."""
    past_the_guard("DELETE FROM accounts_auditevent")


def last(event: Event) -> AuditEvent:
    """The newest event of a kind."""
    found = AuditEvent.objects.filter(event=event).last()
    assert found, f"nothing of the kind in the trail: {event}"
    return found


def text_of(response: HttpResponse) -> str:
    """What a person reads on a page: no tags, no entities, single spaces."""
    body = re.sub(r"<(script|style|svg).*?</\1>|<[^>]*>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(body))


def normalised(response: HttpResponse, *typed: str) -> tuple[int, dict[str, str], dict[str, dict[str, str]], str]:
    """Status, headers, cookies and body, with what differs by chance masked: tokens, dates, and what was typed."""
    headers = {name: value for name, value in response.headers.items() if name not in ("Date", "Set-Cookie")}
    cookies = {
        name: {key: value for key, value in morsel.items() if key != "expires"}
        for name, morsel in response.cookies.items()
    }
    body = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1token", response.content.decode())
    for each in typed:
        body = body.replace(html.escape(each), "typed")
    headers.pop("Content-Length", None)  # the length of the body, which is compared itself
    return response.status_code, headers, cookies, body


def but_for_name(body: str, typed: str) -> str:
    """The page, with the user name masked where it stands as its own visitor typed it (E1), and nowhere else."""
    for before, after in (
        ('<strong translate="no">', "</strong>"),
        ('<input type="text" name="username" value="', '"'),
    ):
        body = body.replace(f"{before}{html.escape(typed)}{after}", f"{before}typed{after}")
    return body


def binds(server: TestSlapd | PrivateSamba, username: str, password: str) -> bool:
    """Whether the directory itself lets the person in, asked past the portal's own code."""
    connection = ldap.initialize(settings.DIRECTORY_URLS[0])
    connection.set_option(ldap.OPT_X_TLS_CACERTFILE, settings.DIRECTORY_CA_FILE)
    connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    dn = server.dn(username)
    assert dn, f"{username} is not in the directory"
    try:
        connection.simple_bind_s(dn, password)
    except ldap.INVALID_CREDENTIALS:
        return False
    finally:
        connection.unbind_s()
    return True


def entry(server: TestSlapd, username: str) -> dict[str, list[bytes]]:
    """Everything that slapd holds of a person, hashes, failures and times included."""
    found: dict[str, list[bytes]] = server.root.search_s(
        server.dn(username), ldap.SCOPE_BASE, attrlist=["*", "+", "userPassword"]
    )[0][1]
    return found


def wrong_for(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


@contextmanager
def noting_ciphers(done: list[str]) -> Iterator[None]:
    """Notes each text that is sealed or unsealed."""
    seal, unseal = encryption.seal, encryption.unseal

    def sealing(text: str, context: str) -> str:
        done.append("seal")
        return seal(text, context)

    def unsealing(sealed: str, context: str) -> str:
        done.append("unseal")
        return unseal(sealed, context)

    with mock.patch.object(encryption, "seal", sealing), mock.patch.object(encryption, "unseal", unsealing):
        yield


@contextmanager
def new_session(client: Client) -> Iterator[HttpRequest]:
    """A request in which somebody is signed in past the pages; the browser has its session afterwards."""
    request = HttpRequest()
    request.session, request.user = SessionStore(), AnonymousUser()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    yield request
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
