"""The host names of the manual, pwreg and pwreset: each leads to its journey, and none is taken from a header."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from idportal.web.hosts import journey_host, journey_url

REGISTER, RESET, PORTAL = "pwreg.kommunen.example", "pwreset.kommunen.example", "losenord.kommunen.example"

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def portal(settings: Settings) -> None:
    settings.PORTAL_URL = f"https://{PORTAL}"
    settings.ALLOWED_HOSTS = [REGISTER, RESET, PORTAL]
    settings.REGISTER_HOST = settings.RESET_HOST = ""


@pytest.fixture
def both(settings: Settings) -> None:
    settings.REGISTER_HOST, settings.RESET_HOST = REGISTER, RESET


def get(host: str, path: str, *, method: str = "get", **headers: str) -> HttpResponse:
    client = Client(headers={"host": host, **headers})
    answer: HttpResponse = getattr(client, method)(path)
    return answer


# --- Where a request goes ------------------------------------------------------------------------


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("host", "path", "to"),
    [
        (REGISTER, "/", "/registrera/"),
        (RESET, "/", "/aterstall/"),
        (REGISTER.upper(), "/", "/registrera/"),
        (f"{RESET}:8443", "/", "/aterstall/"),
        # So that the last line of the SMS names the host on which the code is entered.
        (RESET, "/registrera/", f"https://{REGISTER}/registrera/"),
        (PORTAL, "/registrera/mobil/?a=b&c=%C3%A5", f"https://{REGISTER}/registrera/mobil/?a=b&c=%C3%A5"),
        (REGISTER, "/aterstall/", f"https://{RESET}/aterstall/"),
        (PORTAL, "/aterstall/kod/?a=b%20c", f"https://{RESET}/aterstall/kod/?a=b%20c"),
        (f"{REGISTER}:443", "/aterstall/finns-inte/", f"https://{RESET}/aterstall/finns-inte/"),
        *(
            (host, path, f"https://{PORTAL}{path}")  # of the municipality's own
            for host in (REGISTER, RESET)
            for path in (
                "/admin/",
                "/logga-in/?next=/admin/",
                "/helpdesk/",
                "/bestallare/logga-in/",
                "/stoppa/?nyckel=a",
            )
        ),
    ],
)
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_request_moves_to_where_it_belongs(host: str, path: str, to: str, method: str) -> None:
    answer = get(host, path, method=method)
    assert (answer.status_code, answer["Location"]) == (302, to)


@pytest.mark.usefixtures("both")
def test_what_is_where_it_belongs_stays() -> None:
    for host in (REGISTER, f"{REGISTER}:8000", REGISTER.upper()):
        assert get(host, "/registrera/").status_code == 200
    assert get(RESET, "/aterstall/").status_code == 200
    for host in (PORTAL, REGISTER, RESET):
        for path in ("/tillganglighet/", "/personuppgifter/", "/healthz/live"):
            assert get(host, path).status_code == 200


@pytest.mark.usefixtures("both")
def test_the_port_of_the_portal_is_kept(settings: Settings) -> None:
    settings.PORTAL_URL = f"http://{PORTAL}:8000"
    assert get(PORTAL, "/registrera/?x=1")["Location"] == f"http://{REGISTER}:8000/registrera/?x=1"
    assert get(f"{PORTAL}:9999", "/aterstall/")["Location"] == f"http://{RESET}:8000/aterstall/"
    settings.RESET_HOST = f"{RESET}:8001"
    assert get(PORTAL, "/aterstall/")["Location"] == f"http://{RESET}:8001/aterstall/"


@pytest.mark.parametrize("named", ["", REGISTER, f"{REGISTER}:8000", REGISTER.upper()])
def test_with_one_host_name_or_none_no_journey_moves(settings: Settings, named: str) -> None:
    settings.REGISTER_HOST = named
    for host in (PORTAL, REGISTER, RESET):
        for path in ("/registrera/", "/aterstall/"):
            assert get(host, path).status_code == 200
    assert (get(REGISTER, "/").status_code == 302) == bool(named)
    page = get(PORTAL, "/").content.decode()
    assert f'href="{f"https://{named}" if named else ""}/registrera/"' in page
    assert 'href="/aterstall/"' in page


def test_a_portal_with_one_host_has_everything_on_it(settings: Settings) -> None:
    settings.PORTAL_URL = f"https://{REGISTER}"
    settings.REGISTER_HOST = settings.RESET_HOST = REGISTER
    assert get(REGISTER, "/logga-in/").status_code == 200


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("path", ["//evil.example/registrera/", "/registrera//evil.example/", "/registrera/\\evil"])
def test_a_path_leads_to_no_other_site(path: str) -> None:
    answer = get(PORTAL, path)
    location = answer.headers.get("Location", f"https://{REGISTER}/")
    assert location.startswith((f"https://{REGISTER}/", "/registrera")), location


# --- What the Host header can't do ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/registrera/", "/aterstall/", "/finns-inte/", "/tillganglighet/"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"{PORTAL}.evil.example",
        f"evil.example:443@{PORTAL}",
        f"{PORTAL}@evil.example",
        f"evil-{PORTAL}",
        "",
        "192.0.2.1",
        f"{PORTAL}:port",
        f"{PORTAL}/evil.example",
    ],
)
def test_an_unknown_host_is_refused(host: str, path: str) -> None:
    answer = get(host, path)
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/registrera/", "/aterstall/", "/finns-inte/", "/tillganglighet/"])
def test_links_are_never_built_from_the_header(path: str) -> None:
    page = get(f"{RESET}:4711", path, x_forwarded_host="evil.example", forwarded="host=evil.example").content.decode()
    assert "evil.example" not in page
    assert ":4711" not in page
    assert "kommunen.example" not in page


@pytest.mark.usefixtures("both")
def test_links_between_the_journeys_name_the_hosts_of_the_settings(settings: Settings) -> None:
    page = get(f"{RESET}:4711", "/aterstall/").content.decode()
    named = {f"https://{REGISTER}", f"https://{RESET}", settings.PORTAL_URL}  # the last has the start page
    assert set(re.findall(r'"(https?://[^/"]+)', page)) <= named


@pytest.mark.parametrize(
    ("register", "portal", "url", "host"),
    [
        (REGISTER, f"https://{PORTAL}", f"https://{REGISTER}/registrera/", REGISTER),
        (REGISTER, f"https://{PORTAL}:8443", f"https://{REGISTER}:8443/registrera/", REGISTER),
        (f"{REGISTER}:8444", f"https://{PORTAL}", f"https://{REGISTER}:8444/registrera/", REGISTER),
        ("", f"https://{PORTAL}:8443", f"https://{PORTAL}:8443/registrera/", PORTAL),
        ("", "http://127.0.0.1:8000", "http://127.0.0.1:8000/registrera/", "127.0.0.1"),
        ("", "http://[::1]:8000", "http://[::1]:8000/registrera/", "::1"),
    ],
)
def test_messages_name_the_host_of_the_settings(
    settings: Settings, register: str, portal: str, url: str, host: str
) -> None:
    settings.REGISTER_HOST, settings.PORTAL_URL = register, portal
    assert journey_url("REGISTER_HOST", "/registrera/") == url
    assert journey_host("REGISTER_HOST") == host
