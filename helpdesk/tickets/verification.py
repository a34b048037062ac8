"""Making sure that who asks is the orderer, before a number is linked (security.md H1, H2).

A code to the orderer's mobile on file, which the caller reads back; or a call back to that number. A number in the
request is never used for it. The code is in no row: what is kept is that it was right or wrong.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, codes
from accounts.encryption import digest
from accounts.models import Event, Orderer, Purpose, User
from helpdesk.models import Ticket, TimelineEntry, Verification
from helpdesk.tickets.refusals import TicketRefused
from helpdesk.tickets.states import locked
from helpdesk.tickets.timeline import add_entry

How, What = Verification.How, TimelineEntry.What

# A decision may wait for a colleague (HELPDESK_FOUR_EYES) or until the morning. Later, somebody calls again.
COUNTS_FOR = timedelta(hours=24)


def send_code(ticket_id: int, agent: User, address: str | None = None) -> Verification:
    """Queues a code to the orderer's mobile on file. Raises Closed, NotYours, Refused (no orderer; too soon)."""
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        orderer = _on_file(ticket)
        last = _newest_code(ticket)
        if last and last.challenge and (seconds := codes.resend_in(last.challenge)):
            raise TicketRefused(_soon(seconds))
        if codes.used_up(orderer, Purpose.VERIFY):
            raise TicketRefused(
                _("Det går inte ut fler koder till beställarens mobil just nu. Ring upp numret i registret i stället.")
            )
        challenge = codes.ask(
            Purpose.VERIFY, orderer=orderer, number=orderer.mobile, language="sv", address=address, actor=agent
        )
        begun = _begun(ticket, How.CODE, agent, orderer)
        begun.challenge = challenge
        begun.save()
        add_entry(ticket, What.CODE_SENT, agent)
    return begun


def enter_code(ticket_id: int, agent: User, code: str, address: str | None = None) -> bool:
    """Whether this is the code that the newest SMS of this request holds; it is spent.

    Raises Closed, NotYours, Refused (no orderer; no code was sent to the number that is on file now).
    """
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        orderer = _on_file(ticket)
        begun = _newest_code(ticket)
        if begun is None or begun.done_at or begun.challenge is None or begun.mobile_digest != _digest(orderer):
            raise TicketRefused(_("Det finns ingen kod att kontrollera. Skicka en kod till beställarens mobil först."))
        if codes.check(begun.challenge.pk, code, address, agent) is None:
            add_entry(ticket, What.CODE_WRONG, agent)
            return False
        _done(begun, ticket, agent, address)
        add_entry(ticket, What.CODE_RIGHT, agent)
    return True


def called_back(
    ticket_id: int, agent: User, why: str, address: str | None = None, *, shown: str | None = None
) -> Verification:
    """Records a call back to the number on file; ``why``: whom the agent spoke to. Raises Closed, NotYours, Refused.

    ``shown``: what ``seen`` was on the page from which the agent called. Another number on file by now was not called.
    """
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        orderer = _on_file(ticket)
        if not why.strip():
            raise TicketRefused(_("Skriv vem du talade med när du ringde upp."))
        if shown is not None and shown != seen(orderer):
            raise TicketRefused(
                _(
                    "Beställarens mobil i registret har ändrats sedan du öppnade sidan. Samtalet räknas inte. Fråga "
                    "den administratör som ändrade numret, eller någon annan på företaget, innan du ringer det nya."
                )
            )
        called = _begun(ticket, How.CALL_BACK, agent, orderer)
        _done(called, ticket, agent, address)
        add_entry(ticket, What.CALLED_BACK, agent, why.strip())
    return called


def seen(orderer: Orderer) -> str:
    """Which number is on file, without telling it: another one once it is changed."""
    return digest(orderer.mobile, "number to call back")[:16]


def counting(ticket: Ticket) -> Verification | None:
    """The newest verification that counts: done, within a day, and of the number that is on file now."""
    return next(iter(all_counting(ticket)), None)


def all_counting(ticket: Ticket) -> list[Verification]:
    """Each that counts, the newest first. What was changed since, nobody who was verified has asked for."""
    if ticket.orderer is None:
        return []
    done = ticket.verifications.filter(
        done_at__gt=timezone.now() - COUNTS_FOR, orderer=ticket.orderer, mobile_digest=_digest(ticket.orderer)
    )
    if ticket.changed_at:
        done = done.filter(begun_at__gt=ticket.changed_at)
    return list(done.select_related("agent").order_by("-done_at", "-pk"))


def _on_file(ticket: Ticket) -> Orderer:
    """The orderer, if they may speak for the company now; else Refused says what to do."""
    orderer = ticket.orderer
    if orderer is None:
        raise TicketRefused(_("Ärendet har ingen beställare i registret, så ingen kan kontrolleras. Avslå ärendet."))
    if not orderer.active:
        raise TicketRefused(_("Beställaren är inte aktiv i registret längre. Avslå ärendet."))
    # Asked of the table, not of the request's copy: a company that was left is left at once (S2).
    if ticket.company is None or not orderer.companies.filter(pk=ticket.company.pk, active=True).exists():
        raise TicketRefused(_("Den som frågar är inte beställare för företaget. Avslå ärendet."))
    if not orderer.mobile:
        raise TicketRefused(
            _("Beställaren har inget mobilnummer i registret. En administratör behöver lägga till det.")
        )
    return orderer


def _newest_code(ticket: Ticket) -> Verification | None:
    sent = ticket.verifications.filter(how=How.CODE).select_related("challenge")
    return sent.order_by("-begun_at", "-pk").first()


def _begun(ticket: Ticket, how: Verification.How, agent: User, orderer: Orderer) -> Verification:
    return Verification(ticket=ticket, how=how, agent=agent, orderer=orderer, mobile_digest=_digest(orderer))


def _done(verification: Verification, ticket: Ticket, agent: User, address: str | None) -> None:
    verification.agent, verification.done_at = agent, timezone.now()
    verification.save()
    result = f"{verification.how} {ticket.number}"
    audit.record(Event.TICKET_VERIFIED, ticket.orderer, actor=agent, result=result, address=address)


def _digest(orderer: Orderer) -> str:
    return digest(orderer.mobile, "number")


def _soon(seconds: int) -> str:
    words = ngettext(
        "En kod är på väg. Vänta %(seconds)d sekund innan du skickar en till.",
        "En kod är på väg. Vänta %(seconds)d sekunder innan du skickar en till.",
        seconds,
    )
    return words % {"seconds": seconds}
