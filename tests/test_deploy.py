"""What deploy/ gives to an operations team: units that systemd accepts, settings in full, a page of commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import files
from tests.idportal.conftest import PRODUCTION, environment, manage
from tests.idportal.forks import OURS

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FOR_DEVELOPMENT = {"DEBUG"}

pytestmark = pytest.mark.process


# --- systemd --------------------------------------------------------------------------------------


def test_there_is_a_unit_for_each_kind_of_process() -> None:
    assert [unit.stem for unit in UNITS] == ["idportal-beat", "idportal-outbox", "idportal-web", "idportal-worker"]


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in [*UNITS, DEPLOY / "systemd" / "idportal.target"]:
        text = unit.read_text(encoding="utf-8").replace("/opt/idportal/current/venv/bin", str(BIN))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.iterdir())]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_may_do_little(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) < 2.0


def test_what_they_may_not_do_is_the_same_for_all() -> None:
    parts = {
        unit.read_text(encoding="utf-8").split("# --- What it may not do")[1].split("[Install]")[0] for unit in UNITS
    }
    assert len(parts) == 1


def test_each_queue_has_one_worker_and_codes_have_their_own() -> None:
    from django.conf import settings

    taken = {}
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        if queues := re.search(r"-m idportal worker .*-Q (\S+)", text):
            taken[unit.stem] = queues[1].split(",")
            assert re.search(r"--hostname (\w+)@%H", text), "two workers of one name would be taken for one"
    assert taken == {"idportal-worker": [settings.CELERY_TASK_DEFAULT_QUEUE], "idportal-outbox": ["outbox"]}
    assert {queue.name for queue in settings.CELERY_TASK_QUEUES} == {name for names in taken.values() for name in names}


def test_gunicorn_accepts_its_configuration() -> None:
    command = [str(BIN / "gunicorn"), "--config", "deploy/gunicorn.conf.py", "--check-config"]
    values = environment({**PRODUCTION, "DATABASE_URL": "sqlite://:memory:"})
    said = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=values)
    assert said.returncode == 0, said.stderr


def test_what_gunicorn_loads_before_its_processes_is_nothing_of_the_portal() -> None:
    """A reload would not read it anew; and what a thread holds is lost in a fork."""
    code = (
        "import runpy; runpy.run_path('deploy/gunicorn.conf.py'); import sys, threading; "
        "from django.conf import settings; "
        "print({name.partition('.')[0] for name in sys.modules} & set(sys.argv), settings.configured, "
        "threading.active_count())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, *OURS], check=False, capture_output=True, text=True, cwd=ROOT, env=environment({})
    )
    assert said.stdout.strip() == "set() False 1", said.stderr


# --- The environment --------------------------------------------------------------------------------


def settings_file() -> str:
    return (DEPLOY / "env" / "idportal.env").read_text(encoding="utf-8")


def values_of(text: str) -> dict[str, str]:
    """As systemd reads an EnvironmentFile of this simple kind."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [shlex.split(line) for line in lines]
    assert all(len(words) == 1 for words in pairs)
    return dict(words[0].split("=", 1) for words in pairs)


def test_every_setting_of_the_code_is_in_the_file() -> None:
    code = (ROOT / "idportal" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", code))
    named = re.findall(r"^#?([A-Z_]+)=", settings_file(), re.M)
    assert len(named) == len(set(named))
    assert {name if name in read else name.removesuffix("_FILE") for name in named} == read - FOR_DEVELOPMENT


def test_no_secret_stands_in_the_file() -> None:
    for name, value in values_of(settings_file()).items():
        assert not re.search("SECRET|KEY|PASSWORD|GATEWAYS|REDIS|BROKER", name) or name.endswith("_FILE")
        assert not re.search(r"://[^/]*:[^/]*@", value)


def test_a_portal_with_these_settings_has_nothing_to_mend(tmp_path: Path) -> None:
    secrets = {
        "secret_key": "q7Gf0-1bYv3nXw9zKd5sRt2mPc8aLh4eJu6oTi_QBxNyEgVrWk",
        "encryption_keys": "Yq3f0-1bYv3nXw9zKd5sRt2mPc8aLh4eJu6oTi_QBxNyEgVrWz",
        "redis_url": "redis://:word@127.0.0.1:6379/1",
        "celery_broker_url": "redis://:word@127.0.0.1:6379/0",
        "directory_bind_password": "word",
        "sms_gateways": "jsons://user:word@sms.example/send/{to}\n",
    }
    (tmp_path / "secrets").mkdir()
    for name, content in secrets.items():
        (tmp_path / "secrets" / name).write_text(content, encoding="ascii")
    files.make_certificate(tmp_path)
    (tmp_path / "ca.pem").rename(tmp_path / "directory-ca.pem")
    values = values_of(settings_file().replace("/etc/idportal", str(tmp_path)))
    asked = manage("check", "--deploy", "--fail-level", "WARNING", **values)
    assert asked.returncode == 0
    assert all("is passed over" in line for line in asked.stderr.splitlines())  # no directory is there
    assert "no issues (0 silenced)" in asked.stdout


# --- The page that people follow --------------------------------------------------------------------


def test_commands_of_the_operations_page_are_written_right() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) > 10
    for block in blocks:
        said = subprocess.run(["bash", "-n"], input=block, check=False, capture_output=True, text=True)
        assert said.returncode == 0, block + said.stderr
    for path in re.findall(r"/opt/idportal/current/(deploy/[\w./-]+)", page):
        assert (ROOT / path.rstrip("/")).exists() or list(ROOT.glob(f"{path}*")), path
