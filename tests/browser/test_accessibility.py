"""Accessible in every state (WCAG 2.2 AA; security.md V1), and whole on the narrowest phone and with large text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page

from tests.browser import reader
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states import STATES, State
from tests.browser.transcripts import HEARD
from tests.browser.visitor import Visitor

# target-size is a rule of WCAG 2.2 that axe leaves out unless asked.
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# A mail is shown within a program that has the landmarks and the heading.
OF_A_MAIL = {rule: {"enabled": False} for rule in ("landmark-one-main", "page-has-heading-one", "region")}
COLOURS: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": ["cat.color"]}

# Whatever is wider than its box: the page, which one would have to scroll, or a text that sticks out of a button.
# What screen readers alone get has a box of one pixel; a field scrolls what is typed.
_TOO_WIDE = """() => [...document.querySelectorAll("html, body *")]
    .filter((it) => it.checkVisibility() && getComputedStyle(it).display !== "inline")
    .filter((it) => !it.matches("input") && !it.closest(".visually-hidden, .table--stack thead, svg"))
    .filter((it) => it.scrollWidth > it.clientWidth + 1)
    .map((it) => `${it.tagName}.${it.className}: ${it.scrollWidth} > ${it.clientWidth}`)"""

# What the style sheet and axe's rules go by: each visible element as its tag and classes, and those of what it stands
# in; its role and kind; which attributes tell a screen reader something. A page that shows nothing new of that has the
# colours of one that axe has seen, and is built as it is.
_KINDS = """() => [...document.querySelectorAll("body *")]
    .filter((it) => it.checkVisibility())
    .map((it) => [it.parentElement, it].map((one) => `${one.tagName}.${one.getAttribute("class")}`).join(" > ")
        + [it.getAttribute("role"), it.getAttribute("type"), ...it.getAttributeNames().filter((name) =>
            /^(aria-.*|alt|for|href|lang|scope|tabindex|title)$/.test(name))].join(" "))"""
_SEEN: set[tuple[str, str]] = set()
_SEEN_AT_A_DESK: set[tuple[str, str]] = set()
_SEEN_IN_THE_DARK: set[tuple[str, str]] = set()

# Addresses that show no page: a press of a button, a redirect, an answer to a program.
NO_PAGE = {
    *("helpdesk-take", "helpdesk-give-back", "helpdesk-send-code", "helpdesk-next", "helpdesk-news"),
    *("helpdesk-read", "helpdesk-save-filter", "helpdesk-remove-filter"),
    *("helpdesk-unlock", "helpdesk-forget-tries"),
    *("staff-code-again", "staff-passkey", "helpdesk-overview-export"),
    *("orderer-code-again", "orderer-logout", "orderer-withdraw"),
    *("orderer-employees-refresh", "orderer-employees-export"),
    *("browser", "register-code-again", "register-old", "reset-code-again", "logout", "session-extend"),
    *("set_language", "municipality-file", "reset-more-time"),
    *("favicon.ico", "healthz/live", "healthz/ready", "metrics"),
}


FIRST_OF_A_PAGE = {state.page or state.name: state.name for state in reversed(STATES)}
SEEN_ONCE = set(FIRST_OF_A_PAGE.values()) - {
    FIRST_OF_A_PAGE[state.page or state.name] for state in STATES if state.name not in FIRST_OF_A_PAGE.values()
}
OFFICE = ("helpdesk", "bestallare")

# The other states of a page have its template and its colours: they are looked at in `make slow`, as are all pages of
# orderers and agents. Most show something of their own: a mistake, a warning, a dialog.
SOON = [name for name in FIRST_OF_A_PAGE.values() if not name.startswith(OFFICE)]
LOOKED_AT = [
    pytest.param(state, id=state.name, marks=[] if state.name in SOON else pytest.mark.slow) for state in STATES
]


@pytest.mark.parametrize("state", LOOKED_AT)
def test_v1_state(state: State, visitor: Visitor) -> None:
    """axe finds nothing on a phone, nor in the dark; read aloud it is whole, and at 320 px and with text of 200 %."""
    page = visitor.page
    state.visit(visitor)
    if state.page != "demo-mail":  # a mail has no landmarks
        nodes = reader.read(page)
        assert reader.problems(nodes) == []
        assert reader.not_heard(nodes, HEARD.get(state.name, ())) == []
    first, kinds = state.name in FIRST_OF_A_PAGE.values(), _kinds(page)
    if first or kinds - _SEEN:
        assert axe(page, rules_for(state)) == ""
        _SEEN.update(kinds)
    assert axe_in_the_dark(page, COLOURS) == ""  # the rest is the same in both
    page.evaluate("document.documentElement.style.fontSize = '225%'")
    assert page.evaluate(_TOO_WIDE) == []
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(_TOO_WIDE) == []
    if not first:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        if kinds := _kinds(page) - _SEEN_AT_A_DESK:
            assert axe(page, rules_for(state)) == ""
            _SEEN_AT_A_DESK.update(kinds)


@pytest.mark.slow
@pytest.mark.parametrize("state", [each for each in LOOKED_AT if each.id in SEEN_ONCE])
def test_state_at_a_desk(state: State, new_visitor: NewVisitor) -> None:
    """A page with one state. Further states of a page are looked at on a phone and at a desk in one go."""
    visitor = new_visitor(DESK)
    state.visit(visitor)
    assert axe(visitor.page, rules_for(state)) == ""


def test_the_overview_is_whole_on_any_desk(visitor: Visitor) -> None:
    """Its tables and plots stand side by side on some desks, and below one another on others."""
    next(state for state in STATES if state.name == "helpdesk-oversikt-manad").visit(visitor)
    for width in (896, 1024, 1248, DESK[0]):
        visitor.page.set_viewport_size({"width": width, "height": DESK[1]})
        assert visitor.page.evaluate(_TOO_WIDE) == [], width


def test_the_month_is_one_screen_at_a_desk(new_visitor: NewVisitor) -> None:
    """The overview, down to the companies, which are as many as they are."""
    per = new_visitor(DESK)
    next(state for state in STATES if state.name == "helpdesk-oversikt").visit(per)
    sections = per.page.locator(".overview > section")
    bottoms = sections.evaluate_all("all => all.map((it) => it.getBoundingClientRect().bottom)")
    assert len(bottoms) == 6
    assert max(bottoms[:-1]) <= DESK[1]


def rules_for(state: State) -> dict[str, Any]:
    """All of axe's rules, but what a mail's page need not have."""
    return {**EVERYTHING, "rules": {**EVERYTHING["rules"], **(OF_A_MAIL if state.page == "demo-mail" else {})}}


def axe(page: Page, options: dict[str, Any]) -> str:
    """What axe finds, in its own words; nothing, if it finds nothing."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    # The whole result, with all that is well, takes longer to hand over than to find.
    violations = page.evaluate("async (options) => (await axe.run(options)).violations", options)
    found = AxeResults({"violations": violations})
    return str(found.generate_report()) if found.violations_count else ""


