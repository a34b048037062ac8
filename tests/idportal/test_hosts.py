"""The host names of the manual, pwreg and pwreset: each leads to its journey, and none is taken from a header."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from idportal.hosts import journey_host, journey_url

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


# --- The first page ------------------------------------------------------------------------------


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("host", "path"),
    [
        (REGISTER, "/registrera/"),
        (RESET, "/aterstall/"),
        (REGISTER.upper(), "/registrera/"),
        (f"{RESET}:443", "/aterstall/"),
        (f"{RESET}:8443", "/aterstall/"),
    ],
)
def test_the_host_of_a_journey_leads_to_it(host: str, path: str) -> None:
    answer = get(host, "/")
    assert (answer.status_code, answer["Location"]) == (302, path)
    assert get(host, path).status_code == 200


@pytest.mark.parametrize(("setting", "host", "path"), [("REGISTER_HOST", REGISTER, "/registrera/")])
@pytest.mark.parametrize("named", [f"{REGISTER}:8000", REGISTER.upper()])
def test_the_setting_may_name_a_port_or_be_written_in_capitals(
    settings: Settings, setting: str, host: str, path: str, named: str
) -> None:
    setattr(settings, setting, named)
    assert get(host, "/")["Location"] == path


@pytest.mark.parametrize("host", [PORTAL, RESET])
def test_any_other_host_shows_both_journeys(settings: Settings, host: str) -> None:
    settings.REGISTER_HOST = REGISTER
    answer = get(host, "/")
    assert answer.status_code == 200
    assert f'href="https://{REGISTER}/registrera/"' in answer.content.decode()
    assert 'href="/aterstall/"' in answer.content.decode()


def test_without_host_names_the_start_page_shows_both_journeys() -> None:
    for host in (PORTAL, REGISTER, RESET):
        page = get(host, "/").content.decode()
        assert 'href="/registrera/"' in page
        assert 'href="/aterstall/"' in page


# --- Each journey on its host --------------------------------------------------------------------


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize(
    ("asked", "path", "host"),
    [
        (RESET, "/registrera/", REGISTER),
        (PORTAL, "/registrera/mobil/?a=b&c=%C3%A5", REGISTER),
        (REGISTER, "/aterstall/", RESET),
        (PORTAL, "/aterstall/kod/?a=b%20c", RESET),
        (f"{REGISTER}:443", "/aterstall/finns-inte/", RESET),
    ],
)
def test_a_journey_asked_elsewhere_moves_to_its_host(asked: str, path: str, host: str, method: str) -> None:
    """So that the last line of the SMS names the host on which the code is entered."""
    answer = get(asked, path, method=method)
    assert (answer.status_code, answer["Location"]) == (302, f"https://{host}{path}")


@pytest.mark.usefixtures("both")
def test_the_port_of_the_portal_is_kept(settings: Settings) -> None:
    settings.PORTAL_URL = f"http://{PORTAL}:8000"
    assert get(PORTAL, "/registrera/?x=1")["Location"] == f"http://{REGISTER}:8000/registrera/?x=1"
    assert get(f"{PORTAL}:9999", "/aterstall/")["Location"] == f"http://{RESET}:8000/aterstall/"
    settings.RESET_HOST = f"{RESET}:8001"
    assert get(PORTAL, "/aterstall/")["Location"] == f"http://{RESET}:8001/aterstall/"


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("host", [REGISTER, f"{REGISTER}:8000", REGISTER.upper()])
def test_a_journey_on_its_own_host_stays(host: str) -> None:
    assert get(host, "/registrera/").status_code == 200


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("path", ["/tillganglighet/", "/personuppgifter/", "/healthz/live"])
def test_pages_of_neither_journey_are_on_every_host(path: str) -> None:
    assert {get(host, path).status_code for host in (PORTAL, REGISTER, RESET)} == {200}


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    "path", ["/admin/", "/logga-in/?next=/admin/", "/helpdesk/", "/bestallare/logga-in/", "/stoppa/?nyckel=a"]
)
@pytest.mark.parametrize("host", [REGISTER, RESET])
def test_what_is_for_the_municipality_is_on_the_portals_own_host(host: str, path: str) -> None:
    answer = get(host, path)
    assert (answer.status_code, answer["Location"]) == (302, f"https://{PORTAL}{path}")


@pytest.mark.parametrize("host", [PORTAL, REGISTER])
def test_a_portal_with_one_host_has_everything_on_it(settings: Settings, host: str) -> None:
    settings.PORTAL_URL = f"https://{host}"
    settings.REGISTER_HOST = settings.RESET_HOST = host
    assert get(host, "/logga-in/").status_code == 200


@pytest.mark.parametrize(("setting", "named"), [("REGISTER_HOST", REGISTER), ("RESET_HOST", RESET)])
def test_with_one_host_name_no_journey_moves(settings: Settings, setting: str, named: str) -> None:
    setattr(settings, setting, named)
    for host in (PORTAL, REGISTER, RESET):
        for path in ("/registrera/", "/aterstall/"):
            assert get(host, path).status_code == 200


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
