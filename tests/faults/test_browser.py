"""What ``make faults`` reads of a page: a person who is told what is wrong is not lost."""

from __future__ import annotations

from django.test import Client

from tests.faults.browser import page_of


def test_what_is_wrong_is_read(client: Client) -> None:
    """Of a page as it is, whose markup changes."""
    text = client.post("/aterstall/", {"username": ""}).content.decode()
    page = page_of(200, "/aterstall/", text)
    assert page.words
    assert page.errors.startswith("Skriv ditt användarnamn")


def test_a_page_with_nothing_wrong_says_so(client: Client) -> None:
    page = page_of(200, "/aterstall/", client.get("/aterstall/").content.decode())
    assert page.words
    assert not page.errors
