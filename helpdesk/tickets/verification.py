"""Verifying that the caller is the orderer, before a number is linked (security.md H1, H2).

The agent sends a code to the orderer's mobile on file, which the caller reads out; or calls that number back. A number
in the ticket is never used for it. No row holds the code, only whether it was right.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, codes
from accounts.models import Challenge, Event, Orderer, Purpose, User
from accounts.privacy.encryption import digest
from helpdesk.models import Ticket, TimelineEntry, Verification
from helpdesk.tickets.states import TicketRefused, add_entry, locked
from idportal import clock
from idportal.channels import sms
from idportal.text import inert

How, What = Verification.How, TimelineEntry.What

# A decision may wait for a colleague (HELPDESK_FOUR_EYES) or until the morning. Later, the agent verifies again.
COUNTS_FOR = timedelta(hours=24)
LONGEST_ACCOUNT = 20  # characters of a user name in an SMS: Active Directory's own limit (sAMAccountName)


@transaction.atomic
def send_code(ticket_id: int, agent: User, address: str | None = None) -> Verification:
    """Queues a code to the orderer's mobile on file. Raises Closed, AssignedToOther, TicketRefused."""
    ticket = locked(ticket_id, agent)
    orderer = _on_file(ticket)
    last = _newest_code(ticket)
    if last and last.challenge and (seconds := codes.resend_in(last.challenge)):
        words = ngettext(
            "En kod är på väg. Vänta %(seconds)d sekund innan du skickar en till.",
            "En kod är på väg. Vänta %(seconds)d sekunder innan du skickar en till.",
            seconds,
        )
        raise TicketRefused(words % {"seconds": seconds})
    if withheld := codes.words(codes.used_up(orderer, Purpose.VERIFY)):
        no_more = _("Det går inte ut fler koder till beställarens mobil just nu.")
        raise TicketRefused(f"{no_more} {withheld.why} {instead()}")
    challenge = codes.ask(
        Purpose.VERIFY, orderer=orderer, number=orderer.mobile, language="sv", address=address, actor=agent
    )
    number = _digest(orderer)
    sent = ticket.verifications.create(
        how=How.CODE, agent=agent, orderer=orderer, mobile_digest=number, challenge=challenge
    )
    add_entry(ticket, What.CODE_SENT, agent)
    return sent


def matter(challenge: Challenge) -> dict[str, str]:
    """What the SMS says of the code that is read out: whose number, and its last two digits (H10)."""
    sent = Verification.objects.filter(challenge=challenge).select_related("ticket").first()
    if sent is None:
        return {}
    ticket = sent.ticket
    # A mail may hold any text in the place of a user name.
    letters = (each for each in sms.gsm7(ticket.employee_username) if each.isalnum() or each in "._-")
    account = "".join(letters)[:LONGEST_ACCOUNT]
    company = sms.gsm7(inert(ticket.company_name))
    return {"kind": ticket.kind, "account": account, "digits": ticket.new_number[-2:], "company": company}


def instead() -> str:
    return _("Ring upp numret i registret i stället.")


def why_withheld(ticket: Ticket) -> str:
    """Why the last code to the orderer's mobile was not sent, and what to do; "" if it was, or is on its way (D2)."""
    sent = _newest_code(ticket)
    withheld = codes.why_withheld(sent.challenge) if sent and sent.challenge and not sent.done_at else None
    return f"{withheld.why} {instead()}" if withheld else ""


def enter_code(ticket_id: int, agent: User, code: str, address: str | None = None) -> bool:
    """Whether this is the code of the newest SMS; it is spent then. Raises Closed, AssignedToOther, TicketRefused."""
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        orderer = _on_file(ticket)
        sent = _newest_code(ticket)
        if sent is None or sent.done_at or sent.challenge is None or not _is_of_now(sent, ticket, orderer):
            raise TicketRefused(_("Det finns ingen kod att kontrollera. Skicka en kod till beställarens mobil först."))
        if codes.check(sent.challenge.pk, code, address, agent) is None:
            add_entry(ticket, What.CODE_WRONG, agent)
            return False
        _finish(sent, ticket, agent, address)
        add_entry(ticket, What.CODE_RIGHT, agent)
    return True


