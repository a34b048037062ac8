"""docs/example-mail.eml is the mail that the portal sends today. Issue 3, must show 4."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests import mail_view
from tests.example_mail import FILE, compose
from tests.notifications.digest_world import Page
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp


@pytest.mark.django_db
def test_the_example_is_what_is_sent(empty_server: TestSlapd, smtp: PrivateSmtp) -> None:
    """After a change of its words: python -m tests.example_mail, then make screenshots."""
    assert FILE.read_bytes() == compose(empty_server, smtp)


def test_it_tells_of_the_manuals_two_accounts() -> None:
    """Their names and days left; what the manual's own dates come to is said in tests/example_mail.py."""
    mail = message_from_bytes(FILE.read_bytes(), _class=EmailMessage, policy=policy.default)
    assert mail["Subject"] == "Utgående lösenord"
    html = mail.get_body(("html",))
    assert html is not None
    assert Page(html.get_content()).rows[1:] == [
        ["Karl", "Lind", "lovyyy", "2021-10-08", "7", "inte registrerat"],
        ["Stefan", "Lind", "lovxxxx", "2021-10-16", "15", "registrerat"],
    ]


def test_the_mail_view_shows_the_header_and_holds_the_mail() -> None:
    page = Page(mail_view.page(FILE.read_bytes()))
    for shown in ("Från it-helpdesk@orebro.se", "Till carin@hemtjanst-ett.example", "Ämne Utgående lösenord"):
        assert shown in page.text
    assert "Datum 2021-10-01 06:00" in page.text
    (frame,) = [values for name, values in page.elements if name == "iframe"]
    assert "lovxxxx" in str(frame["srcdoc"])
