"""The pages on which an orderer signs in, and chooses a company."""

from __future__ import annotations

import re

from django.core import mail

from accounts.models import Company, Orderer
from deploy.local.cast import CARIN
from tests.accounts.helpers import WRONG_CODE
from tests.browser.states.office import as_carin, the_register
from tests.browser.states.state import State, mistyped, opened, pressed, typed
from tests.browser.visitor import Visitor

log_in = opened("/bestallare/logga-in/")


def asked(visitor: Visitor) -> None:
    the_register()
    client = visitor.walker().client
    client.post("/bestallare/logga-in/", {"email": CARIN.mail})
    visitor.goes_on(client, "/bestallare/logga-in/mejlkod/")


def link() -> str:
    """That of the newest mail, without the host."""
    found = re.search(r"/bestallare/logga-in/lank/\?nyckel=\S+", str(mail.outbox[-1].body))
    assert found, "the newest mail holds no link"
    return found[0]


def looked(visitor: Visitor) -> None:
    asked(visitor)
    visitor.open(link())


def elsewhere(visitor: Visitor) -> None:
    asked(visitor)
    visitor.page.context.clear_cookies()
    visitor.open(link())


def refused(visitor: Visitor) -> None:
    asked(visitor)
    visitor.open("/bestallare/logga-in/lank/?nyckel=fel")
    visitor.submit()


def code_withheld(visitor: Visitor) -> None:
    visitor.portal.settings.SMS_DAILY_LIMIT = 0
    code(visitor)


def code(visitor: Visitor) -> None:
    looked(visitor)
    visitor.submit()
    visitor.is_at("/bestallare/logga-in/kod/")


def of_two() -> Orderer:
    """Carin orders for both companies."""
    _ett, carin = the_register()
    carin.companies.set(Company.objects.all())
    return carin


def chooses(visitor: Visitor) -> None:
    of_two()
    as_carin(visitor)
    visitor.open("/bestallare/foretag/")


def has_left(visitor: Visitor) -> None:
    chooses(visitor)
    visitor.page.locator("main button[name=company]").first.click()
    Orderer.objects.get(email=CARIN.mail).companies.set(Company.objects.exclude(name=CARIN.company))
    visitor.open("/bestallare/foretag/")


ORDERER_SIGN_IN = (
    State("bestallare-logga-in", "orderer-login", "Du behöver inget lösenord.", log_in),
    State("bestallare-logga-in-empty", "orderer-login", "Skriv din e-postadress", typed(log_in)),
    State("bestallare-mejlkod", "orderer-mailed-code", "Skriv koden från mejlet", asked),
    State(
        "bestallare-mejlkod-help",
        "orderer-mailed-code",
        "Du kan ha bett om för många mejl",
        pressed(asked, ".help summary"),
    ),
    State("bestallare-mejlkod-wrong", "orderer-mailed-code", "eller be om ett nytt mejl.", typed(asked, code="123456")),
    State("bestallare-lank", "orderer-link", "Fortsätt inloggningen", looked),
    State("bestallare-lank-elsewhere", "orderer-link", "Skriv koden där du bad om den", elsewhere),
    State("bestallare-lank-refused", "orderer-link", "Länken gäller inte", refused),
    State("bestallare-kod", "orderer-code", "Skriv in säkerhetskoden", code),
    State("bestallare-kod-withheld", "orderer-code", "Ingen kod har skickats", code_withheld),
    State("bestallare-kod-wrong", "orderer-code", WRONG_CODE, mistyped(code)),
    State("bestallare-foretag", "orderer-company", "vilket företag gäller det?", chooses),
    State("bestallare-foretag-left", "orderer-company", "Du är inte längre behörig beställare", has_left),
)
