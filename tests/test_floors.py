"""The floors: which part may import which. The contracts are in pyproject.toml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parent.parent
NO_APP = {"tests", "var", "node_modules"}

# What a hasty hand might write: file, line.
WRONG = [
    ("idportal/up.py", "from accounts import codes"),
    ("idportal/far_up.py", "from helpdesk import queue"),
    ("accounts/up.py", "import notifications"),
    ("accounts/far_up.py", "import helpdesk"),
    ("notifications/up.py", "from helpdesk import queue"),
    ("accounts/demo.py", "from deploy.local import cast"),
    ("idportal/demo.py", "from deploy import local"),
    ("deploy/local/wiring.py", "from idportal.settings import DEBUG"),
    ("accounts/hidden.py", "def late():\n    from notifications import outbox"),
    ("accounts/wiring.py", "from idportal.settings import DEBUG"),
    ("idportal/wiring.py", "from idportal.urls import urlpatterns"),
    ("accounts/queue.py", "from idportal.runtime.celery import app"),
    ("helpdesk/door.py", "from idportal.wsgi import application"),
    ("accounts/phones/late.py", "import ldap"),
    ("helpdesk/mails.py", "import imapclient"),
    ("helpdesk/search.py", "from ldap.filter import escape_filter_chars"),
    ("accounts/audit/late.py", "from accounts.directory import openldap"),
    ("accounts/directory/late.py", "def find():\n    from accounts.codes import challenges"),
    ("accounts/codes/late.py", "from accounts.staff import roles"),
    ("accounts/staff/late.py", "from accounts.companies import admin"),
    ("notifications/outbox/late.py", "def deliver():\n    from notifications.digests import plan"),
    ("notifications/notices/late.py", "from notifications.digests import plan"),
    ("helpdesk/tickets/late.py", "from helpdesk.intake.reading import asked"),
    ("helpdesk/orderer/late.py", "from helpdesk.agent import mails"),
    ("helpdesk/agent/late.py", "from helpdesk.intake.reading import asked"),
    ("accounts/models/late.py", "def save():\n    from accounts.codes import challenges"),
    ("accounts/passwords/late.py", "from accounts.phones import views"),
    ("helpdesk/orderer/door.py", "from helpdesk.orderer.views import ask"),
]

# Each of these is a circle: of two modules, of two packages, of a package and a module in it.
CIRCLES: list[dict[str, str]] = [
    {
        "accounts/codes/one.py": "from accounts.codes import two\n",
        "accounts/codes/two.py": "def late():\n    from accounts.codes import one\n",
    },
    {
        "accounts/codes/one.py": "from accounts.phones import two\n",
        "accounts/phones/two.py": "",
        "accounts/phones/three.py": "from accounts.codes import challenges\n",
    },
    {
        "helpdesk/tickets/__init__.py": "from helpdesk.tickets.one import f\n",
        "helpdesk/tickets/one.py": "import helpdesk.tickets\n",
    },
]

# The contract on cycles compares the modules of a package with each other, and none with the package itself.
FIND_CIRCLE = """
import graphlib, grimp, sys
sys.path.insert(0, "")
graph = grimp.build_graph(*sys.argv[1:], cache_dir=None)
imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
try:
    graphlib.TopologicalSorter(imports).prepare()
except graphlib.CycleError as error:
    print(" imports ".join(reversed(error.args[1])))
"""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of the pyproject.toml in ``folder`` on the packages there."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "COLUMNS": "500", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )


def circle(folder: Path) -> str:
    """Modules that import each other in a circle; "" if there is none."""
    return subprocess.run(
        [sys.executable, "-c", FIND_CIRCLE, *sorted(apps(folder))],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    ).stdout.strip()


def apps(folder: Path) -> set[str]:
    """The packages at the top of a tree, without the tests."""
    return {init.parent.name for init in folder.glob("*/__init__.py")} - NO_APP


def rooms(app: str) -> set[str]:
    """The packages of an app that hold its verbs."""
    found = {init.parent.name for init in (ROOT / app).glob("*/__init__.py")}
    return found - {"admin", "management", "migrations", "models", "templatetags"}


def built(folder: Path, files: dict[str, str]) -> Path:
    """The house as it is, with these files in it as well."""
    for app in apps(ROOT):
        shutil.copytree(ROOT / app, folder / app, ignore=_all_but_code)
    for name, source in files.items():
        (folder / name).write_text(source, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _all_but_code(place: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or Path(place, name).is_dir())]


def test_the_house_keeps_its_floors() -> None:
    ran = lint(ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ", 0 broken" in ran.stdout


def test_no_modules_import_each_other() -> None:
    assert circle(ROOT) == ""


def test_every_app_is_under_the_contracts() -> None:
    """A package that is not named is not looked at, and its imports would go unseen."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert set(config["root_packages"]) == apps(ROOT)
    contracts = {contract["id"]: contract for contract in config["contracts"]}
    assert contracts["floors"]["layers"] == ["deploy", "helpdesk", "notifications", "accounts", "idportal"]
    assert set(contracts["cycles"]["ancestors"]) == apps(ROOT)
    for app in ("accounts", "notifications", "helpdesk"):
        layers = contracts[f"rooms-{app}"]["layers"]
        named = {room for layer in layers for room in re.findall(r"\w+", layer)} - {"models"}
        modules = {room for room in named if (ROOT / app / f"{room}.py").exists()}
        assert named - modules == rooms(app)
        # Ciphertext is made below the models.
        assert {f"{app}.{room}" for room in rooms(app) - {"privacy"}} <= set(contracts["models"]["forbidden_modules"])


@pytest.mark.parametrize("files", CIRCLES, ids=["modules", "packages", "package and module"])
def test_a_circle_is_found(tmp_path: Path, files: dict[str, str]) -> None:
    house = built(tmp_path, files)
    broken = not lint(house).stdout.rstrip().endswith(" 0 broken.")
    assert broken or " imports " in circle(house)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a house with every wrong import at once."""
    ran = lint(built(tmp_path_factory.mktemp("house"), dict(WRONG)))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Contracts: 0 kept" in ran.stdout
    return ran.stdout


def test_each_wrong_import_is_found_and_nothing_sound_is_called_wrong(verdict: str) -> None:
    wrong = {file.removesuffix(".py").replace("/", ".") for file, line in WRONG}
    assert set(re.findall(r"^ *- +([^\s.]\S+) -> ", verdict, re.MULTILINE)) == wrong
