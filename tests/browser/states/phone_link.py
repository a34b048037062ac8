"""The page on which a new number is stopped."""

from __future__ import annotations

from django.core import mail

from deploy.local.cast import ANNA
from tests.accounts.linking import keys_by_mail, keys_by_sms, link
from tests.browser.states.state import State, opened, typed
from tests.browser.visitor import Visitor
from tests.conftest import has_number

unknown = opened(f"/stoppa/?nyckel={'x' * 22}")


def told(visitor: Visitor) -> None:
    """The link in the SMS to the old number was followed."""
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_sms(visitor.portal.sms, ANNA.phone)
    visitor.open(f"/stoppa/?nyckel={key}")


def told_by_mail(visitor: Visitor) -> None:
    has_number(ANNA)
    link(ANNA)
    [key] = keys_by_mail(mail.outbox, ANNA.mail)
    visitor.open(f"/stoppa/?nyckel={key}")


def pressed_again(visitor: Visitor) -> None:
    told(visitor)
    visitor.submit()
    visitor.page.get_by_text("Det nya numret är stoppat").wait_for()
    visitor.page.reload()


PHONE_LINK = (
    State("stoppa", "phone-link-stop", "Är det nya mobilnumret fel?", told),
    State("stoppa-klart", "phone-link-stop", "Inget nummer får koder till kontot nu", typed(told)),
    State("stoppa-klart-mejl", "phone-link-stop", "Det tidigare numret gäller igen", typed(told_by_mail)),
    State("stoppa-redan", "phone-link-stop", "Det nya numret är redan stoppat", pressed_again),
    State("stoppa-sent", "phone-link-stop", "Det är för sent att stoppa här", typed(unknown)),
)
