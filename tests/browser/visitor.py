"""A person at a browser, with a telephone at hand."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect
from pytest_django import Settings

from accounts import directory
from deploy.local.cast import Person
from tests.browser.guard import Guard
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd


@dataclass(frozen=True)
class Portal:
    """The running portal, and what a test may turn on it."""

    url: str
    sms: Inbox
    server: TestSlapd
    settings: Settings


class Visitor:
    """Moves through the portal as the pages invite to: fills in fields by name, presses the primary button.

    Fields and the button go by structure, so that the same steps work in both languages; the tests of the
    journeys read the words.
    """

    def __init__(self, page: Page, portal: Portal, guard: Guard) -> None:
        self.page = page
        self.portal = portal
        self.guard = guard

    def open(self, path: str) -> None:
        self.page.goto(f"{self.portal.url}{path}")

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.field(name).fill(value)

    def field(self, name: str) -> Locator:
        return self.page.locator(f"main input[name={name}]")

    @property
    def next_button(self) -> Locator:
        return self.page.locator("main form[novalidate] button[type=submit]")

    def submit(self, **fields: str) -> None:
        """Fill in and press the primary button."""
        self.fill(**fields)
        self.next_button.click()

    def is_at(self, path: str) -> None:
        """Waits until the browser shows this page."""
        expect(self.page).to_have_url(f"{self.portal.url}{path}")

    # The journeys.

    def log_in(self, person: Person, password: str = "") -> None:
        self.open("/registrera/")
        self.submit(username=person.username, password=password or person.password)

    def ask_for_reset(self, person: Person) -> None:
        """Up to the page where the code is entered; the person's number is on file."""
        has_number(person)
        self.open("/aterstall/")
        self.submit(username=person.username)
        self.is_at("/aterstall/kod/")

    # Past the pages, for what is about the last of them alone: a client needs no browser for those before it.

    def walker(self) -> Walker:
        """This person, past the pages."""
        client = Client()
        for cookie in self.page.context.cookies():
            client.cookies[cookie["name"]] = cookie["value"]
        return Walker(client, self.portal.sms)

    def take_over(self, client: Client) -> None:
        """The browser goes on with the session of the client."""
        for name in (settings.SESSION_COOKIE_NAME, settings.JOURNEY_COOKIE_NAME):
            if name in client.cookies:
                value = client.cookies[name].value
                self.page.context.add_cookies([{"name": name, "value": value, "url": self.portal.url}])

    def goes_on(self, client: Client, path: str) -> None:
        """It opens the page to which the client has come."""
        self.take_over(client)
        self.open(path)
        self.is_at(path)

    # What a person sees.

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def summary(self) -> Locator:
        """What went wrong, and what to do."""
        return self.page.locator("section.notice--bad")


def opens(person: Person, password: str) -> bool:
    """Whether the directory takes this password, asked past the pages."""
    people = directory.connect()
    return people.check_password(people.find(person.username), password) is directory.PasswordCheck.RIGHT
