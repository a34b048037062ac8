"""Kept parts of pages: what a page shows of a person is that person's alone, and each state has its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from deploy.local.cast import MARIA, STEFAN
from tests.accounts.helpers import NEW_PASSWORD, time_passes, verified
from tests.conftest import Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w{64}(?=")')
ALL = ("/", "/aterstall/", "/tillganglighet/", "/personuppgifter/")


def text(page: Any) -> str:
    assert page.status_code == 200
    return str(page.content.decode())


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is put into the cache of pages."""
    texts: list[str] = []
    put = type(caches["pages"]).set

    def noted(cache: Any, key: str, value: Any, *more: Any, **options: Any) -> None:
        texts.append(str(value))
        put(cache, key, value, *more, **options)

    monkeypatch.setattr(type(caches["pages"]), "set", noted)
    return texts


@pytest.mark.parametrize("path", [*ALL, "/aterstall/?borta=%22%3E%3Cb%3E"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_page_of_kept_parts_is_the_page(path: str, language: str, settings: Settings) -> None:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    first = text(client.get(path))
    assert f'<html lang="{language}">' in first
    assert TOKEN.sub("", text(client.get(path))) == TOKEN.sub("", first)
    assert '"><b>' not in first


def test_nothing_of_a_person_is_kept(walker: Walker, kept: list[str]) -> None:
    """Names, numbers, tokens, times, and what was typed: in no part that others see."""
    has_number(MARIA)
    canary = "Kanariefagel"  # no password: it has two kinds of characters alone
    shown = [walker.get(path) for path in ALL]
    for name in (canary, MARIA.username):
        walker.ask(name)
        shown += [walker.get("/aterstall/kod/"), walker.enter_code("1"), walker.get("/aterstall/")]
    shown += [walker.ask("x" * 257), walker.ask_again(), walker.get("/aterstall/kod/")]
    walker.enter_code()
    shown += [walker.get("/aterstall/losenord/"), walker.choose(canary), walker.choose(NEW_PASSWORD)]
    shown += [walker.get("/aterstall/klart/"), walker.log_in(MARIA, NEW_PASSWORD)]
    shown += [walker.get(path) for path in ("/registrera/mobil/", "/aterstall/", "/")]
    tokens = {token for page in shown for token in TOKEN.findall(page.content.decode())}
    assert tokens
    assert kept
    personal = {canary, MARIA.username, MARIA.phone[-6:], "x" * 257, "csrfmiddlewaretoken", *tokens}
    personal |= {"Det blev fel", "data-session-seconds", "Logga ut", "data-resend-in"}
    assert not [each for each in personal if any(each in part for part in kept)]


def test_each_state_has_its_own(walker: Walker) -> None:
    walker.ask("nobody")
    assert 'data-resend-in="60"' in text(walker.get("/aterstall/kod/"))
    time_passes(seconds=61)
    assert 'data-resend-in="0"' in text(walker.get("/aterstall/kod/"))
    walker.ask_again()
    page = text(walker.get("/aterstall/kod/"))
    assert "Om kontot finns skickar vi en ny kod." in page
    assert 'data-resend-in="60"' in page
    assert "Om kontot finns skickar" not in text(walker.get("/aterstall/kod/")), "once"


def test_tokens_are_the_browsers_own() -> None:
    tokens: list[str] = []
    for client in (Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)):
        found = set(TOKEN.findall(text(client.get("/aterstall/"))))
        assert len(found) == 1
        tokens += found
        posted = {"username": "nobody", "csrfmiddlewaretoken": tokens[-1]}
        assert client.post("/aterstall/", posted)["Location"] == "/aterstall/kod/"
    refused = client.post("/aterstall/", {"username": "nobody", "csrfmiddlewaretoken": tokens[0]})
    assert refused.status_code == 403, "another browser's"
    assert tokens[0] != tokens[1]


def test_a_name_is_on_its_owners_page_alone(walker: Walker, another_walker: Walker) -> None:
    for person, browser in ((STEFAN, walker), (MARIA, another_walker)):
        verified(browser, person)
    first, second = text(walker.get("/aterstall/losenord/")), text(another_walker.get("/aterstall/losenord/"))
    assert first.count(STEFAN.username) == second.count(MARIA.username) == 3
    assert MARIA.username not in first
    assert STEFAN.username not in second


def test_who_is_signed_in_gets_a_page_of_their_own(walker: Walker, another_walker: Walker) -> None:
    for _ in ("first for one, then for the other", "and again"):
        walker.log_in(STEFAN)
        assert "data-session-seconds" in text(walker.get("/aterstall/"))
        assert "data-session-seconds" not in text(another_walker.get("/aterstall/"))


def test_what_somebody_typed_is_on_no_page_of_another(another_walker: Walker, walker: Walker) -> None:
    typed = "x" * 257  # too long for a user name: the form comes again
    assert typed in text(walker.ask(typed))
    assert typed not in text(another_walker.get("/aterstall/"))
    assert "Det blev fel" not in text(another_walker.get("/aterstall/"))


@pytest.mark.parametrize("path", ["/", "/finns-inte/", "/registrera/", "/aterstall/", "/aterstall/kod/"])
def test_who_needs_help_is_led_to_the_orderer_not_to_those_who_refuse(path: str, walker: Walker) -> None:
    walker.ask("nobody")
    page = walker.get(path).content.decode()
    assert "er behöriga beställare (ofta din chef)" in page
    assert settings.HELPDESK_EMAIL not in page
    assert "elpdesk" not in page


@pytest.mark.parametrize("path", ["/bestallare/logga-in/", "/bestallare/finns-inte/"])
def test_an_orderer_is_led_to_the_helpdesk(path: str, client: Client) -> None:
    page = client.get(path).content.decode()
    assert f'<a href="mailto:{settings.HELPDESK_EMAIL}">' in page
    assert "ofta din chef" not in page


def test_the_privacy_notice_says_how_to_reach_the_data_protection_officer(client: Client, settings: Settings) -> None:
    """GDPR art. 13.1 b."""
    assert settings.DATA_PROTECTION_OFFICER == ""
    assert "fråga efter dataskyddsombudet" in text(client.get("/personuppgifter/"))
    settings.DATA_PROTECTION_OFFICER = "dataskyddsombud@kommunen.example, 019-21 10 00"
    page = text(client.get("/personuppgifter/"))
    assert 'dataskyddsombud: <a href="mailto:dataskyddsombud@kommunen.example">' in page
    assert ", 019-21 10 00" in page
    assert "fråga efter dataskyddsombudet" not in page
