"""An orderer sees and touches her own company only, on every page that there is (security.md H5).

Carin of Hemtjänst Ett tries all that Omsorg Två has: numbers of requests, directory ids, names, addresses, keys. The
answer is the one for what does not exist, and nothing has changed. A route that tries.ROUTES does not know fails the
test: whoever adds one says there what could be tried on it.
"""

import re
from collections.abc import Iterator
from dataclasses import astuple
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import companies, directory
from accounts.models import AuditEvent
from accounts.models.recipients import Recipients
from deploy.local.cast import MARIA
from helpdesk.models import Confirmation, SignInLink, Ticket, TimelineEntry, Verification
from helpdesk.tickets import states
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import add_entry
from tests.accounts.helpers import entry, normalised
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.asked import an_agent
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import as_orderer
from tests.helpdesk.tries import NOBODYS, PHONE, PUBLIC, RECIPIENTS, REQUESTS, ROUTES, Whose, everything
from tests.servers.slapd import TestSlapd

THEIR_CHIEF = "chef@omsorg-tva.example"
# What no page may say to anybody else.
THEIR_WORDS = (
    "Omsorg Två",
    "omsorg-tva",
    "Maria",
    "Sund",
    "lovmalsund",
    "Olle",
    "Holm",
    "06 32",
    "06 51",
    "06 98",
    "559900",
)


@pytest.fixture
def theirs(server: TestSlapd, register: Register) -> Whose:
    """Omsorg Två with all that a company can have: a number, recipients, requests, and links that wait for somebody."""
    has_number(MARIA)
    account = directory.connect().find(MARIA.username)
    assert account
    companies.set_recipients(register.ett.pk, [register.carin.email], actor=None)
    companies.set_recipients(register.tva.pk, [register.olle.email], actor=None)
    number = create_ticket(
        TicketDetails(
            Ticket.Kind.PHONE,
            company=register.tva,
            orderer=register.olle,
            employee_name=MARIA.name,
            employee_username=MARIA.username,
            account=account.id,
            new_number="+46701740698",
        ),
        source=Ticket.Source.PAGES,
    )
    recipients = create_ticket(
        TicketDetails(
            Ticket.Kind.RECIPIENTS, company=register.tva, orderer=register.olle, recipients=Recipients([THEIR_CHIEF])
        ),
        source=Ticket.Source.PAGES,
    )
    states.take(number.pk, an_agent())
    states.add_note(number.pk, an_agent(), "Maria Sund har ny telefon.")
    add_entry(recipients, TimelineEntry.What.CONFIRMED, None, THEIR_CHIEF)
    Verification.objects.create(ticket=number, how=Verification.How.CALL_BACK, orderer=register.olle, mobile_digest="x")
    until, before = timezone.now() + timedelta(days=7), [register.olle.email]
    asked = Confirmation.objects.create(
        ticket=recipients, address=THEIR_CHIEF, digest="f" * 64, until=until, recipients_before=before
    )
    link = SignInLink.objects.create(orderer=register.olle, digest="e" * 64, language="sv")
    return Whose(
        ticket=number.number,
        recipients_ticket=recipients.number,
        account=account.id,
        username=MARIA.username,
        name=MARIA.name,
        email=register.olle.email,
        recipient=THEIR_CHIEF,
        company=str(register.tva.pk),
        company_name=register.tva.name,
        confirmation=str(asked.pk),
        key=asked.digest,
        link=link.digest,
    )


