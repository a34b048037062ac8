"""The helpdesk's two cases from end to end, in two browsers side by side: the orderer's phone and the agent's desk."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Company
from deploy.local.cast import ANNA, CARIN, PER
from helpdesk.models import Ticket
from notifications import digests
from tests.accounts.helpers import time_passes
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.office import the_register
from tests.browser.test_staff import enter_enrolment_code, scan
from tests.browser.visitor import Visitor, opens
from tests.conftest import has_number

NEW_NUMBER, NEW_TYPED = "+46701740690", "070-174 06 90"
NEW_PASSWORD = "Klippa-22-Gran"


def test_a_number_is_lost_and_another_one_opens_the_account(new_visitor: NewVisitor) -> None:
    """Asked, verified by a code, approved, told to all; after the hold the new number gets the code."""
    carin, per, anna = new_visitor(), new_visitor(DESK), new_visitor()
    number = _ask_for_a_number(carin)
    sign_in_as_agent(per)
    _take(per, number)
    verify_and_approve(per)
    told = {receiver for receiver, _text in per.portal.sms.messages()[-2:]}
    assert told == {ANNA.phone, NEW_NUMBER}
    assert {ANNA.mail, CARIN.mail} <= {message.to[0] for message in mail.outbox}
    carin.open(f"/bestallare/arenden/{number}/")
    expect(carin.page.get_by_text("Det nya numret är kopplat.")).to_be_visible()
    expect(carin.page.get_by_text("Från klockan")).to_be_visible()
    # During the hold, whoever asks gets the page and no code.
    before = len(anna.portal.sms)
    anna.open("/aterstall/")
    anna.submit(username=ANNA.username)
    anna.is_at("/aterstall/kod/")
    assert len(anna.portal.sms) == before
    sets_a_password_after_the_hold(anna)


def test_whoever_has_the_old_phone_stops_it(new_visitor: NewVisitor) -> None:
    """A con man's case: the link in the SMS to the old number, without signing in, gives the old number back."""
    carin, per, anna = new_visitor(), new_visitor(DESK), new_visitor()
    number = _ask_for_a_number(carin)
    sign_in_as_agent(per)
    _take(per, number)
    verify_and_approve(per)
    text = next(text for receiver, text in reversed(per.portal.sms.messages()) if receiver == ANNA.phone)
    anna.open(_path(text, "/stoppa/"))
    anna.next_button.click()
    expect(anna.heading).to_have_text("Det nya numret är stoppat")
    per.open(f"/helpdesk/arenden/{number}/")
    expect(per.page.get_by_text("Det nya numret stoppades")).to_be_visible()
    per.open("/helpdesk/")
    expect(per.page.get_by_role("row").nth(1)).to_contain_text(ANNA.username)
    time_passes(seconds=anna.portal.settings.PHONE_LINK_HOLD + 1)
    anna.open("/aterstall/")
    anna.submit(username=ANNA.username)
    assert anna.portal.sms.messages()[-1][0] == ANNA.phone


def test_new_recipients_get_the_next_mail(new_visitor: NewVisitor) -> None:
    """Asked, approved, confirmed by the new address; then the daily mail goes there, and no longer to the old one."""
    carin, per, chef = new_visitor(), new_visitor(DESK), new_visitor()
    _sign_in_as_orderer(carin)
    carin.open("/bestallare/mottagare/")
    carin.submit(recipient1="chef@hemtjanst-ett.example", recipient2="")
    expect(carin.heading).to_contain_text("Ärende")
    number = Ticket.objects.get().number
    sign_in_as_agent(per)
    per.open(f"/helpdesk/arenden/{number}/")
    per.page.get_by_role("button", name="Ta ärendet").click()
    per.page.locator(".ticket__approve button").click()
    expect(per.page.get_by_role("heading", name="Ärendet är avgjort")).to_be_visible()
    assert list(Company.objects.get(name=CARIN.company).recipients) == [CARIN.mail], "not before it is confirmed"
    asked = next(message for message in reversed(mail.outbox) if message.to == ["chef@hemtjanst-ett.example"])
    chef.open(_path(str(asked.body), "/bestallare/mottagare/bekrafta/"))
    chef.next_button.click()
    expect(chef.heading).to_have_text("Din adress är bekräftad")
    mail.outbox.clear()
    digests.run(timezone.localdate())
    digest = [message.to for message in mail.outbox if message.subject == "Utgående lösenord"]
    assert ["chef@hemtjanst-ett.example"] in digest
    assert [CARIN.mail] not in digest


def _sign_in_as_orderer(carin: Visitor) -> None:
    the_register()
    carin.open("/bestallare/")
    carin.is_at("/bestallare/logga-in/")
    carin.submit(email=CARIN.mail)
    carin.is_at("/bestallare/logga-in/mejlkod/")
    carin.open(_path(str(mail.outbox[-1].body), "/bestallare/logga-in/lank/"))
    carin.next_button.click()
    carin.is_at("/bestallare/logga-in/kod/")
    carin.submit(code=carin.portal.sms.code())
    carin.is_at("/bestallare/")


def sign_in_as_agent(per: Visitor) -> None:
    per.open("/helpdesk/")
    per.submit(username=PER.username, password=PER.password)
    per.is_at("/logga-in/kod/")
    enter_enrolment_code(per, PER)
    per.submit(code=scan(per).code())
    per.is_at("/logga-in/koder/")
    per.open("/helpdesk/")
    expect(per.heading).to_be_visible()


def _ask_for_a_number(carin: Visitor) -> str:
    """From the list of her staff to the request; returns its number."""
    has_number(ANNA)
    _sign_in_as_orderer(carin)
    row = carin.page.get_by_role("row").filter(has_text=ANNA.username)
    row.get_by_role("link").first.click()
    expect(carin.field("username")).to_have_value(ANNA.username)
    carin.submit(phone=NEW_TYPED)
    expect(carin.heading).to_contain_text("Ärende")
    return Ticket.objects.get().number


def _take(per: Visitor, number: str) -> None:
    per.open("/helpdesk/")
    per.page.get_by_role("link", name=number).first.click()
    per.page.get_by_role("button", name="Ta ärendet").click()


def verify_and_approve(per: Visitor) -> None:
    """Of the request that he has open. He calls nobody: Carin reads out what comes to her phone."""
    per.page.get_by_role("button", name="Skicka en kod till beställarens mobil").click()
    assert per.portal.sms.messages()[-1][0] == CARIN.phone
    per.field("code").fill(per.portal.sms.code())
    per.page.get_by_role("button", name="Kontrollera koden").click()
    approve = per.page.locator(".ticket__approve button")
    expect(approve).to_contain_text(ANNA.username)
    approve.click()
    expect(per.page.get_by_role("heading", name="Ärendet är avgjort")).to_be_visible()


def sets_a_password_after_the_hold(anna: Visitor) -> None:
    """With a code to the new number."""
    time_passes(seconds=anna.portal.settings.PHONE_LINK_HOLD + 1)
    anna.open("/aterstall/")
    anna.submit(username=ANNA.username)
    anna.is_at("/aterstall/kod/")
    assert anna.portal.sms.messages()[-1][0] == NEW_NUMBER
    anna.submit(code=anna.portal.sms.code())
    anna.is_at("/aterstall/losenord/")
    anna.submit(new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    anna.is_at("/aterstall/klart/")
    assert opens(ANNA, NEW_PASSWORD)


def _path(text: str, page: str) -> str:
    """The address of ours in a mail or an SMS, as a browser opens it."""
    found = re.search(rf"https?://\S+{page}\?\S+", text)
    assert found, f"no link to {page}"
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}"
