"""Passkeys in a real Chromium, with its virtual authenticator (WebAuthn 11; Chrome DevTools Protocol, WebAuthn): A3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from accounts.models import Authenticator, Passkey
from deploy.local.cast import EVA
from tests.accounts.staff import Officer, later
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.test_staff import scan
from tests.browser.visitor import Portal, Visitor

HAS_PIN = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}

# Puts a virtual device beside the visitor's browser; returns what it answers to further commands with.
NewDevice = Callable[..., tuple[CDPSession, str]]


@pytest.fixture
def portal(portal: Portal) -> Portal:
    """At a host name: browsers make no passkeys for an address of numbers."""
    url = portal.url.replace("127.0.0.1", "localhost")
    portal.settings.ALLOWED_HOSTS = ["localhost"]
    portal.settings.PORTAL_URL = url
    return replace(portal, url=url)


def with_device(visitor: Visitor, *, verified: bool = True, **how: Any) -> tuple[CDPSession, str]:
    """The browser has a device that answers at once, as if the person had used a finger."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    options = {**HAS_PIN, "isUserVerified": verified, "automaticPresenceSimulation": True, **how}
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def types_password(visitor: Visitor) -> None:
    visitor.open("/logga-in/")
    visitor.submit(username=EVA.username, password=EVA.password)
    visitor.is_at("/logga-in/kod/")
    if visitor.field("enrolment_code").count():
        visitor.submit(enrolment_code=Officer(EVA).enrolment_code())


def press(visitor: Visitor, words: str) -> None:
    visitor.page.get_by_role("button", name=words, exact=True).click()


def leaves(visitor: Visitor) -> None:
    visitor.page.context.clear_cookies()
    later(minutes=2)


def test_a3_a_passkey_is_the_first_factor_and_signs_in(visitor: Visitor) -> None:
    with_device(visitor)
    types_password(visitor)
    press(visitor, "Skapa passkey")
    visitor.is_at("/logga-in/koder/")
    assert Passkey.objects.get().name == "Min första passkey"
    assert not Authenticator.objects.filter(confirmed=True).exists()
    leaves(visitor)
    types_password(visitor)
    expect(visitor.heading).to_have_text("Logga in med din passkey")
    press(visitor, "Använd passkey")
    visitor.is_at("/admin/")
    assert Passkey.objects.get().sign_count > 1


def test_a3_a_passkey_beside_the_app(new_visitor: NewVisitor) -> None:
    """Added by who is signed in, then used at the sign-in; the code works as before."""
    visitor = new_visitor(DESK)
    with_device(visitor)
    types_password(visitor)
    app = scan(visitor)
    visitor.submit(code=app.code())
    visitor.is_at("/logga-in/koder/")
    visitor.open("/logga-in/passkeys/")
    visitor.fill(name="Datorn")
    press(visitor, "Skapa passkey")
    expect(visitor.page.get_by_role("status").first).to_have_text(
        "Passkeyn är sparad. Använd den nästa gång du loggar in."
    )
    expect(visitor.page.locator(".passkeys li")).to_contain_text("Datorn")
    leaves(visitor)
    types_password(visitor)
    expect(visitor.heading).to_have_text("Skriv koden från din app")
    press(visitor, "Använd passkey")
    visitor.is_at("/admin/")
    leaves(visitor)
    types_password(visitor)
    visitor.submit(code=app.code())
    visitor.is_at("/admin/")


def test_a_device_that_knows_nobody_says_so(visitor: Visitor) -> None:
    """The page stays, and tells what to do."""
    session, device = with_device(visitor)
    types_password(visitor)
    press(visitor, "Skapa passkey")
    visitor.is_at("/logga-in/koder/")
    leaves(visitor)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    types_password(visitor)
    press(visitor, "Använd passkey")
    expect(visitor.page.get_by_text("Det gick inte att använda passkeyn. Försök igen.")).to_be_visible()
    visitor.is_at("/logga-in/kod/")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    press(visitor, "Använd passkey")
    visitor.is_at("/admin/")


def test_a3_passkeys_alone(visitor: Visitor) -> None:
    visitor.portal.settings.STAFF_PASSKEYS_ONLY = True
    with_device(visitor)
    types_password(visitor)
    expect(visitor.page.locator("input[name=code]")).to_have_count(0)
    press(visitor, "Skapa passkey")
    visitor.is_at("/admin/")
    leaves(visitor)
    types_password(visitor)
    expect(visitor.page.get_by_text("det kräver JavaScript")).to_be_hidden()
    press(visitor, "Använd passkey")
    visitor.is_at("/admin/")


def test_without_javascript_there_is_no_button(new_visitor: NewVisitor) -> None:
    """The app's code remains; and with passkeys alone, the page says what is missing."""
    visitor = new_visitor(javascript=False)
    types_password(visitor)
    expect(visitor.page.get_by_role("button", name="Skapa passkey")).to_have_count(0)
    expect(visitor.page.locator("input[name=code]")).to_be_visible()
    visitor.portal.settings.STAFF_PASSKEYS_ONLY = True
    visitor.page.reload()
    expect(visitor.page.get_by_text("det kräver JavaScript")).to_be_visible()
