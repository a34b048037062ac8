"""Whose portal it is: what has to be said, what is refused, and what pages show of it (docs/configuration.md)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.core.checks import Tags, run_checks
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from deploy.local import sites
from idportal.channels import message_templates
from idportal.web.identity import look
from tests.as_site import dress
from tests.idportal.conftest import PRODUCTION, manage

NEEDED = ["MUNICIPALITY_NAME", "HELPDESK_EMAIL", "HELPDESK_PHONE", "DATA_PROTECTION_OFFICER", "EXAMPLE_USERNAME"]
MOST = 400  # bytes more of a page, as it is packed
SITE = "region-norra"


def problems() -> dict[str, tuple[str, str]]:
    """What the checks say of the municipality: message and hint by setting."""
    found = [each for each in run_checks(tags=[Tags.security]) if str(each.id).startswith("idportal.E07")]
    return {each.msg.split()[0]: (each.msg, str(each.hint)) for each in found}


def page(path: str = "/", language: str = "sv") -> str:
    client = Client()
    client.cookies[portal_settings.LANGUAGE_COOKIE_NAME] = language
    return client.get(path).content.decode()


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.process
def test_deploy_says_what_nobody_has_said() -> None:
    """Also where it serves others through a proxy on this machine: no name is made up for them."""
    silent = {name: value for name, value in PRODUCTION.items() if name not in NEEDED}
    for url in (PRODUCTION["PORTAL_URL"], "https://localhost"):
        values = {**silent, "PORTAL_URL": url, "REGISTER_HOST": "", "RESET_HOST": ""}
        deploy = manage("check", "--deploy", **values)
        assert deploy.returncode == 1
        assert sorted(re.findall(r"\(idportal\.E070\) (\w+) is not set", deploy.stderr)) == sorted(NEEDED)
        assert deploy.stderr.count("HINT: Write ") == len(NEEDED)
        assert manage("check", **values).returncode == 0


@pytest.mark.process
@pytest.mark.parametrize("command", ["check", "migrate"])
def test_a_broken_value_stops_each_command(command: str) -> None:
    ran = manage(command, **PRODUCTION, ACTION_COLOUR="#ffcc00", LOGO_FILE="/nowhere/logo.svg")
    assert ran.returncode != 0
    assert "HINT: The nearest of its hue that passes is #876c00." in ran.stderr
    assert "LOGO_FILE is '/nowhere/logo.svg', which can't be read (No such file or directory)." in ran.stderr


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("MUNICIPALITY_NAME", "x" * 61, "at most 60 characters"),
        ("MUNICIPALITY_NAME", "Sjövikens\nkommun", "in one line"),
        ("SERVICE_NAME", "x" * 41, "at most 40 characters"),
        ("HELPDESK_HOURS", "vardagar\t8–16", "in one line"),
        ("HELPDESK_PHONE", "växeln", "08-465 004 50"),
        ("HELPDESK_PHONE", "08-465 004 50, knappval 2", "08-465 004 50"),
        ("MUNICIPALITY_URL", "www.sjoviken.example", "https://www.kommunen.example"),
        ("MUNICIPALITY_URL", "http://www.sjoviken.example", "https://www.kommunen.example"),
        ("MUNICIPALITY_URL", "https://[", "https://www.kommunen.example"),
        ("MUNICIPALITY_KIND", "landsting", "kommun or region"),
        ("HEADER_COLOUR", "blå", "#rrggbb"),
        ("HEADER_COLOUR", "#777777", "#757575"),
        ("ACTION_COLOUR", "#0b5", "#rrggbb"),
        ("ACTION_COLOUR", "#00a0df", "#0077a6"),
        ("FAVICON_FILE", __file__, "Name a PNG"),
        ("LOGO_DARK_FILE", str(sites.FOLDER / "sjoviken-dark.svg"), "for a white ground"),
    ],
)
def test_what_cannot_be_shown_is_refused(settings: Settings, name: str, value: str, hint: str) -> None:
    setattr(settings, name, value)
    found = problems()
    assert list(found) == [name]
    assert hint in found[name][1]


@pytest.mark.parametrize("site", sites.names())
def test_the_sites_of_the_demo_are_whole(settings: Settings, site: str) -> None:
    values = dress(settings, site)
    assert set(NEEDED) <= set(values)
    assert problems() == {}


# --- What pages show -----------------------------------------------------------------------------


def test_the_portal_itself_has_nothing_of_anybody(db: None) -> None:
    """No file more, and no word: so the first visit costs what it cost."""
    assert "/kommun/" not in page()
    assert '<svg class="mark"' in page()


def test_pages_show_whose_portal_it_is(db: None, settings: Settings) -> None:
    values = dress(settings, "sjoviken")
    shown = page("/aterstall/")
    assert re.search(r"<title>[^<]+ – Lösenordsportalen – Sjöviken</title>", shown)
    assert 'class="site-header__municipality">Sjövikens kommun<' in shown
    assert re.search(r'<img class="logo logo--two" src="/static/kommun/logo\.\w{12}\.svg"[^>]* alt="">', shown)
    assert f'<a href="{values["MUNICIPALITY_URL"]}">www.sjoviken.example</a>' in shown
    assert "style=" not in shown


def test_orderers_see_how_to_reach_the_helpdesk(db: None, settings: Settings) -> None:
    dress(settings, "sjoviken")
    shown = page("/bestallare/logga-in/")
    assert '<a href="mailto:servicedesk@sjoviken.example">' in shown
    assert 'href="tel:0313900620">031-390 06 20</a>' in shown
    assert "(vardagar 7.30–16.30)" in shown
    assert "tel:" not in page("/aterstall/")  # agents refuse what employees ask


def test_a_logo_with_the_name_in_it_says_the_name(db: None, settings: Settings) -> None:
    """It stands alone then: nobody reads or hears the name twice."""
    dress(settings, SITE)
    header = page().partition("<header")[2].partition("</header>")[0]
    assert 'alt="Region Norra"' in header
    assert header.count("Region Norra") == 1
    assert ">Lösenord för utförare<" in header


def test_the_service_has_a_name_in_each_language_or_one_of_its_own(db: None, settings: Settings) -> None:
    assert "– Lösenordsportalen –" in page()
    assert "– The password portal –" in page(language="en")
    assert "<h1>Accessibility of the password portal</h1>" in page("/tillganglighet/", "en")
    settings.SERVICE_NAME = "Mitt lösenord"
    assert "<h1>Tillgänglighet för Mitt lösenord</h1>" in page("/tillganglighet/")
    assert "personuppgifterna i Mitt lösenord." in page("/personuppgifter/")
    assert "– Mitt lösenord –" in page()
    assert "– Mitt lösenord –" in page(language="en")


def test_each_error_page_is_the_municipalitys_too(db: None, settings: Settings) -> None:
    from django.test import RequestFactory

    from idportal.web.middleware import bad_request, server_error

    dress(settings, "bergslunda")
    request = RequestFactory().get("/")
    for answer in (server_error(request), bad_request(request)):
        shown = answer.content.decode()
        assert re.search(r'href="/static/kommun/look\.\w{12}\.css"', shown)
        assert re.search(r'src="/static/kommun/logo\.\w{12}\.png"', shown)
        assert "Mitt lösenord" in shown


def test_a_page_is_a_few_hundred_bytes_larger(db: None, settings: Settings) -> None:
    own = len(gzip.compress(page("/aterstall/").encode()))
    for site in sites.names():
        dress(settings, site)
        assert len(gzip.compress(page("/aterstall/").encode())) - own < MOST


def test_files_are_kept_for_good_and_can_do_nothing(client: Client, settings: Settings, db: None) -> None:
    """No statement is made for them: the test would need a database."""
    dress(settings, "sjoviken")
    urls = set(re.findall(r'"(/static/kommun/[^"]+)"', page()))
    assert {re.sub(r"\.\w{12}\.", ".", Path(url).name) for url in urls} == {
        *("logo.svg", "logo-dark.svg", "favicon.svg", "look.css")
    }
    for url in urls:
        answer = client.get(url)
        assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Vary" not in answer.headers
        assert not answer.cookies
    assert client.get("/static/kommun/logo.000000000000.svg").status_code == 404
    assert client.get("/favicon.ico").headers["Location"].startswith("/static/kommun/favicon.")


def test_another_content_has_another_address(db: None, settings: Settings, tmp_path: Path) -> None:
    dress(settings, "sjoviken")
    before = re.findall(r"/kommun/logo\.\w+\.svg", page())
    file = tmp_path / "logo.svg"
    file.write_text((sites.FOLDER / "sjoviken.svg").read_text(encoding="utf-8").replace("#123a6b", "#123a6c"))
    settings.LOGO_FILE = str(file)
    assert re.findall(r"/kommun/logo\.\w+\.svg", page()) != before


def test_a_broken_logo_keeps_nobody_out(db: None, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """The file may go while the portal runs."""
    settings.LOGO_FILE, settings.HEADER_COLOUR = "/nowhere/logo.svg", "blå"
    assert '<svg class="mark"' in page()
    assert "/nowhere/logo.svg, the logo, can't be read" in caplog.text


def test_mails_have_its_name_and_colours(settings: Settings) -> None:
    context = {"account": "lovstlin32", "at": timezone.now(), "browser": ""}
    own = message_templates.mail("new_browser", "sv", context)
    assert "Någon loggade in på Lösenordsportalen med kontot" in own.text
    assert "#0b5a6f" in own.html
    dress(settings, "bergslunda")
    theirs = message_templates.mail("new_browser", "sv", context)
    assert "Någon loggade in på Mitt lösenord med kontot" in theirs.text
    assert theirs.text.endswith("Bergslunda kommun\n")
    assert "#8a3b12" in theirs.html
    assert "#0b5a6f" not in theirs.html


def test_apps_and_browsers_keep_one_name_of_the_service(settings: Settings) -> None:
    for language in ("sv", "en"):
        with translation.override(language):
            assert look.current().service_on_devices == "Lösenordsportalen"
    settings.SERVICE_NAME = "Mitt lösenord"
    assert look.current().service_on_devices == "Mitt lösenord"


def test_the_name_is_in_no_password(settings: Settings) -> None:
    """By default (security.md P2)."""
    assert {"Örebro", "kommun"} <= set(portal_settings.PASSWORD_CONTEXT_WORDS)