@transaction.atomic
def called_back(
    ticket_id: int, agent: User, why: str, address: str | None = None, *, shown: str | None = None
) -> Verification:
    """Records a call back to the number on file. ``why``: whom the agent spoke to.

    ``shown``: the ``number_mark`` of the page from which the agent called; a number that replaced it was not called.
    Raises Closed, AssignedToOther, TicketRefused.
    """
    ticket = locked(ticket_id, agent)
    orderer = _on_file(ticket)
    if not why.strip():
        raise TicketRefused(_("Skriv vem du talade med när du ringde upp."))
    if shown is not None and shown != number_mark(orderer):
        raise TicketRefused(
            _(
                "Beställarens mobil i registret har ändrats sedan du öppnade sidan. Samtalet räknas inte. Fråga "
                "den administratör som ändrade numret, eller någon annan på företaget, innan du ringer det nya."
            )
        )
    number = _digest(orderer)
    called = Verification(ticket=ticket, how=How.CALL_BACK, orderer=orderer, mobile_digest=number)
    _finish(called, ticket, agent, address)
    add_entry(ticket, What.CALLED_BACK, agent, why.strip())
    return called


def number_mark(orderer: Orderer) -> str:
    """A mark of the number on file, which changes with it and does not reveal it."""
    return digest(orderer.mobile, "number to call back")[:16]


def valid(ticket: Ticket) -> list[Verification]:
    """The verifications that count, newest first: of the last day, the number on file, and the present details."""
    return valid_by_ticket([ticket]).get(ticket.pk, [])


def valid_by_ticket(tickets: Iterable[Ticket]) -> dict[int, list[Verification]]:
    """The same of many tickets, by their id, with one query."""
    asked = {ticket.pk: ticket for ticket in tickets if ticket.orderer and not ticket.orderer.waiting}
    done = Verification.objects.filter(ticket__in=asked, done_at__gt=timezone.now() - COUNTS_FOR)
    found: dict[int, list[Verification]] = {}
    for each in done.select_related("agent").order_by("-done_at", "-pk"):
        ticket = asked[each.ticket_id]
        of_number = ticket.orderer and (each.orderer_id, each.mobile_digest) == (
            ticket.orderer.pk,
            _digest(ticket.orderer),
        )
        if of_number and (ticket.changed_at is None or each.begun_at > ticket.changed_at):
            found.setdefault(ticket.pk, []).append(each)
    return found


def _on_file(ticket: Ticket) -> Orderer:
    """The orderer, if authorised now. Raises TicketRefused, which says what to do."""
    orderer = ticket.orderer
    if orderer is None:
        raise TicketRefused(_("Ärendet har ingen beställare i registret, så ingen kan kontrolleras. Avslå ärendet."))
    if not orderer.active:
        raise TicketRefused(_("Beställaren är inte aktiv i registret längre. Avslå ärendet."))
    # Read anew: an orderer who left the company a moment ago has left (S2).
    if ticket.company is None or not orderer.companies.filter(pk=ticket.company.pk, active=True).exists():
        raise TicketRefused(_("Avsändaren är inte behörig beställare för företaget. Avslå ärendet."))
    if too_new := why_not_yet(orderer):
        raise TicketRefused(too_new)
    if not orderer.mobile:
        raise TicketRefused(
            _("Beställaren har inget mobilnummer i registret. En administratör behöver lägga till det.")
        )
    return orderer


def why_not_yet(orderer: Orderer | None) -> str:
    """Why the orderer's contact details verify nobody yet, and what helps (H9); "" if they count."""
    if orderer is None or orderer.waits_until is None or not orderer.waiting:
        return ""
    words = {"name": orderer.name, "until": clock.stamp(orderer.waits_until)}
    return (
        _(
            "%(name)ss mobil eller e-postadress i registret är ny, och kan inte användas för att kontrollera någon "
            "före %(until)s. Är det bråttom: be en annan administratör än den som ändrade att bekräfta uppgifterna."
        )
        % words
    )


def _newest_code(ticket: Ticket) -> Verification | None:
    sent = ticket.verifications.filter(how=How.CODE).select_related("challenge")
    return sent.order_by("-begun_at", "-pk").first()


def _is_of_now(sent: Verification, ticket: Ticket, orderer: Orderer) -> bool:
    """Whether the SMS went to the number on file, and said what the ticket says (H10)."""
    as_it_was = ticket.changed_at is not None and sent.begun_at <= ticket.changed_at
    return sent.mobile_digest == _digest(orderer) and not as_it_was


def _finish(verification: Verification, ticket: Ticket, agent: User, address: str | None) -> None:
    verification.agent, verification.done_at = agent, timezone.now()
    verification.save()
    result = f"{verification.how} {ticket.number}"
    audit.record(Event.TICKET_VERIFIED, ticket.orderer, actor=agent, result=result, address=address)


def _digest(orderer: Orderer) -> str:
    return digest(orderer.mobile, "number")
