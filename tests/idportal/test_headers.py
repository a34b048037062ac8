"""What each page tells the browser to refuse, error pages too (security.md S1, Y1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.idportal.conftest import PRODUCTION, Answer, Browser, Portal, Prepared

pytestmark = pytest.mark.process

HOST = "losenord.kommunen.example"
LOCAL = {"PORTAL_URL": "http://127.0.0.1:8000", "TRUSTED_PROXIES": "", "ALLOWED_HOSTS": "127.0.0.1"}
PAGES = {
    "start": 200,
    "log-in": 200,
    "reset": 200,
    "statement": 200,
    "moved": 302,
    "code page": 302,
    "health": 200,
    "wrong method": 405,
    "bad host": 400,
    "csrf": 403,
    "not found": 404,
    "too many": 429,
    "mistake": 500,
    "outage": 503,
    "not ready": 503,
}


@dataclass(frozen=True, slots=True)
class Tour:
    """A visit to a portal: what each page answered."""

    portal: Portal
    browser: Browser
    answers: dict[str, Answer]


def visit(portal: Portal, host: str, *, https: bool) -> Tour:
    """Every kind of answer that the portal gives. Three posts from one address are allowed."""
    browser = Browser(portal, host, https=https)
    forwarded = {"X_Forwarded_Proto": "https"} if https else {}
    answers = {
        "start": browser.get("/"),
        "log-in": browser.get("/registrera/"),
        "reset": browser.get("/aterstall/"),
        "statement": browser.get("/tillganglighet/"),
        "moved": browser.get("/registrera/mobil/"),
        "code page": browser.post("/aterstall/", username="lovstlin32"),
        "health": browser.get("/healthz/live"),
        "wrong method": browser.get("/logga-ut/"),
        "bad host": portal.ask("GET", "/", Host="evil.example", **forwarded),
        "csrf": browser.post("/aterstall/", username="x", csrfmiddlewaretoken="x"),
        "not found": browser.get("/finns-inte/"),
        "mistake": browser.get("/boom/"),
        "outage": browser.post("/registrera/", username="lovstlin32", password="x"),
        "not ready": browser.get("/healthz/ready"),
    }
    for _time in range(3):
        answers["too many"] = browser.post("/aterstall/", username="")
    return Tour(portal, browser, answers)


def serve(prepared: Prepared, factory: pytest.TempPathFactory, **values: str) -> Portal:
    folder = factory.mktemp("portal")
    # One process, and no queue: what is queued needs a broker that answers.
    alone = {"REDIS_URL": "", "CELERY_BROKER_URL": "", "REGISTER_HOST": "", "RESET_HOST": ""}
    own = prepared.values(folder)
    return Portal(folder, {**PRODUCTION, **own, **alone, "LIMIT_ADDRESS_POSTS": "3", **values})


@pytest.fixture(scope="module")
def https(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Production, behind a proxy that ends TLS."""
    with serve(prepared, tmp_path_factory) as portal:
        yield visit(portal, HOST, https=True)


