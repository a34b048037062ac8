"""People whom the tests of the helpdesk need besides the cast."""

from dataclasses import replace

from django.test import Client

from accounts import companies
from accounts.companies import orderers
from accounts.models import Company, Orderer
from deploy.local.cast import PER
from helpdesk.orderer import sessions
from tests.accounts.helpers import new_session

SECOND_AGENT = replace(
    PER,
    username="hdsarlun",
    given_name="Sara",
    surname="Lund",
    mail="sara.lund@kommunen.example",
    phone="+46701740643",
)

NUMBERS = ("556677-8899", "559900-1129")


def a_company(name: str, *recipients: str, number: str = "", values: str = "") -> Company:
    """In the register, as an administrator would put it there. ``values``: as its name if none are given."""
    number = number or NUMBERS[Company.objects.count()]
    first, second = [*recipients, "", ""][:2]
    company = Company(
        name=name, organisation_number=number, directory_values=values or name, recipient1=first, recipient2=second
    )
    company.full_clean()
    companies.store(company, actor=None)
    return company


def an_orderer(name: str, email: str, mobile: str, *for_whom: Company) -> Orderer:
    """In the register, as an administrator would put them there."""
    orderer = Orderer(name=name, email=email, mobile=mobile)
    orderer.full_clean()
    orderers.store(orderer, for_whom, actor=None)
    return orderer


def as_orderer(orderer: Orderer, company: Company | None = None) -> Client:
    """A browser in which the orderer has signed in (how, is for test_orderer_sign_in.py to show)."""
    client = Client()
    with new_session(client) as request:
        sessions.log_in(request, orderer)
        if company:
            request.session["company"] = company.pk
    return client