def axe_in_the_dark(page: Page, options: dict[str, Any], sheet: str = "portal") -> str:
    """What axe finds if this page has colours that no page with this style sheet has shown it."""
    page.emulate_media(color_scheme="dark")
    new = _kinds(page, sheet) - _SEEN_IN_THE_DARK
    _SEEN_IN_THE_DARK.update(new)
    return axe(page, options) if new else ""


def _kinds(page: Page, sheet: str = "portal") -> set[tuple[str, str]]:
    return {(sheet, kind) for kind in page.evaluate(_KINDS)}


def test_v1_every_page_has_a_state() -> None:
    """Whoever adds an address adds its states to tests/browser/states, or its name to NO_PAGE."""
    addresses = set(_addresses(get_resolver("deploy.local.urls")))
    assert addresses - {state.page for state in STATES} == NO_PAGE


def _addresses(resolver: URLResolver) -> Iterator[str]:
    """The name of each address; its path, if it has none."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name or str(pattern.pattern)
        elif pattern.namespace != "admin":  # tests/browser/test_admin.py visits those
            yield from _addresses(pattern)


def test_every_error_page_has_a_state() -> None:
    templates = Path(settings.BASE_DIR, "templates").glob("[0-9]*.html")
    assert {template.stem for template in templates} - {state.name for state in STATES} == set()
