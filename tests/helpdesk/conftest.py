"""What the tests of the helpdesk may ask for besides: the register, orderers and agents who are signed in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import Company, Orderer
from deploy.local.cast import PER
from tests.accounts.staff import Officer
from tests.helpdesk.people import SECOND_AGENT, a_company, an_orderer, as_orderer
from tests.servers.slapd import TestSlapd


@pytest.fixture
def server(openldap_settings: TestSlapd) -> TestSlapd:
    """The directory of the journeys, with the cast in it."""
    return openldap_settings


@dataclass(frozen=True)
class Register:
    """Both companies, each with its orderer."""

    ett: Company
    tva: Company
    carin: Orderer
    olle: Orderer


@pytest.fixture
def register(db: None) -> Register:
    ett, tva = a_company("Hemtjänst Ett AB"), a_company("Omsorg Två AB")
    carin = an_orderer("Carin Ek", "carin@hemtjanst-ett.example", "+46701740650", ett)
    return Register(ett, tva, carin, an_orderer("Olle Holm", "olle@omsorg-tva.example", "+46701740651", tva))


@pytest.fixture
def carin(register: Register) -> Client:
    """Carin's browser."""
    return as_orderer(register.carin)


@pytest.fixture
def olle(register: Register) -> Client:
    """The browser of the other company's orderer."""
    return as_orderer(register.olle)


@pytest.fixture
def per(server: TestSlapd, db: None) -> Officer:
    """The agent, signed in with both factors; his browser is ``per.client``."""
    officer = Officer(PER)
    officer.come_in()
    return officer


@pytest.fixture
def sara(server: TestSlapd, db: None) -> Officer:
    """A second agent, signed in as well."""
    server.put(SECOND_AGENT)
    officer = Officer(SECOND_AGENT)
    officer.come_in()
    return officer
