"""Takes the pictures of ``make screenshots``. No test of its own: pytest collects it only when it is named."""

from __future__ import annotations

import time
from typing import Literal
from unittest import mock

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts import codes
from accounts.models import Challenge
from tests import mail_view
from tests.as_site import MADE_UP, dress
from tests.browser.conftest import DESK, PHONE
from tests.browser.states import OF_A_SITE, STATES, State
from tests.browser.states.admin import PAGES as ADMIN
from tests.browser.states.admin import Eva, register
from tests.browser.visitor import Visitor
from tests.example_mail import FILE
from tests.screenshots import MAILS, picture

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

resend_in = codes.resend_in


def whole_minute(challenge: Challenge) -> int:
    """The wait for a new code has just begun or is over, however fast this machine is."""
    return 60 if resend_in(challenge) else 0


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_take(state: State, visitor: Visitor) -> None:
    page = visitor.page
    page.clock.set_fixed_time(time.time())  # no countdown goes on
    with mock.patch("accounts.codes.resend_in", whole_minute):
        state.visit(visitor)
    _take(page, state.name)


@pytest.mark.parametrize("site", MADE_UP)
@pytest.mark.parametrize("state", OF_A_SITE, ids=lambda state: state.name)
def test_take_a_site(state: State, site: str, visitor: Visitor) -> None:
    dress(visitor.portal.settings, site)
    state.visit(visitor)
    _take(visitor.page, f"{site}-{state.name}")


@pytest.mark.parametrize("name", ADMIN)
def test_take_the_admin(name: str, visitor: Visitor) -> None:
    eva = Eva(visitor)
    ADMIN[name](eva, register(eva))
    expect(eva.page.locator("h1")).to_be_visible()
    _take(eva.page, f"admin-{name}")


def _take(page: Page, name: str) -> None:
    behind_a_dialog = page.locator("dialog[open]").count() > 0  # which covers no more than the window
    for width, height in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=picture(name, width, scheme), full_page=not behind_a_dialog)


def test_take_the_mail(browser: Browser) -> None:
    (name,) = MAILS
    for size in (PHONE, DESK):
        mail_view.take(browser, FILE.read_bytes(), size, picture(name, size[0]))
