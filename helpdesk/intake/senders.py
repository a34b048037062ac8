"""Who sent a mail: the orderer it claims to be from, the border mail server's verdict, and whether it is a program.

The From header proves nothing (security.md M1), so an agent verifies the claim (H1). An Authentication-Results header
(RFC 8601) counts if it names HELPDESK_AUTHSERV_ID; that server removes such headers from mail that comes from outside
(RFC 8601 5), as docs/operations.md asks for.
"""

import re
from collections.abc import Iterable, Sequence

from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Company, Orderer
from accounts.models.recipients import Recipients
from helpdesk.intake.reading import Reading
from helpdesk.intake.reading.decoding import LONGEST_HEADER
from helpdesk.intake.reading.mime import Letter
from helpdesk.models import FORGED
from helpdesk.tickets.creating import TicketDetails
from idportal.text import names_agree, one_line

_IDENTIFIER = re.compile(r"\s*([^\s;(]*)")
_RESULT = re.compile(r"dmarc\s*(?:/\s*1\s*)?=\s*([a-z]+)(|\s.*)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?<![\w.-])header\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
_SIMPLE_FROM = re.compile(r"""(?:[^<>"(),:;@\\[\]]*|"[^"\\]*") ?<[\w.+-]+@[\w.-]+>|[\w.+-]+@[\w.-]+""")
_PLAIN = re.compile(r"[\t -~]*")

PASS = "pass"  # noqa: S105  a DMARC result


def dmarc(letter: Letter, authserv_id: str) -> str:
    """The border server's DMARC result for the mail's one sender: "pass", "fail", "none" …; "" if there is none.

    If its results differ, the worst counts. A result for another domain than the sender's counts as "other domain". An
    address outside ASCII has no result, since servers and databases compare such addresses differently.
    """
    address = letter.senders[0][1] if len(letter.senders) == 1 else ""
    if not authserv_id or "@" not in address or not address.isascii() or len(letter.all("from")) != 1:
        return ""
    domain = address.rpartition("@")[2]
    simple = _SIMPLE_FROM.fullmatch(letter.first("from")) is not None
    headers = letter.all("authentication-results")
    found = {result for header in headers for result in _results(header, authserv_id, domain, simple=simple)}
    if len(found) < 2:  # noqa: PLR2004  all results agree
        return found.pop() if found else ""
    return next((each for each in FORGED if each in found), "mixed")


def _results(header: str, authserv_id: str, domain: str, *, simple: bool) -> Iterable[str]:
    """The DMARC results in one header, if ``authserv_id`` wrote it.

    ``simple``: From can be read in one way only. If not, the header must name the domain that the server read there.
    """
    begun = _IDENTIFIER.match(header)
    if not begun or begun[1].casefold() != authserv_id.casefold() or not begun[1].isascii():
        return
    plain = _plain(header)
    if plain is None:
        yield "unreadable"
        return
    first, *results = plain.split(";")
    # A version may follow the identifier; the only one is 1.
    if first.split()[1:] not in ([], ["1"]):
        return
    for each in results:
        if found := _RESULT.fullmatch(each.strip()):
            domains = [name.strip('".').casefold() for name in _DOMAIN.findall(found[2])]
            about_sender = all(name == domain.casefold() for name in domains) if domains else simple
            yield found[1].lower() if about_sender else "other domain"


def _plain(header: str) -> str | None:
    """The header without comments and with empty quotes, since both could hold text that looks like a result.

    None if a comment or a quote has no end, if there are characters that no server writes, or if the header may be cut.
    """
    if len(header) >= LONGEST_HEADER or not _PLAIN.fullmatch(header):
        return None
    kept: list[str] = []
    depth, quoted, characters = 0, False, iter(header)
    for character in characters:
        if character == "\\" and (quoted or depth):
            next(characters, "")
        elif quoted:
            quoted = character != '"'
        elif character == '"' and not depth:
            quoted = True
            kept.append('""')
        elif character in "()":
            depth += 1 if character == "(" else -1
            kept.append(" ")
            if depth < 0:
                return None
        elif not depth:
            kept.append(character)
    return None if quoted or depth else "".join(kept)


_LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-owner", "list-archive", "list-subscribe")
_COMMENT = re.compile(r"\([^()]*\)")
_BY_PROGRAMS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-failed-recipients", "x-auto-reply-from")
_ROBOTS = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|noreply[\w.+-]*|bounces?|[\w.+-]*-bounces?|listserv|majordomo"
    r"|svara-?(ej|inte))([+=].*)?",
    re.IGNORECASE,
)
_LONGEST_LOCAL = 256  # characters; a return path may hold the receiver's address


