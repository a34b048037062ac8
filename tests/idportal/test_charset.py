"""The character set of what is posted: UTF-8, as all pages are."""

from __future__ import annotations

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


@pytest.mark.parametrize("sort", [PARTS, LINE])
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8"])
def test_a_form_that_says_it_is_in_utf_8_is_taken(sort: str, charset: str) -> None:
    assert post(sort, charset).status_code == 302
