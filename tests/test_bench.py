"""One journey through the whole bench, so that it does not rot between runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.compare import Side, comparison
from tests.bench.counting import memory_by_family
from tests.bench.installation import Installation, units
from tests.bench.rounds import (
    ANSWERED,
    SMS,
    STEPS,
    Incomplete,
    count_steps,
    log_in,
    require_traces,
    run_round,
    traces,
)
from tests.servers.processes import ROOT


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


@pytest.mark.slow
@pytest.mark.process
def test_journeys_are_measured_and_counted() -> None:
    """The whole of the bench, with four people. How much a journey may cost is not asked here."""
    with Installation(4) as installation:
        one = run_round(installation, clients=2, seconds=60, most=2)
        steps = count_steps(installation, journeys=1, pause=0.3)
        memory = memory_by_family(installation.families)
        with pytest.raises(Incomplete, match="events"):
            require_traces(installation, traces(installation), 1)
        with pytest.raises(Incomplete, match="log in"):
            log_in(installation, [3])
    assert one.journeys == 2
    assert {step: len(each) for step, each in one.took.items()} == dict.fromkeys((*STEPS, SMS, ANSWERED), 2)
    assert {"web", "postgres", "redis", "slapd"} <= one.cpu.keys()
    assert one.cpu["web"] > 0  # two journeys may cost the others less than a tick of the clock that counts them, 10 ms
    assert list(steps.counts) == list(STEPS)
    assert steps.counts["GET /"]["statements"] == 0
    for name in ("statements", "transactions", "commits", "LDAP", "tasks"):
        assert steps.counts["POST /aterstall/"][name] > 0, name
    reset = "POST /aterstall/losenord/"
    assert len(steps.texts[reset]) == steps.counts[reset]["statements"]
    assert any("UPDATE accounts_challenge" in text for text in steps.texts[reset])  # of several lines
    assert all(memory[name] > 1 for name in one.cpu)
    assert any("accounts_auditevent" in text for text in steps.texts["POST /aterstall/"])
    side = Side("here", installation, rounds=[one], steps=steps, memory=memory)
    assert json.loads(json.dumps(side.as_json(0.001)))["statements"] == [steps.total["statements"]]
    assert "statements" in comparison(side, side, 0.001)
    assert f"**{memory['web'] + memory['beat']:.0f}**" in report.memory_table(memory, ["web", "beat"])
    assert "**whole journey**" in report.steps_table(steps)
    assert "**all**" in report.load_table({2: [one]})
    assert "SMS" in report.pages_table({2: [one]})
