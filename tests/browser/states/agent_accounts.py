"""An agent looks accounts up."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts import audit, directory, phones
from accounts.models import Event, FailedTry, Phone, PhoneLink
from deploy.local.cast import EVA, STEFAN, Person
from helpdesk.models import Ticket
from tests.accounts.helpers import NEW_NUMBER_TYPED
from tests.accounts.linking import keys_by_sms, link
from tests.accounts.staff import later
from tests.browser.states.office import as_per, the_register
from tests.browser.states.state import State, Steps
from tests.browser.visitor import Visitor
from tests.conftest import has_number


def accounts(visitor: Visitor) -> None:
    as_per(visitor)
    the_register()
    visitor.open("/helpdesk/konton/")


def searched(text: str) -> Steps:
    def steps(visitor: Visitor) -> None:
        has_number(STEFAN)
        accounts(visitor)
        visitor.submit(q=text)

    return steps


def account(person: Person) -> Steps:
    def steps(visitor: Visitor) -> None:
        accounts(visitor)
        found = directory.connect().find(person.username)
        assert found
        visitor.open(f"/helpdesk/konton/{found.id}/")

    return steps


def in_trouble(visitor: Visitor) -> None:
    """Locked, burnt out, and with a number that the helpdesk has just linked."""
    visitor.portal.server.put(STEFAN, locked=True)
    now = timezone.now()
    user, until = has_number(STEFAN).user, now + timedelta(minutes=10)
    Phone.objects.update(usable_from=until)
    link = PhoneLink.objects.create(user=user, number=STEFAN.phone, reference="2026-00042", usable_from=until)
    Ticket.objects.create(
        number=link.reference,
        kind=Ticket.Kind.PHONE,
        source=Ticket.Source.PAGES,
        state=Ticket.State.DONE,
        employee_name=STEFAN.name,
        employee_username=STEFAN.username,
        account=user.directory_id,
        created_at=now - timedelta(minutes=20),
        decided_at=now - timedelta(minutes=5),
    )
    for minutes in range(10):
        FailedTry.objects.create(
            subject=user.directory_id, kind=FailedTry.Secret.CODE, at=now - timedelta(minutes=minutes)
        )
    audit.record(Event.CODE_WITHHELD, user, result="too many wrong codes in a day")
    account(STEFAN)(visitor)


def unlocked(visitor: Visitor) -> None:
    in_trouble(visitor)
    visitor.page.get_by_role("button", name="Lås upp kontot").click()


def removed_without_a_reason(visitor: Visitor) -> None:
    has_number(STEFAN)
    account(STEFAN)(visitor)
    visitor.page.get_by_text("Ta bort det registrerade numret").click()
    visitor.page.get_by_role("button", name="Ta bort numret").click()


def replaced(visitor: Visitor) -> None:
    has_number(STEFAN)
    visitor.walker().register(STEFAN, NEW_NUMBER_TYPED)
    account(STEFAN)(visitor)


def blocked(visitor: Visitor) -> None:
    has_number(STEFAN)
    link(STEFAN)
    phones.stop(keys_by_sms(visitor.portal.sms, STEFAN.phone)[0], None)
    account(STEFAN)(visitor)


def removed_later(visitor: Visitor) -> None:
    """Per's factor is not fresh any more (A3)."""
    has_number(STEFAN)
    account(STEFAN)(visitor)
    later(minutes=6)
    visitor.page.reload()
    visitor.page.get_by_text("Ta bort det registrerade numret").click()
    visitor.page.locator("textarea[name=why]").fill("Telefonen är stulen. Carin Ek bekräftade det.")
    visitor.page.get_by_role("button", name="Ta bort numret").click()


AGENT_ACCOUNTS = (
    State("helpdesk-konton", "helpdesk-accounts", "Ingen kan se nummer, kod eller lösenord.", accounts),
    State("helpdesk-konton-found", "helpdesk-accounts", "lovkalin01", searched("Lind")),
    State("helpdesk-konton-nobody", "helpdesk-accounts", "Inget konto stämmer", searched("*")),
    State("helpdesk-konto", "helpdesk-account", "Inget nummer är registrerat.", account(STEFAN)),
    State("helpdesk-konto-trouble", "helpdesk-account", "Gränsen är nådd", in_trouble),
    State("helpdesk-konto-replaced", "helpdesk-account", "Bytt av medarbetaren själv, med lösenordet", replaced),
    State("helpdesk-konto-blocked", "helpdesk-account", "medarbetaren kan inte registrera ett", blocked),
    State("helpdesk-konto-protected", "helpdesk-account", "Kontot är skyddat.", account(EVA)),
    State("helpdesk-konto-nummer-empty", "helpdesk-remove-number", "Skriv varför numret", removed_without_a_reason),
    State("helpdesk-konto-nummer-later", "helpdesk-remove-number", "Visa att det är du.", removed_later),
    State("helpdesk-konto-unlocked", "helpdesk-account", "Kontot är upplåst.", unlocked),
)