def routes(below: str, resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, str]]:
    """The name and the path of every route below a path."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = before + re.sub(r"^\^|\\Z|\$$", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(below, pattern, path)
        elif isinstance(pattern, URLPattern) and path.startswith(below):
            yield pattern.name or path, f"/{path}"


def test_every_route_of_the_orderers_is_tried() -> None:
    assert {name for name, _path in routes("bestallare/")} == set(ROUTES)


Rows = dict[tuple[str, Any], dict[str, Any]]


def rows() -> Rows:
    """All that the database holds of people, companies, requests and messages, but for the trail."""
    models = [
        model for name in ("accounts", "helpdesk", "notifications") for model in apps.get_app_config(name).get_models()
    ]
    return {
        (model._meta.label, row["pk"]): row
        for model in models
        if model is not AuditEvent
        for row in model._default_manager.values("pk", *(field.attname for field in model._meta.concrete_fields))
    }


def answer_to(client: Client, method: str, path: str, fields: dict[str, str]) -> HttpResponse:
    """The page at which the browser arrives, on the portal as it is before anybody has asked it anything."""
    cache.clear()
    answer = (client.get if method == "GET" else client.post)(path, fields, follow=True)
    assert isinstance(answer, HttpResponse)
    return answer


def seen(answer: HttpResponse, whose: Whose) -> tuple[Any, ...]:
    """All that could tell one answer from another, without what was typed. Where it led, too."""
    typed = sorted({*astuple(whose)[:7], whose.company_name, whose.key, whose.link}, key=len, reverse=True)
    typed = [each for text in typed for each in (text, text.upper())]
    status, headers, cookies, body = normalised(answer, *typed, *whose.name.split())
    # The address of this page, which the form for the other language holds; and the times at which all was read.
    body = re.sub(r'(name="next" value=")[^"]*', r"\1here", body)
    body = re.sub(r"\d\d:\d\d(:\d\d)?", "now", body)
    where = [
        re.sub("|".join(map(re.escape, typed)), "typed", step) for step, _ in getattr(answer, "redirect_chain", [])
    ]
    return status, headers, cookies, body, where


@pytest.mark.parametrize("name", ROUTES)
def test_h5_nothing_of_another_company_is_seen_or_touched(
    name: str, register: Register, server: TestSlapd, theirs: Whose
) -> None:
    before, maria = rows(), entry(server, MARIA.username)
    tries = list(zip(ROUTES[name](theirs), ROUTES[name](NOBODYS), strict=True))
    assert tries
    for real, none in tries:
        # Each with a browser of its own, in which nothing was done before.
        answers = [answer_to(as_orderer(register.carin), *each) for each in (real, none)]
        found, control = (seen(*pair) for pair in zip(answers, (theirs, NOBODYS), strict=True))
        assert found == control, real
        assert [word for word in THEIR_WORDS if word in str(found)] == [], real
    after = rows()
    assert {key: after.get(key) for key in before} == before
    assert {key[0] for key in after.keys() - before.keys()} <= NEW.get(name, set())
    assert entry(server, MARIA.username) == maria


# Whoever types an address at the door gets a link, if it is an orderer's: at that address, and nowhere else.
NEW = {"orderer-login": {"helpdesk.SignInLink", "notifications.Message"}}


def test_the_other_orderer_does_see_all_this(register: Register, theirs: Whose) -> None:
    """Or the walk above would show nothing."""
    client = as_orderer(register.olle)
    for path in (f"{REQUESTS}{theirs.ticket}/", f"{REQUESTS}{theirs.recipients_ticket}/"):
        assert client.get(path).status_code == 200
    for path, word in ((PHONE, MARIA.username), (RECIPIENTS, THEIR_CHIEF), ("/bestallare/", MARIA.surname)):
        assert word in client.get(path).content.decode()
    assert client.get(PHONE, {"konto": theirs.account}).status_code == 200


def test_an_address_of_theirs_is_asked_for_like_any_other(register: Register, theirs: Whose) -> None:
    """It is for the address to confirm; nobody learns here whose it is."""
    carin, before = as_orderer(register.carin), rows()
    for address in (theirs.email, NOBODYS.email):
        assert carin.post(RECIPIENTS, {"recipient1": address}).status_code == 302
    asked = Ticket.objects.filter(company=register.ett, kind=Ticket.Kind.RECIPIENTS)
    assert [list(one.recipients) for one in asked] == [[theirs.email], [NOBODYS.email]]
    after = rows()
    changed = {key[0] for key in before if after[key] != before[key]}
    assert changed <= {"helpdesk.Counter"}


# The doors between the three kinds of people.

ANSWERS_TO_ALL = {
    "logout",
    "login",
    "password_change",
    "password_change_done",
}  # they show nothing (accounts.admin_site)


def filled_in(path: str, theirs: Whose) -> str:
    """A path with something real in each of its places."""
    path = path.replace("<ticket:number>", theirs.ticket).replace("<uuid:account_id>", theirs.account)
    return re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)", theirs.company, path)


@pytest.mark.parametrize("pages", ["helpdesk/", "admin/"])
def test_an_orderer_comes_into_no_page_of_the_municipality(register: Register, theirs: Whose, pages: str) -> None:
    carin, before = as_orderer(register.carin), rows()
    tried = 0
    for name, path in routes(pages):
        if pages == "admin/" and name in ANSWERS_TO_ALL:
            continue
        for ask in (carin.get, carin.post):
            answer = ask(filled_in(path, theirs))
            assert answer.status_code in (302, 405), path
            if answer.status_code == 302:
                assert answer["Location"].startswith(("/logga-in/?", "/admin/login/?")), path
                tried += 1
    assert tried > 15
    assert rows() == before
    assert carin.get("/bestallare/").status_code == 200


def test_an_agent_comes_into_no_page_of_the_orderers(per: Officer, theirs: Whose) -> None:
    before = rows()
    for name, path in routes("bestallare/"):
        if name in PUBLIC:
            continue
        for ask in (per.client.get, per.client.post):
            answer = ask(filled_in(path, theirs), everything(theirs))
            assert answer.status_code == 405 or answer["Location"] == "/bestallare/logga-in/", path
    assert rows() == before
    assert per.get("/helpdesk/").status_code == 200
