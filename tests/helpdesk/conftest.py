"""Fixtures for the tests of the helpdesk: the register, and signed-in orderers and agents."""

from dataclasses import dataclass

import pytest
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_save
from django.test import Client

from accounts.models import Company, DirectoryKey, Orderer
from accounts.models.companies import key_of
from deploy.local.cast import PER
from tests.accounts.staff import Officer
from tests.conftest import Inbox
from tests.helpdesk.newcomer import Newcomer
from tests.helpdesk.people import NUMBERS, SECOND_AGENT, as_orderer
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
    """In few statements: ``a_company`` and ``an_orderer``, who put them there as administrators do, take many."""
    named = zip(("Hemtjänst Ett AB", "Omsorg Två AB"), NUMBERS, strict=True)
    ett, tva = Company.objects.bulk_create(
        [Company(name=name, organisation_number=number, directory_values=name) for name, number in named]
    )
    DirectoryKey.objects.bulk_create([DirectoryKey(company=one, key=key_of(one.name)) for one in (ett, tva)])
    carin = Orderer(name="Carin Ek", email="carin@hemtjanst-ett.example", mobile="+46701740650")
    olle = Orderer(name="Olle Holm", email="olle@omsorg-tva.example", mobile="+46701740651")
    Orderer.objects.bulk_create([carin, olle])
    link = Orderer.companies.through
    link.objects.bulk_create([link(orderer=carin, company=ett), link(orderer=olle, company=tva)])
    for orderer in (carin, olle):  # the library's signal, which writes history: evidence goes by it
        post_save.send(Orderer, instance=orderer, created=True, update_fields=None, raw=False, using=DEFAULT_DB_ALIAS)
    return Register(ett, tva, carin, olle)


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


@pytest.fixture
def newcomer(register: Register, sms: Inbox) -> Newcomer:
    """The browser of an orderer who is not signed in yet."""
    return Newcomer(sms)


@pytest.fixture
def stranger(register: Register, sms: Inbox) -> Newcomer:
    """Somebody else's browser."""
    return Newcomer(sms)
