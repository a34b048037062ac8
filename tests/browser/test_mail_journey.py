"""A mail to the helpdesk, from a company's outbox to the number that gets the code. Issue 5, must show 5."""

from __future__ import annotations

from django.core import mail
from playwright.sync_api import expect

from accounts.models import Phone
from deploy.local.cast import ANNA, CARIN
from helpdesk.intake import fetch
from helpdesk.models import Ticket
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.office import the_register
from tests.browser.test_helpdesk_journey import (
    NEW_NUMBER,
    NEW_TYPED,
    sets_a_password_after_the_hold,
    sign_in_as_agent,
    verify_and_approve,
)
from tests.conftest import has_number
from tests.helpdesk.mailing import a_mail
from tests.servers.dovecot import TestDovecot


def test_a_mail_becomes_a_number_that_gets_the_code(new_visitor: NewVisitor, mailbox: TestDovecot) -> None:
    """Half of it is missing: the agent finds it out, makes sure of the orderer, and approves."""
    per, anna = new_visitor(DESK), new_visitor()
    the_register()
    has_number(ANNA)
    mailbox.deliver(a_mail("Hej! Anna Berg, lovanber11, har tappat sin telefon. Mvh Carin"), CARIN.mail)
    fetch.run()
    one = Ticket.objects.get()
    [receipt] = [message for message in mail.outbox if message.to == [CARIN.mail]]
    assert one.number in receipt.subject
    assert "det nya mobilnumret" in str(receipt.body)

    sign_in_as_agent(per)
    expect(per.page.get_by_role("row").nth(1)).to_contain_text("lovanber11")
    per.page.get_by_role("link", name=one.number).click()
    expect(per.page.get_by_text("Avsändaren är inte kontrollerad")).to_be_visible()
    per.page.get_by_role("button", name="Ta ärendet").click()
    expect(per.page.get_by_role("heading", name="Nästa steg: fyll i det som saknas")).to_be_visible()
    # She answers the receipt; that joins, and the agent reads it beside the form.
    mailbox.deliver(a_mail(f"Hennes nya nummer är {NEW_TYPED}", subject=f"SV: {receipt.subject}"), CARIN.mail)
    fetch.run()
    per.page.get_by_role("link", name="Fyll i uppgifterna").click()
    expect(per.page.get_by_text(f"Hennes nya nummer är {NEW_TYPED}")).to_be_visible()
    per.submit(new_number="08-123")
    expect(per.page.get_by_text("Kontrollera numret.").first).to_be_visible()
    per.submit(new_number=NEW_TYPED)
    expect(per.page.get_by_text("Uppgifterna är sparade.")).to_be_visible()
    verify_and_approve(per)
    assert Phone.objects.get(user__username=ANNA.username).number == NEW_NUMBER
    assert any(f"Ärende {one.number} är godkänt" in message.subject for message in mail.outbox)
    sets_a_password_after_the_hold(anna)