def is_automatic(letter: Letter) -> bool:
    """Whether a program sent it, so that an answer could start a loop (RFC 3834 2, security.md M2)."""
    paths = [path.strip("<> ") for path in letter.all("return-path")]
    submitted = letter.all("auto-submitted")
    suppressed = " ".join(letter.all("x-auto-response-suppress")).lower()
    senders = [address.rpartition("@")[0] for address in (*paths, *(address for _, address in letter.senders))]
    return (
        any(_COMMENT.sub("", value).split(";")[0].strip().lower() not in ("", "no") for value in submitted)
        or "" in paths
        or _has(letter, _BY_PROGRAMS, ("auto_reply", "auto-reply"))
        or is_bulk(letter)
        or any(word in suppressed for word in ("all", "oof", "autoreply"))
        or letter.content_type == "multipart/report"
        or any(_ROBOTS.fullmatch(sender[:_LONGEST_LOCAL]) for sender in senders)
    )


def is_bulk(letter: Letter) -> bool:
    """Whether it went to many receivers: by a mailing list (RFC 2369, RFC 2919) or as a newsletter."""
    return _has(letter, _LISTS, ("bulk", "list", "junk"))


def _has(letter: Letter, names: Sequence[str], precedence: Sequence[str]) -> bool:
    """Whether it has one of these headers, or one of these values of Precedence."""
    return any(name in names for name, _ in letter.headers) or any(
        value.lower() in precedence for value in letter.all("precedence")
    )


def claimed(reading: Reading, account: Account | None) -> tuple[TicketDetails, bool]:
    """What a ticket of this mail would ask for, with the claimed orderer; and whether the sender's address is theirs.

    Else it is an orderer whom the text names. ``account``: the account of the user name in the mail.
    """
    asked, active = reading.asked, Orderer.objects.filter(active=True)
    # No address outside ASCII: PostgreSQL takes a dotless i for an i.
    is_usual = reading.sender and reading.sender.isascii()
    orderer = active.filter(email__iexact=reading.sender).first() if is_usual else None
    by_address = orderer is not None
    if orderer is None and asked.names_orderer:
        namesakes = [each for each in active if names_agree(asked.orderer_name, each.name)]
        orderer = namesakes[0] if len(namesakes) == 1 else None
    details = TicketDetails(
        asked.kind,
        company=_company(orderer, reading, account, by_address=by_address) if orderer else None,
        orderer=orderer,
        company_name=one_line(asked.company_name),
        orderer_name=one_line(asked.orderer_name or reading.sender_name or reading.sender),
        employee_name=one_line(asked.employee_name),
        employee_username=account.username if account else asked.employee_username,
        account=account.id if account else "",
        new_number=asked.new_number,
        recipients=Recipients(asked.recipients),
    )
    return details, by_address


def _company(orderer: Orderer, reading: Reading, account: Account | None, *, by_address: bool) -> Company | None:
    """The orderer's company; of several the account's, else the one that the mail names, else None.

    Without ``by_address`` none, if the mail names another company: a stranger's text would appear on its pages (H5).
    """
    companies = list(orderer.companies.filter(active=True).order_by("pk"))
    if by_address and len(companies) == 1:
        return companies[0]
    home = CompanyMatcher().company_of(account) if account else None
    named = reading.asked.company_name.casefold()
    if len(companies) > 1:
        companies = [each for each in companies if each == home] or [
            each for each in companies if named and each.name.casefold() == named
        ]
    company = companies[0] if companies else None
    is_consistent = (account is None or home == company) and company and named in ("", company.name.casefold())
    return company if by_address or is_consistent else None
