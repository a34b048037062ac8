"""Paths, form fields, commands and environment names that the outside relies on are all there (names_outside.txt)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.test import Client
from django.urls import resolve

from deploy.local.cast import EVA, KARL
from tests.accounts.helpers import NEW_NUMBER_TYPED
from tests.accounts.staff import Officer
from tests.conftest import Inbox, Walker
from tests.helpdesk.newcomer import Newcomer
from tests.helpdesk.people import a_company, an_orderer
from tests.servers.slapd import TestSlapd

HERE = Path(__file__).parent
EXAMPLES = {"<number>": "2026-00042", "<id>": "5f2b0c52-7a0e-4c1d-9a63-0c8f3b1f2a11"}


def names(section: str) -> list[str]:
    text = (HERE / "names_outside.txt").read_text(encoding="utf-8")
    return text.partition(f"[{section}]\n")[2].partition("\n[")[0].strip().splitlines()


class NotingClient(Client):
    """A browser that notes which fields each page has."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, set[str]] = {}

    def request(self, **environ: Any) -> Any:
        answer: Any = super().request(**environ)
        found = re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', answer.content.decode())
        self.fields.setdefault(environ["PATH_INFO"], set()).update(found)
        return answer


def test_each_path_leads_somewhere() -> None:
    for path in names("paths"):
        resolve(re.sub("<.*?>", lambda found: EXAMPLES[found[0]], path))


def test_each_command_takes_its_arguments() -> None:
    """Words in capitals are what has no name on the command line."""
    for line in names("commands"):
        name, *arguments = line.split()
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        taken = {option for action in parser._actions for option in action.option_strings}
        assert {each for each in arguments if each.startswith("-")} <= taken, line
        bare = [action for action in parser._actions if not action.option_strings]
        assert len(bare) == sum(not each.startswith("-") for each in arguments), line


def test_the_settings_read_each_name() -> None:
    settings = (HERE.parent / "idportal" / "settings.py").read_text(encoding="utf-8")
    assert set(names("environment")) <= set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', settings))


@pytest.mark.django_db(transaction=True)
def test_the_pages_have_the_fields(openldap_settings: TestSlapd, sms: Inbox) -> None:
    client = NotingClient()
    _register_and_reset(Walker(client, sms))
    _come_in_as_staff(Officer(EVA, client))
    orderers = Newcomer(sms)
    orderers.client = client
    _come_in_as_orderer(orderers)
    for line in names("fields"):
        path, *fields = line.split()
        assert set(fields) <= client.fields[path], path


def _register_and_reset(walker: Walker) -> None:
    walker.get("/registrera/")
    walker.log_in(KARL)
    walker.get("/registrera/mobil/")
    walker.give_number(NEW_NUMBER_TYPED)
    walker.get("/registrera/kod/")
    walker.enter_register_code()
    walker.get("/aterstall/")
    walker.ask(KARL.username)
    walker.get("/aterstall/kod/")
    walker.enter_code()
    walker.get("/aterstall/losenord/")


def _come_in_as_staff(officer: Officer) -> None:
    officer.get("/logga-in/")
    officer.type_password()
    officer.get("/logga-in/kod/")
    officer.look_at_the_picture()


def _come_in_as_orderer(newcomer: Newcomer) -> None:
    company = a_company("Hemtjänst Ett AB")
    carin = an_orderer("Carin Ek", "carin@hemtjanst-ett.example", "+46701740650", company)
    newcomer.get("/bestallare/logga-in/")
    newcomer.ask(carin.email)
    newcomer.look()
    newcomer.press()
    newcomer.get("/bestallare/logga-in/kod/")
    newcomer.enter()
    newcomer.get("/bestallare/mobilnummer/")
    newcomer.get("/bestallare/mottagare/")
