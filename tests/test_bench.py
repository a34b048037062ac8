"""The bench's own arithmetic, and one journey through it: what nobody runs daily must not rot."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from idportal.text import fold
from tests.bench import people, report
from tests.bench.client import Visit
from tests.bench.compare import Side, comparison, ratio
from tests.bench.counting import children, counts_of_log, cpu_of, memory_by_family, statements_of_log
from tests.bench.installation import Installation, units
from tests.bench.report import percentile, table
from tests.bench.rounds import (
    ANSWERED,
    SMS,
    STEPS,
    Incomplete,
    Round,
    count_steps,
    log_in,
    require_traces,
    run_round,
    traces,
)
from tests.bench.standins import Gateway, Relay, headers
from tests.bench.start_page import measure_start_page
from tests.servers.processes import ROOT

LOG = """\
idportal 6b0c.f0a 11/196|LOG:  statement: SELECT 1
idportal 6b0c.f0a 11/197|LOG:  statement: BEGIN
idportal 6b0c.f0a 11/197|LOG:  execute <unnamed>: INSERT INTO "accounts_challenge" VALUES (1)
idportal 6b0c.f0a 11/197|DETAIL:  parameters: $1 = 'UPDATE'
idportal 6b0c.f0a 11/197|LOG:  statement: COMMIT
[unknown] 6b0c.121 |LOG:  connection received: host=127.0.0.1 port=46470
idportal 6b0c.121 17/259|LOG:  connection authorized: user=idportal database=idportal
idportal 6b0c.121 11/197|LOG:  execute _pg3_0: SELECT "id" FROM "accounts_user" FOR UPDATE
postgres 6b0c.122 19/2|LOG:  statement: SELECT sum(calls) FROM pg_stat_statements
"""


def test_log_of_statements_tells_transactions_and_connections() -> None:
    """A transaction's number is its session's alone; what a row is locked for is written, too."""
    counts = counts_of_log(LOG.splitlines(), "idportal")
    assert statements_of_log(LOG.splitlines(), "idportal")[:2] == ["SELECT 1", "BEGIN"]
    assert counts == {"transactions": 3, "commits": 2, "connections": 1}


def test_cpu_is_that_of_a_process_and_of_its_ended_children() -> None:
    stat = "4711 (a (b) c) S 17 4711 4711 0 -1 4194560 1 2 3 4 100 50 30 20 20 0 1 0 12345 0 0"
    assert cpu_of(stat) == (17, 2.0)


def test_family_is_a_process_with_all_below_it() -> None:
    assert children({1: 0, 5: 1, 6: 5, 7: 6, 8: 1}, 5) == {5, 6, 7}


@pytest.mark.parametrize(("share", "value"), [(50, 3), (95, 5), (100, 5), (20, 1), (21, 2)])
def test_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([5, 3, 1, 2, 4], share) == value


def test_ratio_is_that_of_turns_side_by_side() -> None:
    assert ratio([10, 20, 40], [5, 20, 30]) == "0.75 (0.50–1.00)"
    assert ratio([4], [2]) == "0.50"
    assert ratio([0], [2]) == ""


def test_costs_are_shared_out_among_the_journeys() -> None:
    one = Round(clients=4, journeys=10, seconds=2.0, cal=0.002, cpu={"web": 0.1, "slapd": 0.3}, took={})
    assert (one.a_second, one.ms("web"), one.cals("slapd"), one.cal_a_journey) == (5.0, 10.0, 15.0, 20.0)


def test_table_is_markdown() -> None:
    assert table(["a", "b"], [["x", 1]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_units_are_started_as_they_ship(tmp_path: Path) -> None:
    (tmp_path / "idportal-web.service").write_text(
        "[Service]\nCPUWeight=200\nEnvironment=A=1 B='x y'\n"
        "ExecStart=/opt/idportal/current/venv/bin/gunicorn \\\n  --name %H\n",
        encoding="utf-8",
    )
    other = "[Unit]\nConflicts=idportal-web.service\n[Service]\nExecStart=/bin/other\n"
    (tmp_path / "idportal-other.service").write_text(other, encoding="utf-8")
    places = {"/opt/idportal/current/venv/bin": "/bin", "%H": "here"}
    [(command, values)] = units(tmp_path, places).values()
    assert (command[-4:], values) == (["-3", "/bin/gunicorn", "--name", "here"], {"A": "1", "B": "x y"})
    shipped = units(ROOT / "deploy" / "systemd", {})
    assert {"web", "worker", "outbox", "beat"} <= shipped.keys()
    assert all(Path(command[0]).is_absolute() for command, _ in shipped.values())


@pytest.mark.process
@pytest.mark.parametrize(("line", "nice"), [("CPUWeight=300", -5), ("CPUWeight=50", 3), ("Nice=5", 5)])
def test_each_unit_has_its_share_of_the_processors(tmp_path: Path, line: str, nice: int) -> None:
    text = f"[Service]\nExecStart=/bin/cat /proc/self/autogroup\n{line}\n"
    (tmp_path / "idportal-web.service").write_text(text, encoding="utf-8")
    [(command, _values)] = units(tmp_path, {}).values()
    said = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True).stdout
    expected = nice if os.geteuid() == 0 else max(0, nice)
    assert said.endswith(f" nice {expected}\n"), said


def test_people_have_numbers_and_addresses_of_their_own() -> None:
    some = range(0, 20_000, 7)
    for one in (people.username, people.number, people.new_password):
        assert len({one(index) for index in some}) == len(some)
    assert len({people.address(index) for index in range(5000)}) == 5000
    assert re.fullmatch(r"\+1[2-9]\d{2}55501\d{2}", people.number(19_999))
    assert not any(fold(name) in fold(people.new_password(1)) for name in (*people.GIVEN_NAMES, *people.SURNAMES))


def test_standins_take_what_a_provider_and_a_relay_take() -> None:
    gateway, relay = Gateway(), Relay()
    arrival = gateway.expect("+12005550100")
    said: list[bytes] = []
    body = b'{"message": "Din kod: 123456\\n@x #123456"}'
    request = b"POST /sms/%2B12005550100 HTTP/1.1\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    gateway.talk(io.BytesIO(request * 2), said.append)
    assert (arrival.code, gateway.codes, gateway.notices, len(said)) == ("123456", 2, 0, 2)
    relay.talk(io.BytesIO(b"EHLO x\r\nMAIL FROM:<a>\r\nDATA\r\nhej\r\n.\r\nQUIT\r\n"), said.append)
    assert (relay.mails, said[-1]) == (1, b"221 bye\r\n")
    assert list(headers(io.BytesIO(b"Set-Cookie: a=b:c\r\n\r\nrest"))) == [(b"set-cookie", b"a=b:c")]


@pytest.mark.process
@pytest.mark.parametrize("close", [b"Connection: close\r\n", b""], ids=["announced", "unannounced"])
def test_visit_goes_on_when_its_connection_has_ended(close: bytes) -> None:
    """As nginx does: gunicorn ends a process after some thousand requests, and connections with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(3):
                connection, _address = server.accept()
                with connection, connection.makefile("rb") as lines:
                    lines.readline()
                    length = dict(headers(lines)).get(b"content-length", b"0")
                    lines.read(int(length))
                    answer = b"302 Found\r\nLocation: /b/\r\n" if int(length) else b"200 OK\r\n"
                    connection.sendall(b"HTTP/1.1 " + answer + close + b"Content-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        visit = Visit(server.getsockname()[1], "losenord.kommunen.example", "198.18.0.1")
        visit.get("/")
        visit.get("/")
        time.sleep(0.1)  # a post is not sent twice: the end must have come
        visit.post("/a/", "/b/", code="1")
        visit.close()
        thread.join()


@pytest.mark.slow
@pytest.mark.process
def test_journeys_are_measured_and_counted() -> None:
    """The whole of the bench, with four people. How much a journey may cost is not asked here."""
    with Installation(4) as installation:
        one = run_round(installation, clients=2, seconds=60, most=2)
        steps = count_steps(installation, journeys=1, pause=0.3)
        memory = memory_by_family(installation.families)
        pages = measure_start_page(installation, 0.5)
        with pytest.raises(Incomplete, match="events"):
            require_traces(installation, traces(installation), 1)
        with pytest.raises(Incomplete, match="log in"):
            log_in(installation, [3])
    assert one.journeys == 2
    assert {step: len(each) for step, each in one.took.items()} == dict.fromkeys((*STEPS, SMS, ANSWERED), 2)
    assert {"web", "postgres", "redis", "slapd"} <= one.cpu.keys()
    assert all(one.cpu[name] > 0 for name in ("web", "postgres", "slapd"))
    assert list(steps.counts) == list(STEPS)
    assert steps.counts["GET /"]["statements"] == 0
    for name in ("statements", "transactions", "commits", "LDAP", "tasks"):
        assert steps.counts["POST /aterstall/"][name] > 0, name
    assert all(memory[name] > 1 for name in one.cpu)
    assert any("accounts_auditevent" in text for text in steps.texts["POST /aterstall/"])
    assert [one.where for one in pages] == ["gunicorn", "nginx, with TLS"]
    assert all(one.pages > 8 and one.cals(who) > 0 for one, who in zip(pages, ("web", "nginx"), strict=True))
    assert pages[1].cals("web") < pages[0].cals("web") / 2, "nginx keeps it"
    assert "nginx, with TLS" in report.pages_a_second_table(pages)
    side = Side("here", installation, rounds=[one], steps=steps, memory=memory)
    assert json.loads(json.dumps(side.as_json(0.001)))["statements"] == [steps.total["statements"]]
    assert "statements" in comparison(side, side, 0.001)
    assert f"**{memory['web'] + memory['beat']:.0f}**" in report.memory_table(memory, ["web", "beat"])
    assert "**whole journey**" in report.steps_table(steps)
    assert "**all**" in report.load_table({2: [one]})
    assert "SMS" in report.pages_table({2: [one]})
