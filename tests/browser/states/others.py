"""The start page, the two statements, the errors, and the demo."""

from __future__ import annotations

from pathlib import Path

import redis.exceptions
from django.conf import settings
from django.core.exceptions import PermissionDenied

from accounts.codes import text
from accounts.directory import DirectoryUnavailable, OutcomeUnknown
from accounts.models import Purpose
from deploy.local.cast import KARL, STEFAN
from tests.as_demo import show_demo
from tests.browser.states import register, reset
from tests.browser.states.state import State, Steps, answered, opened
from tests.browser.visitor import Visitor

START = (
    State("start", "start", "Vad vill du göra?", opened("/")),
    State("tillganglighet", "accessibility", "Hur tillgänglig är webbplatsen?", opened("/tillganglighet/")),
    State("personuppgifter", "privacy", "Så behandlar vi dina personuppgifter", opened("/personuppgifter/")),
)


def host_of_others(visitor: Visitor) -> None:
    visitor.portal.settings.ALLOWED_HOSTS = ["portal.example"]
    visitor.open("/")


def without_cookies(visitor: Visitor) -> None:
    visitor.open("/aterstall/")
    visitor.page.context.clear_cookies()
    visitor.submit(username=STEFAN.username)


def many_posts(visitor: Visitor) -> None:
    """The wait is always the same, not what is left of the ten minutes."""
    used_up = {"count": 301, "limit": 300, "should_limit": True, "time_left": 9 * 60}
    answered(opened("/aterstall/"), "accounts.throttling.by_address.get_usage", used_up)(visitor)


def broken(error: Exception) -> Steps:
    return answered(register.log_in, "accounts.passwords.sign_in.check", error, **register.CURRENT)


# Named after their templates.
ERRORS = (
    State("400", "", "Det gick inte att läsa det du skickade", host_of_others, 400),
    State("403", "", "Du kan inte se den här sidan", broken(PermissionDenied()), 403),
    State("403_csrf", "", "Sidan har varit öppen för länge", without_cookies, 403),
    State("404", "", "Sidan finns inte", opened("/finns-inte/"), 404),
    State("429", "", "För många försök", many_posts, 429),
    State("500", "", "Något gick fel", broken(RuntimeError("nobody foresaw this")), 500),
    State("503", "", "Tjänsten går inte att använda just nu", broken(redis.exceptions.ConnectionError()), 503),
    State("503-directory", "", "Det går inte att logga in just nu", broken(DirectoryUnavailable()), 503),
    State(
        "503-unsure",
        "",
        "Vi vet inte om lösenordet blev bytt",
        answered(reset.password, "accounts.passwords.reset.set_password", OutcomeUnknown(), **reset.NEW),
        503,
    ),
)


def demo(path: str) -> Steps:
    """As ``deploy.local.settings`` has it: with the demo's own page and the line at the top of all others."""

    def steps(visitor: Visitor) -> None:
        show_demo(visitor.portal.settings, visitor.portal.sms.folder.parent)
        visitor.open(path)

    return steps


def demo_with_messages(visitor: Visitor) -> None:
    folder = visitor.portal.sms.folder
    for second, (person, purpose) in enumerate(((STEFAN, Purpose.RESET), (KARL, Purpose.REGISTER))):
        number = (person.phone or "+46701740690").removeprefix("+")
        sms = folder / f"20261124T21401{second}.000000Z-{number}.txt"
        sms.write_text(text(f"01479{second}", purpose, "sv"), encoding="utf-8")
    mail = folder.parent / "mail"
    mail.mkdir()
    (mail / "20261124-214010.log").write_bytes(Path(settings.BASE_DIR, "docs", "example-mail.eml").read_bytes())
    demo("/demo/")(visitor)


def opened_mail(visitor: Visitor) -> None:
    demo_with_messages(visitor)
    visitor.page.get_by_role("link", name="Visa som i ett mejlprogram").click()


def mail_without_words(visitor: Visitor) -> None:
    demo("/demo/")(visitor)
    visitor.page.locator("textarea[name=text]").fill("")
    visitor.submit(subject="")


DEMO = (
    State("demo", "demo", "Prova Lösenordsportalen", demo_with_messages),
    State("demo-mail", "demo-mail", "Detta mail skickades automatiskt från systemet.", opened_mail),
    State("demo-without-words", "demo", "Skriv ett meddelande.", mail_without_words),
    State("demo-empty", "demo", "Inga SMS än.", demo("/demo/")),
    State("demo-start", "start", "Demo – inga riktiga konton", demo("/")),
)