@pytest.fixture(scope="module")
def http(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """On one's own machine, without TLS."""
    with serve(prepared, tmp_path_factory, **LOCAL) as portal:
        yield visit(portal, "127.0.0.1", https=False)


@pytest.fixture(params=["https", "http"])
def tour(request: pytest.FixtureRequest) -> Tour:
    found: Tour = request.getfixturevalue(request.param)
    return found


def test_the_pages_are_what_they_should_be(tour: Tour) -> None:
    assert {name: answer.status for name, answer in tour.answers.items()} == PAGES


def test_y1_each_page_says_what_the_browser_refuses(tour: Tour) -> None:
    """And holds nothing of it: the page would look broken."""
    for page, answer in tour.answers.items():
        policy = answer.headers["content-security-policy"]
        directives = {name: values for name, *values in (part.split() for part in policy.split(";"))}
        assert directives["default-src"] == ["'none'"], page
        assert directives["script-src"] == directives["style-src"] == directives["form-action"] == ["'self'"], page
        assert directives["frame-ancestors"] == directives["base-uri"] == ["'none'"], page
        for word in ("unsafe", "data:", "blob:", "http:", "https:", "*", "nonce"):
            assert word not in policy, page
        for word in ("<style", " style=", "<script>", " onclick=", "javascript:"):
            assert word not in answer.text.lower(), page
        assert answer.headers["x-content-type-options"] == "nosniff", page
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer", "strict-origin"), page
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", page
        assert "no-store" in answer.headers["cache-control"], page


def test_hsts_is_on_with_https_alone(https: Tour, http: Tour) -> None:
    """It would shut a person's browser out of everything else on their own machine."""
    for page in PAGES:
        assert "max-age=31536000" in https.answers[page].headers["strict-transport-security"], page
        assert "strict-transport-security" not in http.answers[page].headers, page


def test_error_pages_are_in_swedish_and_tell_what_to_do(tour: Tour) -> None:
    for page in ("bad host", "csrf", "not found", "too many", "mistake", "outage"):
        answer = tour.answers[page]
        assert answer.headers["content-type"].startswith("text/html"), page
        for words in ('<html lang="sv">', 'class="button" href="', "behöriga beställare"):
            assert words in answer.text, page
        for detail in ("Traceback", "RuntimeError", "something of ours", "DEBUG", "Django", "127.0.0.1:9", "ldap"):
            assert detail not in answer.text, page


# --- https ---------------------------------------------------------------------------------------


def test_clear_text_is_sent_on_to_https(https: Tour) -> None:
    """But for a monitor's; and a host that is refused gets the headers too."""
    for path in ("/", "/registrera/?a=b", "/aterstall/"):
        answer = https.portal.ask("GET", path, Host=HOST)
        assert (answer.status, answer.headers["location"]) == (301, f"https://{HOST}{path}")
    assert https.portal.ask("GET", "/healthz/live", Host=HOST).status == 200
    answer = https.portal.ask("GET", "/", Host="evil.example")
    assert answer.status == 400
    assert {"content-security-policy", "x-content-type-options", "referrer-policy"} <= answer.headers.keys()


# --- Cookies -------------------------------------------------------------------------------------


def cookies(tour: Tour) -> dict[str, set[str]]:
    """Each cookie that was set, and its attributes."""
    tour.browser.get("/aterstall/")
    language = tour.browser.post("/sprak/", language="sv", next="/")
    set_cookies = [cookie for answer in (*tour.answers.values(), language) for cookie in answer.cookies]
    return {
        cookie.partition("=")[0]: {part.strip().lower() for part in cookie.split(";")[1:]} for cookie in set_cookies
    }


def test_cookies_are_bound_to_the_host_and_to_https(https: Tour) -> None:
    found = cookies(https)
    assert set(found) == {"__Host-journey", "__Host-csrf", "__Host-language"}
    for attributes in found.values():
        # RFC 6265bis 4.1.3.2: __Host- needs Secure and Path=/, and no Domain.
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


def test_cookies_work_without_https_on_ones_own_machine(http: Tour) -> None:
    found = cookies(http)
    assert set(found) == {"journey", "csrf", "language"}
    for attributes in found.values():
        assert {"httponly", "samesite=lax", "path=/"} <= attributes
        assert "secure" not in attributes


def test_whoever_only_looks_gets_no_session(https: Tour) -> None:
    browser = Browser(https.portal, HOST, https=True)
    for path in ("/", "/registrera/", "/aterstall/", "/tillganglighet/"):
        assert not any("session" in cookie for cookie in browser.get(path).cookies)


# --- Files ---------------------------------------------------------------------------------------


def test_style_and_script_are_kept_by_browsers_and_named_by_content(https: Tour) -> None:
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', https.answers["start"].text)
    assert len(found) >= 3
    for path in found:
        answer = https.browser.get(path)
        assert answer.status == 200
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", path)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_forms_of_a_journey_may_lead_to_the_others_host(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = {name: PRODUCTION[name] for name in ("REGISTER_HOST", "RESET_HOST")}
    with serve(prepared, tmp_path_factory, **names) as portal:
        policy = Browser(portal, names["RESET_HOST"], https=True).get("/aterstall/").headers["content-security-policy"]
    expected = {"'self'", *(f"https://{host}" for host in names.values())}
    assert set(policy.partition("form-action ")[2].partition(";")[0].split()) == expected


def test_what_is_missing_among_the_static_files_is_not_stored(https: Tour) -> None:
    """It is a page like any other, with a form to log out."""
    answer = https.browser.get("/static/finns-inte.css")
    assert answer.status == 404
    assert "no-store" in answer.headers["cache-control"]
