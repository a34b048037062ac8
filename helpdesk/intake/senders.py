"""Finds the orderer that a mail claims to be from. An agent verifies the claim (H1, M1)."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Company, Orderer
from helpdesk.intake import authenticity
from helpdesk.intake.reading import Reading
from helpdesk.models import IncomingMail
from helpdesk.tickets.name_match import names_agree

SenderTrust = IncomingMail.SenderTrust


@dataclass(frozen=True, slots=True)
class ClaimedSender:
    """The claimed orderer, by the sender's address (``by_address``) or by a name in the text.

    ``company``: the company that the orderer acts for, if it is clear. ``sender_trust``: VERIFIED only if the border
    server confirms the address (M1). ``dmarc``: the border server's result.
    """

    orderer: Orderer | None
    company: Company | None
    by_address: bool
    sender_trust: IncomingMail.SenderTrust
    dmarc: str


def claimed(reading: Reading, account: Account | None, authserv_id: str) -> ClaimedSender:
    """``account``: the account of the user name in the mail."""
    dmarc = authenticity.dmarc(reading.letter, authserv_id)
    orderer = _by_address(reading.sender)
    by_address = orderer is not None
    if orderer is None and reading.asked.names_orderer:
        orderer = _by_name(reading.asked.orderer_name)
    company = _company(orderer, reading, account) if orderer else None
    if company and not by_address and not _is_consistent(company, reading, account):
        company = None
    verified = by_address and dmarc == authenticity.PASS
    return ClaimedSender(
        orderer=orderer,
        company=company,
        by_address=by_address,
        sender_trust=SenderTrust.VERIFIED if verified else SenderTrust.UNVERIFIED,
        dmarc=dmarc,
    )


def _by_address(address: str) -> Orderer | None:
    """The active orderer with this address. None outside ASCII: PostgreSQL takes a dotless i for an i."""
    orderers = Orderer.objects.filter(email__iexact=address, active=True)
    return orderers.first() if address and address.isascii() else None


def _by_name(name: str) -> Orderer | None:
    """The active orderer with this name; None if there are two."""
    namesakes = [each for each in Orderer.objects.filter(active=True) if names_agree(name, each.name)]
    return namesakes[0] if len(namesakes) == 1 else None


def _is_consistent(company: Company, reading: Reading, account: Account | None) -> bool:
    """Whether the mail names no other company: a stranger's text would appear on this company's pages (H5)."""
    named = reading.asked.company_name.casefold()
    home = CompanyMatcher().company_of(account) if account else company
    return home == company and named in ("", company.name.casefold())


def _company(orderer: Orderer, reading: Reading, account: Account | None) -> Company | None:
    """The orderer's company; of several the account's, else the one that the mail names, else None."""
    companies = list(orderer.companies.filter(active=True).order_by("pk"))
    if len(companies) == 1:
        return companies[0]
    home = CompanyMatcher().company_of(account) if account else None
    named = reading.asked.company_name.casefold()
    return next((each for each in companies if each == home), None) or next(
        (each for each in companies if named and each.name.casefold() == named), None
    )
