"""A browser for the package, a portal on a port of its own, a visitor for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django import Settings

from tests.browser.guard import Guard
from tests.browser.visitor import Portal, Visitor
from tests.conftest import Inbox
from tests.servers.slapd import TestSlapd

PHONE = (360, 740)
DESK = (1280, 900)
TIMEOUT = 10_000  # milliseconds that a page may take

# Chromium phones home otherwise: it looks for updates of itself and of its lists.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    # A profile is none the less alone: but not each has a process to start.
    "--process-per-site",
    "--renderer-process-limit=1",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without windows: the same engine at half the cost. It ends with this package: no later test
    finds anything of it.
    """
    program = shutil.which("chromium-headless-shell")
    assert program, "missing: apt-get install chromium-headless-shell"
    arguments = [*QUIET, *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's event loop runs in this thread whenever a test waits for the browser. Django takes that
        # for asynchronous code and would refuse the database to the tests, which are none.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with playwright.chromium.launch(executable_path=program, args=arguments) as chromium:
            yield chromium


@pytest.fixture(scope="package")
def _server() -> Iterator[str]:
    """Django's own live server, which pytest-django's ``live_server`` is too: but with all middleware before
    static files, so that WhiteNoise serves them as in production, and with no connection shared. On PostgreSQL alone.
    """
    server = LiveServerThread("127.0.0.1", lambda _: WSGIHandler())  # type: ignore[arg-type]
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture
def portal(
    _server: str, transactional_db: None, sms: Inbox, openldap_settings: TestSlapd, settings: Settings
) -> Portal:
    """The portal on PostgreSQL and a real OpenLDAP, with SMS as files."""
    return Portal(_server, sms, openldap_settings, settings)


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def new_visitor(browser: Browser, portal: Portal) -> Iterator[NewVisitor]:
    """Makes visitors, each with a browser profile of their own. When the test ends, no page may have erred."""
    contexts: list[BrowserContext] = []
    guards: list[Guard] = []

    def make(size: tuple[int, int] = PHONE, *, javascript: bool = True) -> Visitor:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=javascript,
            locale="sv-SE",
            timezone_id="Europe/Stockholm",
            reduced_motion="reduce",
        )
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        guards.append(Guard(context, portal.url))
        return Visitor(context.new_page(), portal, guards[-1])

    yield make
    for context in contexts:
        context.close()
    complaints = [complaint for guard in guards for complaint in guard.complaints]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    """One on a phone."""
    return new_visitor()
