"""An administrator's pages, in the portal's own dress: what test_admin.py tries and ``make screenshots`` shows."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings as configured
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts import audit, companies, directory, users
from accounts.companies import orderers
from accounts.companies.files.registers import CompanyRegister
from accounts.models import Authenticator, Event, StaffSession
from deploy.local.cast import CARIN, EVA, PER, STEFAN
from notifications.models import DigestRun, Message
from tests.accounts.admin.conftest import carin, company, signed_in
from tests.accounts.staff import later
from tests.browser.visitor import Visitor
from tests.conftest import has_number

COMPANY, ORDERER = "/admin/accounts/company/", "/admin/accounts/orderer/"
FACTORS, SESSIONS = "/admin/accounts/authenticator/", "/admin/accounts/staffsession/"
HEADER = ",".join(CompanyRegister.columns)
RIGHT = f"{HEADER}\nHemtjänst Ett i Örebro AB,556677-8899,Hemtjänst Ett AB,ny@hemtjanst-ett.example,{CARIN.mail}\n"
WRONG = f"{HEADER}\nHemtjänst Ett AB,556677-8890,Hemtjänst Ett AB,ingen adress,\n"


class Eva:
    """At a browser, signed in with both factors; the register holds the cast's companies."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page
        account = directory.connect().find(EVA.username)
        assert account
        self.user = users.for_account(account)
        session = signed_in(self.user, Client()).session
        self.page.context.add_cookies(
            [
                {
                    "name": configured.SESSION_COOKIE_NAME,
                    "value": str(session.session_key),
                    "url": visitor.portal.url,
                }
            ]
        )

    def open(self, path: str) -> None:
        self.visitor.open(path)

    def choose(self, text: str, register: str = COMPANY) -> None:
        """A file for import, up to the page that says what it changes."""
        self.open(f"{register}import/")
        file = {"name": "foretag.csv", "mimeType": "text/csv", "buffer": text.encode()}
        self.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        with self.page.expect_navigation():
            self.page.locator(".submit-row input").click()


def register(eva: Eva) -> dict[str, int]:
    """Something of everything to look at; the ids of it."""
    has_number(STEFAN)
    ett = company()
    companies.store(ett, actor=eva.user)
    ett.name = "Hemtjänst Ett i Örebro AB"
    companies.store(ett, actor=eva.user, address="192.0.2.7")
    companies.set_recipients(ett.pk, [CARIN.mail, "chef@hemtjanst-ett.example"], actor=eva.user)
    companies.note_bounce(CARIN.mail, "550 5.1.1 No such user")
    orderer = carin(ett)
    orderer.mobile = "+46701740659"
    orderers.store(orderer, [ett], actor=None)  # which waits to be confirmed
    audit.record(Event.REGISTER_EXPORTED, actor=eva.user, result="company, 2 rows")
    now = timezone.now()
    refused = Message.objects.create(
        kind=Message.Channel.MAIL,
        purpose=Message.Topic.DIGEST,
        to=CARIN.mail,
        to_digest="x",
        subject="Utgående lösenord",
        text="Hej!\n\n<b>Lösenordet</b> till nedanstående medarbetare håller på att gå ut.",
        company=ett,
        state=Message.Status.REFUSED,
        error="550 5.1.1 No such user",
        useful_until=now,
        settled_at=now,
    )
    DigestRun.objects.create(day=timezone.localdate(), since=timezone.localdate())
    app = Authenticator.objects.get(user=eva.user)
    return {"company": ett.pk, "orderer": orderer.pk, "message": refused.pk, "app": app.pk}


Way = Callable[[Eva, dict[str, int]], None]


def _at(path: str) -> Way:
    return lambda eva, ids: eva.open(path.format(**ids))


def _add_with_mistakes(eva: Eva, ids: dict[str, int]) -> None:
    eva.open(f"{COMPANY}add/")
    with eva.page.expect_navigation():
        eva.page.locator("input[name=_save]").click()


def _issue(eva: Eva, username: str) -> None:
    eva.open(f"{FACTORS}startkod/")
    eva.page.locator("input[name=username]").fill(username)
    with eva.page.expect_navigation():
        eva.page.locator(".submit-row input").click()


def _stale(path: str) -> Way:
    """Her factor is not fresh any more (A3)."""

    def way(eva: Eva, ids: dict[str, int]) -> None:
        later(minutes=6)
        eva.open(path.format(**ids))
        expect(eva.page.get_by_text("Gör det igen här.")).to_be_visible()

    return way


def _wrong_factor(eva: Eva, ids: dict[str, int]) -> None:
    _stale(ORDERER + "{orderer}/change/")(eva, ids)
    eva.page.locator("input[name=mobile]").fill("070-174 06 55")
    eva.page.locator("input[name=factor-code]").fill("12")
    with eva.page.expect_navigation():
        eva.page.locator("input[name=_save]").click()
    expect(eva.page.locator("section.notice--bad")).to_contain_text("Koden stämmer inte.")


PAGES: dict[str, Way] = {
    "index": _at("/admin/"),
    "oversikt": _at("/admin/oversikt/"),
    "foretag": _at(COMPANY),
    "foretag-nytt": _at(f"{COMPANY}add/"),
    "foretag-fel": _add_with_mistakes,
    "foretag-andra": _at(COMPANY + "{company}/change/"),
    "foretag-ta-bort": _at(COMPANY + "{company}/delete/"),
    "foretag-historik": _at(COMPANY + "{company}/history/"),
    "foretag-import": _at(f"{COMPANY}import/"),
    "foretag-import-fel": lambda eva, ids: eva.choose(WRONG),
    "foretag-import-torr": lambda eva, ids: eva.choose(RIGHT),
    "foretag-export": _at(f"{COMPANY}export/"),
    "bestallare": _at(ORDERER),
    "bestallare-ny": _at(f"{ORDERER}add/"),
    "bestallare-andra": _at(ORDERER + "{orderer}/change/"),
    "bestallare-bekrafta": _at(ORDERER + "{orderer}/confirm/"),
    "bestallare-fel-kod": _wrong_factor,
    "bestallare-historik": _at(ORDERER + "{orderer}/history/"),
    "bestallare-import": _at(f"{ORDERER}import/"),
    "logg": _at("/admin/accounts/auditevent/"),
    "appar": _at(FACTORS),
    "passkeys": _at("/admin/accounts/passkey/"),
    "app-ta-bort": _stale(FACTORS + "{app}/delete/"),
    "startkod": _at(f"{FACTORS}startkod/"),
    "startkod-fel": lambda eva, ids: _issue(eva, STEFAN.username),
    "startkod-gjord": lambda eva, ids: _issue(eva, PER.username),
    "inloggningar": _at(SESSIONS),
    "inloggning-avsluta": lambda eva, ids: eva.open(f"{SESSIONS}{StaffSession.objects.get().pk}/delete/"),
    "meddelanden": _at("/admin/notifications/message/"),
    "meddelande": _at("/admin/notifications/message/{message}/change/"),
    "korningar": _at("/admin/notifications/digestrun/"),
}
