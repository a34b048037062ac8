"""The log: one JSON object a line, and nothing in it of whom it was about (security.md L2)."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from idportal.runtime.logs import masked
from tests.idportal.conftest import PRODUCTION, Browser, Portal, Prepared

# security.md G3: all of them are one number. None of these may stand in a log.
NUMBERS = [
    "070-174 06 05",
    "070-1740605",
    "0701740605",
    "+46701740605",
    "+46 70 174 06 05",
    "+46 (0)70 174 06 05",
    "+46 (0) 70-174 06 05",
    "+46(0)70-1740605",
    "(+46) 70 174 06 05",
    "0046 70 174 06 05",
    "0046701740605",
    "46701740605",
    "070.174.06.05",
    "(070) 174 06 05",
    "070\u00a0174\u00a006\u00a005",
    "070\u2009174\u200906\u200905",
    "070\u2013174 06 05",
    "070\u2011174\u201106\u201105",
    "070 - 174 06 05",
    "070/174 06 05",
    "０７０-１７４ ０６ ０５",
    "＋46 70 174 06 05",
    "%2B46701740605",
    "+4740612345",
    "+358 40 123 4567",
    "0701740605:",
    "070-174 06 05_",
]
MAILS = [
    "carin@hemtjanst-ett.example",
    "Carin.Ek+lov@mail.hemtjanst-ett.example",
    "o'hara_1@example.se",
    "åsa.öberg@örebro.example",
    "carin%40hemtjanst-ett.example",
    "carin@hemtjanst",
    '"carin berg"@hara.example',
    "carin&berg@hara.example",
    "carin/berg@[10.0.0.1]",
]

# What looks like a number and is needed to find a mistake.
HARMLESS = [
    '"GET /registrera/ HTTP/1.1" 200 5316',
    "status 404 0 503",
    "2026-03-01 07:00:00,123",
    "2026-03-01T07:00:00.123456+01:00",
    "20260301T070000.123456Z",
    "2026-03-01 2026-03-08",
    "Django 5.2.19, Python 3.11.2, PostgreSQL 17.0.1, version 0.10.1",
    "challenge 1234567",
    "account 7f0c1a52-0469-4c30-8f6e-012345678901",
    "task 46701740-6050-4c30-8f6e-abcdefabcdef",
    "objectGUID 00112233445566778899aabbccddeeff",
    "lockout 001010000Z at 20261124210759Z",
    "address 192.0.2.46, port 46071, ::ffff:192.0.2.1, 2001:db8::46",
    "pid 46123, thread 140512345678912",
    "took 0.003425 seconds",
    "0 of 1200 accounts, 0 1 2 3",
    "12 of 46 files",
]


@pytest.fixture
def stream(settings: Settings) -> Iterator[io.StringIO]:
    """The log of a process that is set up as settings.LOGGING says; put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    config = deepcopy(settings.LOGGING)
    stream = io.StringIO()
    config["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(config)
    yield stream
    root.handlers, level = before
    root.setLevel(level)
    logging.config.dictConfig({**settings.LOGGING, "root": {"level": level}})
    root.handlers = before[0]


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    """Each line as the JSON object that it must be."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def only(stream: io.StringIO) -> dict[str, Any]:
    found = entries(stream)
    assert len(found) == 1, stream.getvalue()
    return found[0]


log = logging.getLogger("idportal.sample")


# --- A line --------------------------------------------------------------------------------------


def test_a_line_has_time_level_logger_and_message(stream: io.StringIO) -> None:
    before = datetime.now(UTC)
    log.warning("%s of %d", "one", 2)
    entry = only(stream)
    assert (entry["level"], entry["logger"], entry["message"]) == ("WARNING", "idportal.sample", "one of 2")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
    at = datetime.strptime(entry["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs((at - before).total_seconds()) < 2  # UTC, whatever the process's own time zone is


FORGERIES = ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"]


@pytest.mark.parametrize("end", FORGERIES)
def test_l2_a_line_break_in_input_forges_no_line(stream: io.StringIO, end: str) -> None:
    forged = f'lovstlin32{end}{{"level": "INFO", "message": "login done"}}'
    log.info("name %s", forged)
    log.info(forged)
    log.info("extra", extra={"username": forged})
    raw = stream.getvalue()
    assert raw.count("\n") == 3
    assert len(raw.splitlines()) == 3, "some readers of logs end a line there too"
    assert entries(stream)[0]["message"] == f"name {forged}"


@given(st.text(max_size=60))
@example('", "level": "INFO')
@example("\ud800")
def test_whatever_is_typed_is_one_object_on_one_line(text: str) -> None:
    from idportal.runtime.logs import JsonFormatter

    record = logging.makeLogRecord({"name": "x", "msg": "typed: %s", "args": (text,)})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["logger"] == "x"


# --- Numbers and addresses -----------------------------------------------------------------------


@pytest.mark.parametrize("secret", [*NUMBERS, *MAILS])
def test_l2_it_is_masked_in_every_writing(secret: str) -> None:
    for before, after in ((" ", " "), ("", ""), ("=", "&"), ("'", "'"), ('"', '"'), ("<", ">"), ("(", ")"), ("[", ",")):
        assert_nothing_left(masked(f"{before}{secret}{after}"))


@pytest.mark.parametrize("before", ["tel:", "sms:", "phone:", "to=", "mobil: ", "/sms/", "/sms/%2B"])
def test_a_number_is_masked_after_whatever_stands_before_it(before: str) -> None:
    for number in ("46701740605", "+46701740605", "0701740605"):
        assert_nothing_left(masked(f"{before}{number}").replace("%2B", ""))


def test_a_number_is_masked_in_the_name_of_a_file() -> None:
    """A gateway that is a folder has it there (design.md), and so has an error about the file."""
    text = masked("[Errno 28] No space left on device: '/srv/sms/20260301T070000.123456Z-46701740605.txt'")
    assert "46701740605" not in text
    assert "20260301T070000.123456Z" in text


def assert_nothing_left(text: str) -> None:
    """No digit of a number and no part of an address is left, whatever is left of brackets around it."""
    assert re.search(r"<number>|<address>", text), text
    assert not re.search(r"\d|example|carin|hara|berg", text), text


def test_two_numbers_side_by_side_are_both_masked() -> None:
    text = masked("070-174 06 05, 070-174 06 06; +46701740607 +46701740608/+46701740609")
    assert re.findall(r"\d\d+", text) == [], text


@pytest.mark.parametrize("character", ["+", "%2B", "＋", "0", "46", "+4", "0 ", "(", "070-", "a@", "a.", "@", "1", " "])
def test_a_long_run_of_anything_is_masked_in_no_time(character: str) -> None:
    """Anyone may ask for such an address, which is logged. What took a second for 8 kB would take minutes here."""
    masked(character * 60_000)
    masked(character * 60_000 + "x")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_number_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("secret", [NUMBERS[0], NUMBERS[3], MAILS[0]])
def test_it_is_masked_wherever_it_stands_in_a_record(stream: io.StringIO, secret: str) -> None:
    log.info("sent to %s", secret)
    log.info("sent to %(to)s", {"to": secret})
    log.info({"to": secret})
    log.info("sent to %r", {"numbers": [secret]})
    log.info("sent to %s", ValueError(secret))
    log.info("sent to %d", 46701740605)
    for added in (f"to {secret}", [secret], {"deep": (secret, {"er": secret})}, ValueError(secret)):
        log.info("sent", extra={"added": added})
    found = entries(stream)
    assert len(found) == 10
    assert_nothing_left("".join(entry["message"] for entry in found))
    assert_nothing_left(json.dumps([entry.get("added") for entry in found], ensure_ascii=False))


@pytest.mark.parametrize("secret", [NUMBERS[0], NUMBERS[3], MAILS[0]])
def test_it_is_masked_in_tracebacks(stream: io.StringIO, secret: str) -> None:
    def fails() -> None:
        raise RuntimeError(f"of {secret}") from ValueError(secret)

    try:
        fails()
    except RuntimeError:
        log.exception("failed for %s", secret)
    log.info("with the stack", stack_info=True)
    first, second = entries(stream)
    assert "RuntimeError: of <" in first["exc_info"]
    assert "ValueError: <" in first["exc_info"]
    assert "test_logs.py" in second["stack_info"]
    assert secret not in json.loads(json.dumps(first["exc_info"])) + first["message"]


# --- Requests ------------------------------------------------------------------------------------

CANARIES = ("canary-password", "canary-session", "canary-code", "canary-header")


def test_a_request_in_the_record_is_left_out(stream: io.StringIO) -> None:
    """Django attaches it to what it logs of errors; it holds headers, cookies and posted fields."""
    request = RequestFactory().post(
        "/registrera/",
        {"password": "canary-password", "code": "canary-code"},
        headers={"cookie": "session=canary-session", "authorization": "canary-header"},
    )
    log.error("Internal Server Error: %s", request.path, extra={"request": request, "status_code": 500})
    log.error("the same by another name", extra={"http_request": request})
    log.error("the same as an argument: %s %r", request, request)
    assert entries(stream)[0]["status_code"] == 500
    for canary in CANARIES:
        assert canary not in stream.getvalue()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("served")
    values = {**PRODUCTION, **prepared.values(folder), "LOG_LEVEL": "DEBUG"}
    values |= {"REDIS_URL": "", "CELERY_BROKER_URL": "", "REGISTER_HOST": "", "RESET_HOST": ""}
    with Portal(folder, values) as portal:
        yield portal


@pytest.mark.process
def test_a_process_that_fails_on_a_request_logs_nothing_of_it(served: Portal) -> None:
    """Error, refusal, outage and unknown page, with LOG_LEVEL=DEBUG, which is the most that it ever says."""
    host = "losenord.kommunen.example"
    browser = Browser(served, host, https=True)
    browser.cookies |= {"__Host-session": "canary-session", "other": "canary-session"}
    assert browser.get("/aterstall/").status == 200
    fields = {"username": "lovstlin32", "password": "canary-password", "phone": "070-174 06 05", "code": "canary-code"}
    assert browser.post("/boom/", **fields).status == 500
    assert browser.post("/registrera/", **fields).status == 503
    assert browser.post("/finns-inte/070-174%2006%2005/", **fields).status == 404
    assert browser.post("/aterstall/", **{**fields, "csrfmiddlewaretoken": "wrong"}).status == 403
    assert browser.post("/aterstall/", **{**fields, "username": "carin@hemtjanst-ett.example"}).status == 302
    headers = {"Host": "evil.example", "Cookie": "session=canary-session", "X_Forwarded_Proto": "https"}
    assert served.ask("GET", "/?phone=%2B46701740605&code=canary-code", **headers).status == 400
    lines = served.log().splitlines()
    found = [json.loads(line) for line in lines]
    assert any("something of ours is broken" in entry.get("exc_info", "") for entry in found)
    assert {entry["level"] for entry in found} >= {"ERROR", "WARNING"}
    for secret in (*CANARIES, "1740605", "174 06 05", "174%2006%2005", "carin@", browser.cookies["__Host-csrf"]):
        assert secret not in served.log(), [line for line in lines if secret in line]
