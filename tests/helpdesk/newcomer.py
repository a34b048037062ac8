"""An orderer at a browser, who has not signed in yet; and what may happen in the register meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import mail
from django.db.models import F
from django.http import HttpResponse
from django.test import Client

from accounts.models import Company, Orderer
from helpdesk.models import SignInLink
from tests.accounts.helpers import time_passes
from tests.conftest import Inbox

if TYPE_CHECKING:
    from tests.helpdesk.conftest import Register

CODE_PAGE, MAILED_CODE_PAGE = "/bestallare/logga-in/kod/", "/bestallare/logga-in/mejlkod/"


def links_age(**length: float) -> None:
    """Time passes, for links as for the rest."""
    by = timedelta(**length)
    SignInLink.objects.update(asked_at=F("asked_at") - by, used_at=F("used_at") - by)
    time_passes(**length)


class Newcomer:
    """An orderer at a browser of their own, with mailbox and telephone. Each step posts what the page's form would."""

    def __init__(self, sms: Inbox) -> None:
        self.client = Client()
        self.sms = sms

    def ask(self, email: str) -> HttpResponse:
        return self.post("/bestallare/logga-in/", email=email)

    def token(self) -> str:
        """That of the newest mail."""
        found = re.search(r"/bestallare/logga-in/lank/\?nyckel=(\S+)", str(mail.outbox[-1].body))
        assert found, "the newest mail holds no link"
        return found[1]

    def look(self, token: str | None = None) -> HttpResponse:
        """The link is opened: nothing happens yet."""
        return self.get(f"/bestallare/logga-in/lank/?nyckel={self.token() if token is None else token}")

    def press(self, token: str | None = None) -> HttpResponse:
        return self.post("/bestallare/logga-in/lank/", nyckel=self.token() if token is None else token)

    def mailed_code(self) -> str:
        """That of the newest mail."""
        found = re.search(r"^(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
        assert found, "the newest mail holds no code"
        return found[1]

    def enter_mailed(self, code: str | None = None) -> HttpResponse:
        return self.post(MAILED_CODE_PAGE, code=self.mailed_code() if code is None else code)

    def enter(self, code: str | None = None) -> HttpResponse:
        return self.post(CODE_PAGE, code=code or self.sms.code())

    def again(self) -> HttpResponse:
        return self.post("/bestallare/logga-in/kod/igen/")

    def come_in(self, email: str) -> HttpResponse:
        self.ask(email)
        self.press()
        return self.enter()

    def session_id(self) -> str:
        morsel = self.client.cookies.get(settings.SESSION_COOKIE_NAME)
        return morsel.value if morsel else ""

    def same_browser(self) -> Newcomer:
        """Another click of this browser, on a connection of its own."""
        other = Newcomer(self.sms)
        for name, morsel in self.client.cookies.items():
            other.client.cookies[name] = morsel.value
        return other

    def get(self, path: str) -> HttpResponse:
        return self.client.get(path)  # type: ignore[return-value]

    def post(self, path: str, **fields: str) -> HttpResponse:
        return self.client.post(path, fields)  # type: ignore[return-value]


def email_of(register: Register) -> str:
    return str(register.carin.email)


def made_inactive(register: Register) -> None:
    Orderer.objects.filter(pk=register.carin.pk).update(active=False)


def company_closed(register: Register) -> None:
    Company.objects.filter(pk=register.ett.pk).update(active=False)


def left_the_company(register: Register) -> None:
    register.carin.companies.clear()


def number_changed(register: Register) -> None:
    register.carin.mobile = "+46701740659"
    register.carin.save()


def address_changed(register: Register) -> None:
    register.carin.email = "carin.ny@hemtjanst-ett.example"
    register.carin.save()


Change = Callable[["Register"], None]
GONE = (made_inactive, company_closed, left_the_company)
