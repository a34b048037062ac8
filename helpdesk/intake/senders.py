"""Whom a mail says that it is from, as the register has them. That is a claim, and an agent makes sure (H1, M1)."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Company, Orderer
from helpdesk.intake import authenticity
from helpdesk.intake.reading import Reading
from helpdesk.models import IncomingMail
from helpdesk.tickets.name_match import names_agree

Standing = IncomingMail.SenderTrust


@dataclass(frozen=True, slots=True)
class ClaimedSender:
    """``orderer``: whose address the mail bears, or whom it names; ``by_address``: it is the former.

    ``company``: the one that the orderer acts for, if that is plain. ``standing``: VERIFIED only if the border server
    vouches for the address (M1).
    """

    orderer: Orderer | None
    company: Company | None
    by_address: bool
    standing: IncomingMail.SenderTrust
    dmarc: str


def claimed(reading: Reading, account: Account | None, authserv_id: str) -> ClaimedSender:
    """``account``: whom the user name in the mail belongs to."""
    dmarc = authenticity.dmarc(reading.letter, authserv_id)
    orderer = _by_address(reading.sender)
    by_address = orderer is not None
    if orderer is None and reading.asked.names_orderer:
        orderer = _by_name(reading.asked.orderer_name)
    company = _company(orderer, reading, account) if orderer else None
    if company and not by_address and not _may_be_theirs(company, reading, account):
        company = None
    verified = by_address and dmarc == authenticity.PASS
    return ClaimedSender(
        orderer=orderer,
        company=company,
        by_address=by_address,
        standing=Standing.VERIFIED if verified else Standing.UNVERIFIED,
        dmarc=dmarc,
    )


def _by_address(address: str) -> Orderer | None:
    """An address in other signs than ASCII's is nobody's: PostgreSQL would compare a dotless i with an i."""
    known = Orderer.objects.filter(email__iexact=address, active=True)
    return known.first() if address and address.isascii() else None


def _by_name(name: str) -> Orderer | None:
    """The only active orderer of that name; of two namesakes neither."""
    known = [each for each in Orderer.objects.filter(active=True) if names_agree(name, each.name)]
    return known[0] if len(known) == 1 else None


def _may_be_theirs(company: Company, reading: Reading, account: Account | None) -> bool:
    """Whether nothing that a stranger wrote is another company's: it would stand on this one's pages (H5)."""
    named = reading.asked.company_name.casefold()
    home = CompanyMatcher().company_of(account) if account else company
    return home == company and named in ("", company.name.casefold())


def _company(orderer: Orderer, reading: Reading, account: Account | None) -> Company | None:
    """Of several the one whose staff the account is, or that the mail names; else none: the agent asks."""
    theirs = list(orderer.companies.filter(active=True).order_by("pk"))
    if len(theirs) == 1:
        return theirs[0]
    home = CompanyMatcher().company_of(account) if account else None
    named = reading.asked.company_name.casefold()
    return next((each for each in theirs if each == home), None) or next(
        (each for each in theirs if named and each.name.casefold() == named), None
    )
