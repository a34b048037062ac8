"""Whatever arrives is read or refused, and what is read can be kept. For longer: ``make fuzz``."""

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.helpdesk.fuzz import CORPUS, htmls, mails
from tests.helpdesk.promises import assert_kept


@settings(max_examples=100, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(raw=mails, html=htmls)
@example(raw=b"", html="")
@example(raw=b"Content-Type: text/plain; charset=undefined\n\n\xff", html="<?")
@example(raw=b"From: a\0@b.example\r\n\r\n", html="&#0;&#xd800;")
def test_each_promise_is_kept(raw: bytes, html: str) -> None:
    assert_kept(raw, html)


@pytest.mark.parametrize("raw", CORPUS)
def test_a_mail_that_is_cut_anywhere(raw: bytes) -> None:
    for length in range(0, len(raw), max(1, len(raw) // 40)):
        assert_kept(raw[:length], "")
