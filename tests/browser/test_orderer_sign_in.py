"""An orderer asks on a telephone, and the mail is open on a computer: the code goes where she began."""

from __future__ import annotations

import re

from django.core import mail
from playwright.sync_api import expect

from deploy.local.cast import CARIN
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.office import the_register
from tests.browser.states.orderer_sign_in import link


def test_a_mailed_code_signs_in_on_a_telephone_while_the_mail_is_open_on_a_computer(new_visitor: NewVisitor) -> None:
    telephone, computer = new_visitor(), new_visitor(DESK)
    the_register()
    telephone.open("/bestallare/")
    telephone.submit(email=CARIN.mail)
    telephone.is_at("/bestallare/logga-in/mejlkod/")
    expect(telephone.next_button).to_be_in_viewport()
    computer.open(link())
    expect(computer.heading).to_have_text("Skriv koden där du bad om den")
    expect(computer.page.locator("main form")).to_have_count(0)
    found = re.search(r"^\d{6}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    telephone.submit(code=found[0])
    telephone.is_at("/bestallare/logga-in/kod/")
    telephone.submit(code=telephone.portal.sms.code())
    telephone.is_at("/bestallare/")
    expect(telephone.heading).to_have_text("Våra medarbetare")
