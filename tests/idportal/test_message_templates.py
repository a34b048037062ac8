"""A moment in a message is given in local time, in the words of its language, and names are no markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from idportal.channels import message_templates

AT = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)  # the next day in Stockholm


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", "Lösenordet för kontot {} byttes den 1 december 2026 kl. 00:05."),
        ("en", "The password of the account {} was changed on 1 December 2026 at 00:05."),
    ],
)
def test_a_moment_is_said_in_local_time(language: str, said: str) -> None:
    name = "<b>&'%s{{ code }}"
    mail = message_templates.mail("password_reset", language, {"account": name, "at": AT, "link": ""})
    assert said.format(name) in mail.text
    assert said.format("&lt;b&gt;&amp;&#x27;%s{{ code }}") in mail.html


@pytest.mark.parametrize(
    ("account", "said"),
    [("lovstlin32", "lovstlin32"), ("", "ditt konto"), ("a" * 120, "ditt konto")],
    ids=["a name", "none", "one that is too long for an SMS"],
)
def test_an_sms_names_the_account_where_there_is_room(account: str, said: str) -> None:
    text = message_templates.sms("password_reset", "sv", {"account": account, "at": AT})
    assert text.startswith(f"Lösenordet för {said} byttes 2026-12-01 00:05.")
