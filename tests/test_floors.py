"""The floors of the house: which part may import which. The contracts stand in pyproject.toml."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parent.parent
NO_APP = {"tests", "var", "node_modules"}

# A house in small that keeps every contract.
SOUND = {
    "idportal/__init__.py": "from idportal.celery import app\n",
    "idportal/celery.py": "app = 1\n",
    "idportal/settings.py": "INSTALLED_APPS = ['idportal', 'accounts']\n",
    "idportal/urls.py": "from idportal import pages\n",
    "idportal/wsgi.py": "",
    "idportal/pages.py": "",
    "idportal/sms.py": "",
    "idportal/mailbox/imap.py": "import imapclient\n",
    "accounts/__init__.py": "",
    "accounts/codes/__init__.py": "",
    "accounts/codes/delivery.py": "from idportal import sms\n",
    "accounts/phones/__init__.py": "",
    "accounts/directory/__init__.py": "import ldap\n",
    "accounts/directory/openldap.py": "from ldap import modlist\n",
    "deploy/__init__.py": "",
    "deploy/local/__init__.py": "import imapclient\nfrom accounts import codes\n",
    "deploy/local/settings.py": "from idportal.settings import *\n",
    "deploy/local/urls.py": "from idportal import urls\n",
    "notifications/__init__.py": "from accounts import codes\n",
    "helpdesk/__init__.py": "from notifications import outbox\nfrom accounts import codes\n",
    "notifications/outbox/messages.py": "from idportal import sms\n",
}

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
    ("accounts/queue.py", "from idportal.celery import app"),
    ("helpdesk/door.py", "from idportal.wsgi import application"),
    ("accounts/phones/numbers_on_file.py", "import ldap"),
    ("helpdesk/mails.py", "import imapclient"),
    ("helpdesk/search.py", "from ldap.filter import escape_filter_chars"),
]


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


def apps(folder: Path) -> set[str]:
    """The packages at the top of a tree, without the tests."""
    return {init.parent.name for init in folder.glob("*/__init__.py")} - NO_APP


def build(folder: Path, files: dict[str, str]) -> Path:
    """A tree with these files, under this project's own contracts."""
    for name, source in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for package in Path(name).parents[:-1]:
            (folder / package / "__init__.py").touch()  # without one, the lint looks at no file of the folder
        file.write_text(source, encoding="utf-8")
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    config, changed = re.subn(r"(?m)^root_packages = .*$", f"root_packages = {sorted(apps(folder))}", config)
    assert changed == 1
    (folder / "pyproject.toml").write_text(config, encoding="utf-8")
    return folder


def test_the_house_keeps_its_floors() -> None:
    ran = lint(ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ", 0 broken" in ran.stdout


def test_every_app_is_under_the_contracts() -> None:
    """A package that is not named is not looked at, and its imports would go unseen."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert set(config["root_packages"]) == apps(ROOT)
    layers = next(contract["layers"] for contract in config["contracts"] if contract["type"] == "layers")
    assert layers == ["deploy", "helpdesk", "notifications", "accounts", "idportal"]


def test_a_sound_house_passes(tmp_path: Path) -> None:
    ran = lint(build(tmp_path, SOUND))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a house with every wrong import at once."""
    files = {**SOUND, "helpdesk/agent/queue.py": "", "deploy/local/cast.py": "", **dict(WRONG)}
    ran = lint(build(tmp_path_factory.mktemp("house"), files))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Contracts: 0 kept" in ran.stdout
    return ran.stdout


@pytest.mark.parametrize(("file", "line"), WRONG, ids=[file for file, line in WRONG])
def test_a_wrong_import_is_found(verdict: str, file: str, line: str) -> None:
    importer = file.removesuffix(".py").replace("/", ".")
    assert re.search(rf"^ *- {re.escape(importer)} -> ", verdict, re.MULTILINE), verdict


def test_nothing_sound_is_called_wrong(verdict: str) -> None:
    wrong = {file.removesuffix(".py").replace("/", ".") for file, line in WRONG}
    assert set(re.findall(r"^ *- (\S+) -> ", verdict, re.MULTILINE)) == wrong
