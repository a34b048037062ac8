"""A page as a person may meet it, and the steps that lead there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from unittest import mock
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import resolve
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Response, expect

from tests.accounts.helpers import time_passes
from tests.browser.visitor import Visitor

Steps = Callable[[Visitor], None]


@dataclass(frozen=True, slots=True)
class State:
    """A page in one of its states.

    ``name`` is that of its pictures; ``page`` the name of its address, or "" for a page that stands in for another;
    ``shows`` are words that are to be seen on it, and on no page on the way there.
    """

    name: str
    page: str
    shows: str
    steps: Steps
    status: int = 200

    def visit(self, visitor: Visitor) -> None:
        """Goes there, and makes sure of having arrived."""
        if self.status != 200:
            visitor.guard.expect(self.status)
        answers: list[int] = []

        def note(answer: Response) -> None:
            if answer.request.is_navigation_request():
                answers.append(answer.status)

        visitor.page.on("response", note)
        self.steps(visitor)
        expect(visitor.page.get_by_text(self.shows).filter(visible=True).first).to_be_visible()
        assert answers[-1] == self.status
        if self.page:
            assert resolve(urlsplit(visitor.page.url).path).url_name == self.page

    def in_english(self) -> State:
        """The same page after a press on "English". ``shows`` has to be a whole text of the catalogue."""
        with translation.override("en"):
            english = gettext(self.shows)
        assert english != self.shows, f"not in the catalogue: {self.shows}"
        return replace(self, name=f"{self.name}-en", shows=english, steps=self._in_english)

    def _in_english(self, visitor: Visitor) -> None:
        cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": visitor.portal.url}
        visitor.page.context.add_cookies([cookie])  # type: ignore[list-item]  # its type names all other keys, too
        self.steps(visitor)


def opened(path: str) -> Steps:
    """The address was typed, or a link followed."""
    return lambda visitor: visitor.open(path)


def typed(before: Steps, **fields: str) -> Steps:
    """And then the form was filled in and sent."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        visitor.submit(**fields)

    return steps


def confirmed(before: Steps) -> Steps:
    """And then the code of the SMS was sent."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        visitor.submit(code=visitor.portal.sms.code())

    return steps


def mistyped(before: Steps) -> Steps:
    """And then a code was sent that is not the one in the SMS, and always the same."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        visitor.submit(code="123456" if visitor.portal.sms.code() != "123456" else "123457")

    return steps


def answered(before: Steps, verb: str, answer: object, **fields: str) -> Steps:
    """And then the form was sent, and a verb of the portal answered so, or raised it if it is an exception."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        with mock.patch(verb, side_effect=[answer]), visitor.page.expect_navigation():
            visitor.submit(**fields)

    return steps


def passed(before: Steps, **time: float) -> Steps:
    """And then some time passed (as timedelta's arguments), and the page was loaded again."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        time_passes(**time)
        visitor.page.reload()

    return steps


def pressed(before: Steps, selector: str) -> Steps:
    """And then something was pressed."""

    def steps(visitor: Visitor) -> None:
        before(visitor)
        visitor.page.locator(selector).click()

    return steps
