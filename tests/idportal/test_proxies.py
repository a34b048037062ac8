"""Whose address a request comes from, when reverse proxies stand before the portal (security.md T2)."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from idportal.web.middleware import TrustedProxies

PROXIES = ["192.0.2.10", "198.51.100.0/28", "2001:db8:1::/64"]


@pytest.fixture
def proxies(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = PROXIES


def passed(remote: str, **meta: str) -> HttpRequest:
    """The request as the rest of the portal sees it. ``forwarded`` and ``proto`` are its headers."""
    names = {"forwarded": "HTTP_X_FORWARDED_FOR", "proto": "HTTP_X_FORWARDED_PROTO"}
    request = RequestFactory().get("/", REMOTE_ADDR=remote)
    request.META.update({names[name]: value for name, value in meta.items()})
    seen: list[HttpRequest] = []

    def rest(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    TrustedProxies(rest)(request)
    return seen[0]


def client_of(remote: str, forwarded: str) -> str:
    return str(passed(remote, forwarded=forwarded).META["REMOTE_ADDR"])


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        pytest.param("192.0.2.10", "203.0.113.7", "203.0.113.7", id="one proxy"),
        pytest.param("198.51.100.15", "203.0.113.7", "203.0.113.7", id="a proxy of a network"),
        pytest.param("192.0.2.10", "203.0.113.7, 198.51.100.3", "203.0.113.7", id="two proxies"),
        pytest.param("192.0.2.10", "203.0.113.7,198.51.100.3 ,\t2001:db8:1::5", "203.0.113.7", id="three proxies"),
        pytest.param("192.0.2.10", "10.0.0.1, 203.0.113.7", "203.0.113.7", id="left-most is made up"),
        pytest.param("192.0.2.10", "198.51.100.3, 203.0.113.7", "203.0.113.7", id="a proxy's address is made up"),
        pytest.param("192.0.2.10", "10.0.0.1, 203.0.113.7, 198.51.100.3", "203.0.113.7", id="made up, then two"),
        pytest.param("192.0.2.10", "198.51.100.3", "198.51.100.3", id="a proxy itself asks"),
        pytest.param("192.0.2.10", "2001:db8:2::7", "2001:db8:2::7", id="IPv6 client"),
        pytest.param("2001:db8:1::5", "203.0.113.7", "203.0.113.7", id="IPv6 proxy"),
        pytest.param("192.0.2.10", "2001:0DB8:2:0:0::7", "2001:db8:2::7", id="IPv6 in long"),
        pytest.param("::ffff:192.0.2.10", "203.0.113.7", "203.0.113.7", id="dual-stack socket"),
        pytest.param("192.0.2.10", "::ffff:203.0.113.7", "203.0.113.7", id="dual-stack proxy"),
        pytest.param("192.0.2.10", "::ffff:203.0.113.7, ::ffff:198.51.100.3", "203.0.113.7", id="both"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(remote: str, forwarded: str, client: str) -> None:
    assert client_of(remote, forwarded) == client


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("remote", ["203.0.113.7", "192.0.2.11", "198.51.100.16", "2001:db8:2::7", "127.0.0.1", "::1"])
def test_t2_nobody_else_is_believed(remote: str) -> None:
    assert client_of(remote, "10.0.0.1") == remote
    assert client_of(remote, "10.0.0.1, 192.0.2.10") == remote
    assert "HTTP_X_FORWARDED_FOR" not in passed(remote, forwarded="10.0.0.1").META


def test_without_proxies_nobody_is_believed(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = []
    for remote in ("127.0.0.1", "192.0.2.10", "::1"):
        assert client_of(remote, "10.0.0.1") == remote
        assert not passed(remote, proto="https").is_secure()


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize(
    "junk",
    [
        "",
        ",",
        " , ,",
        "unknown",
        "localhost",
        "203.0.113.7.evil.example",
        "203.0.113.256",
        "203.0.113.7:8080",
        "[2001:db8::1]",
        "'; DROP TABLE",
        "203.0.113.7 10.0.0.1",
        "0xCB007107",
        "3405803783",
        "٢٠٣.0.113.7",
        "203.0.113.7/32",
        "\x00",
        "a" * 5000,
    ],
)
def test_what_is_no_address_is_not_taken_for_one(junk: str) -> None:
    assert client_of("192.0.2.10", junk) == "192.0.2.10"
    assert client_of("192.0.2.10", f"{junk}, 203.0.113.7") == "203.0.113.7"
    if junk.strip(" ,"):  # a proxy that writes junk for its client says nothing of who wrote what stands before
        assert client_of("192.0.2.10", f"10.0.0.1, {junk}, 198.51.100.3") == "198.51.100.3"


ADDRESSES = st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str))


@given(made_up=st.lists(st.one_of(ADDRESSES, st.text(max_size=20)), max_size=5))
def test_whatever_a_client_makes_up_its_own_address_counts(made_up: list[str]) -> None:
    with override_settings(TRUSTED_PROXIES=PROXIES):
        forwarded = ",".join([*made_up, "203.0.113.7", "198.51.100.3"])
        assert client_of("192.0.2.10", forwarded) == "203.0.113.7"


# --- https ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("remote", ["192.0.2.10", "::ffff:198.51.100.3", "2001:db8:1::5"])
def test_a_proxy_says_that_the_browser_spoke_https(remote: str) -> None:
    assert passed(remote, proto="https", forwarded="203.0.113.7").is_secure()
    assert passed(remote, proto="https").is_secure()
    assert not passed(remote, proto="http").is_secure()
    assert not passed(remote).is_secure()


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("remote", ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8:2::7", ""])
def test_nobody_else_says_so(remote: str) -> None:
    assert not passed(remote, proto="https").is_secure()
    assert not passed(remote, proto="https", forwarded="192.0.2.10").is_secure()


# --- What it is for ------------------------------------------------------------------------------


def ask(remote: str, **headers: str) -> int:
    return Client(REMOTE_ADDR=remote, headers=headers).post("/aterstall/", {"username": ""}).status_code


@pytest.mark.django_db
@pytest.mark.usefixtures("proxies")
def test_the_limit_by_address_counts_clients_behind_a_proxy_apart(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert ask("192.0.2.10", x_forwarded_for="203.0.113.7") == 200
    assert ask("192.0.2.10", x_forwarded_for="203.0.113.7") == 429
    assert ask("192.0.2.10", x_forwarded_for="203.0.113.8") == 200
    assert ask("192.0.2.10", x_forwarded_for="10.0.0.1, 203.0.113.8") == 429
    assert ask("203.0.113.9") == 200
    assert ask("203.0.113.9", x_forwarded_for="10.0.0.2, 192.0.2.10") == 429


@pytest.mark.django_db
def test_the_limit_counts_ipv4_clients_of_a_dual_stack_socket_apart(settings: Settings) -> None:
    """Such a socket shows 203.0.113.7 as ::ffff:203.0.113.7; by /64 all of IPv4 would be one client."""
    settings.LIMIT_ADDRESS_POSTS = 1
    assert ask("::ffff:203.0.113.7") == 200
    assert ask("::ffff:203.0.113.7") == 429
    assert ask("::ffff:203.0.113.8") == 200
    assert ask("203.0.113.7") == 429
