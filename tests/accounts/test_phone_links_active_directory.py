"""A number that the helpdesk links, against Samba's Active Directory: security.md H4; issue 4, must show 1."""

from __future__ import annotations

import pytest
from django.core.mail import EmailMessage

from accounts import phones
from deploy.local.cast import ANNA
from tests.accounts.helpers import NEW_NUMBER, NEW_PASSWORD, binds, time_passes
from tests.accounts.linking import keys_by_mail, link
from tests.conftest import Walker, has_number
from tests.servers.samba import PrivateSamba

ANOTHER_PASSWORD = "Tredje-Tall-4713"  # which holds no name of hers

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_link_that_is_stopped_and_one_that_is_not(
    active_directory_settings: PrivateSamba, walker: Walker, mailoutbox: list[EmailMessage]
) -> None:
    """Stopped by mail: the code goes to the old number. Not stopped: after the hold, to the new one. Both bind."""
    has_number(ANNA)
    link(ANNA)
    walker.ask(ANNA.username)
    assert not [to for to, text in walker.sms.messages() if "#" in text]
    assert phones.stop(keys_by_mail(mailoutbox, ANNA.mail)[0], None)
    time_passes(seconds=61)
    assert walker.reset(ANNA, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(active_directory_settings, ANNA.username, NEW_PASSWORD)
    link(ANNA)
    time_passes(minutes=16)
    assert walker.reset(ANNA, ANOTHER_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(active_directory_settings, ANNA.username, ANOTHER_PASSWORD)
    assert [to for to, text in walker.sms.messages() if "#" in text] == [ANNA.phone, NEW_NUMBER]
