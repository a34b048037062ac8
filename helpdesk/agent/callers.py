"""Finds the orderer on whose behalf an agent opens or completes a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from accounts import numbers
from accounts.models import Company, Orderer
from helpdesk.searches import words_of

MOST = 50  # orderers of one search
DIGITS = 10  # more than an id has
NOBODY = "ingen"  # in the place of the orderer's id: the orderer is not registered


@dataclass(frozen=True, slots=True)
class Caller:
    """An orderer, and one of the active companies that they may act for."""

    orderer: Orderer
    company: Company


def query(caller: Caller | None) -> dict[str, str]:
    """How the address of a page names the caller; :func:`from_query` reads it."""
    if caller is None:
        return {"bestallare": NOBODY}
    return {"bestallare": str(caller.orderer.pk), "foretag": str(caller.company.pk)}


def from_query(query: Mapping[str, str]) -> Caller | None:
    """The caller whom the address of a page names, if the register still has them with this company."""
    ids = [query.get(name, "") for name in ("bestallare", "foretag")]
    if not all(text.isascii() and text.isdecimal() and len(text) < DIGITS for text in ids):
        return None
    return get(*map(int, ids))


def get(orderer_id: int, company_id: int) -> Caller | None:
    """The orderer with this company, as the register has them now; None if they may not act for it."""
    company = Company.objects.filter(pk=company_id, active=True, orderers=orderer_id).first()
    orderer = Orderer.objects.filter(pk=orderer_id, active=True).first()
    return Caller(orderer, company) if orderer and company else None


def search(text: str) -> list[Caller]:
    """Active orderers by a whole mobile number, or by words of their name, address or company.

    They come sorted by name, each once for every active company of theirs.
    """
    words = words_of(text)
    if not words:
        return []
    active = Company.objects.filter(active=True)
    orderers = Orderer.objects.filter(active=True, companies__in=active).distinct().order_by("name", "pk")
    try:
        number = numbers.parse(text)
    except numbers.NumberRefused:
        for word in words:
            of_company = Q(companies__in=active.filter(name__icontains=word))
            orderers = orderers.filter(Q(name__icontains=word) | Q(email__icontains=word) | of_company)
    else:
        # Each number is encrypted differently, so all of them are read: a few hundred.
        ids = [orderer.pk for orderer in orderers.only("mobile") if orderer.mobile == number]
        orderers = orderers.filter(pk__in=ids)
    found = orderers.defer("mobile").prefetch_related(Prefetch("companies", active.order_by("name")))[:MOST]
    return [Caller(orderer, company) for orderer in found for company in orderer.companies.all()]
