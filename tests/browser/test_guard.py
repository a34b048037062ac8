"""The guard that every other test here relies on does see what it is there for."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor


@pytest.mark.parametrize("javascript", [True, False])
def test_a_style_attribute_is_against_the_policy(new_visitor: NewVisitor, javascript: bool) -> None:
    visitor = new_visitor(javascript=javascript)
    visitor.open("/")
    assert visitor.guard.complaints == []
    visitor.page.evaluate("document.body.setAttribute('style', 'color: red')")
    visitor.page.wait_for_timeout(100)
    (complaint,) = visitor.guard.complaints
    assert "Content Security Policy" in complaint
    visitor.guard.complaints.clear()


def test_an_inline_script_is_against_the_policy(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.page.evaluate(
        "() => { const it = document.createElement('script'); it.textContent = 'document.title = 1'; "
        "document.body.append(it); }"
    )
    visitor.page.wait_for_timeout(100)
    assert visitor.page.title() != "1"
    assert "Content Security Policy" in "".join(visitor.guard.complaints)
    visitor.guard.complaints.clear()


def test_another_host_is_noticed(visitor: Visitor) -> None:
    """A link out of the portal is nothing that a page asks for by itself; a picture from elsewhere would be."""
    visitor.open("/")
    visitor.page.goto(visitor.portal.url.replace("127.0.0.1", "localhost"), wait_until="networkidle")
    assert any("asked another host" in complaint for complaint in visitor.guard.complaints)
    visitor.guard.complaints.clear()


def test_an_error_of_a_script_and_an_unexpected_status_are_noticed(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.page.evaluate("setTimeout(() => { throw new Error('broken') })")
    visitor.page.wait_for_timeout(100)
    assert "uncaught in a script: broken" in "".join(visitor.guard.complaints)
    visitor.guard.complaints.clear()
    visitor.open("/finns-inte/")
    assert "404" in "".join(visitor.guard.complaints)
    visitor.guard.complaints.clear()
