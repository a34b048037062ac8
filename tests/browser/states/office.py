"""Short ways to sign orderers and agents in; their own states show the sign-in pages."""

from __future__ import annotations

from accounts.models import Company, Orderer
from deploy.local.cast import CARIN, HEMTJANST_ETT, OMSORG_TVA, PER
from tests.accounts.staff import Officer
from tests.browser.visitor import Visitor
from tests.helpdesk.people import a_company, an_orderer, as_orderer


def the_register() -> tuple[Company, Orderer]:
    """Both companies; the first one with its orderer, who is its recipient as well."""
    ett = Company.objects.filter(name=HEMTJANST_ETT).first() or a_company(HEMTJANST_ETT, CARIN.mail)
    if not Company.objects.filter(name=OMSORG_TVA).exists():
        a_company(OMSORG_TVA)
    carin = Orderer.objects.filter(email=CARIN.mail).first()
    return ett, carin or an_orderer(CARIN.name, CARIN.mail, CARIN.phone, ett)


def as_carin(visitor: Visitor) -> Orderer:
    """Her browser, in which she has signed in."""
    _ett, carin = the_register()
    visitor.take_over(as_orderer(carin))
    return carin


def as_per(visitor: Visitor) -> Officer:
    """The agent's browser, in which he has signed in with both factors."""
    officer = Officer(PER)
    officer.come_in()
    visitor.take_over(officer.client)
    return officer
