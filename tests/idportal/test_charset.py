"""The character set of what is posted: UTF-8, as all pages are."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

pytestmark = pytest.mark.django_db

PARTS = "multipart/form-data; boundary=b"
LINE = "application/x-www-form-urlencoded"
BODY = {
    PARTS: b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nlovstlin32\r\n--b--\r\n',
    LINE: b"username=lovstlin32",
}


def post(sort: str, charset: str) -> HttpResponse:
    answer = Client().generic("POST", "/aterstall/", BODY[sort], content_type=f"{sort}; charset={charset}")
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize("sort", [PARTS, LINE])
@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "latin-1", "cp037", "no-such-thing"])
def test_a_form_in_another_character_set_is_refused(sort: str, charset: str) -> None:
    """In some of them a name is another name than the one that the logs and the limits see."""
    answer = post(sort, charset)
    assert answer.status_code == 400
    assert settings.SESSION_COOKIE_NAME not in answer.cookies


@pytest.mark.parametrize("body", [*BODY, "multipart/form-data"], ids=["parts", "line", "parts without a boundary"])
def test_who_has_the_page_open_gets_the_same_page(body: str, caplog: pytest.LogCaptureFixture) -> None:
    """With the CSRF cookie, that is. One line in the log says it, without a traceback."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.get("/aterstall/")
    caplog.clear()
    other = "; charset=latin-1" if body in BODY else ""
    answer = browser.generic("POST", "/aterstall/", BODY.get(body, b"username=x"), content_type=f"{body}{other}")
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 400
    assert "Det gick inte att läsa det du skickade" in answer.content.decode()
    if other:
        [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert line.getMessage() == "a form in another character set than UTF-8: /aterstall/"
        assert line.exc_info is None


@pytest.mark.parametrize("sort", [PARTS, LINE])
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8"])
def test_a_form_that_says_it_is_in_utf_8_is_taken(sort: str, charset: str) -> None:
    assert post(sort, charset).status_code == 302
