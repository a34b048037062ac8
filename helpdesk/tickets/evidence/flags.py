"""What is odd about a request, and what to do about it. None of it stops an approval; the agent decides.

What does stop one is no flag but an obstacle, and stands in ``hindrances``.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.directory import Account
from helpdesk.models import Entry, IncomingMail, Ticket
from helpdesk.tickets.evidence.context import LATELY, Kind, TicketContext, day, lately
from helpdesk.tickets.evidence.parts import Flag
from helpdesk.tickets.missing import doubts_of
from helpdesk.tickets.name_match import names_agree

WRONG_CODES = 2  # one is a slip of the tongue


def find(known: TicketContext, down: bool) -> Iterator[Flag]:
    """In the order in which they weigh. ``down``: nothing is said of the account."""
    yield from _of_requester(known)
    yield from _of_verification(known)
    if known.ticket.kind == Kind.PHONE:
        if known.account and not down:
            yield from _of_account(known, known.account)
        yield from _of_number(known)
        yield from _of_earlier(known)
    if known.ticket.kind == Kind.RECIPIENTS:
        yield from _of_recipients(known)


def _of_requester(known: TicketContext) -> Iterator[Flag]:
    if known.ticket.source == Ticket.Source.PORTAL:
        return  # the portal itself asks, and says what to do
    if known.mail and known.orderer:
        yield from _of_mail(known, known.mail)
    yield from _of_doubts(known)
    if change := known.changed_lately("mobile"):
        yield Flag(
            _("Beställarens mobil i registret ändrades %(day)s.") % {"day": day(change.at)},
            _("Lita inte på en kod dit än. Fråga den administratör som ändrade den, eller någon annan på företaget."),
        )
    if change := known.changed_lately("email"):
        yield Flag(
            _("Beställarens e-postadress i registret ändrades %(day)s.") % {"day": day(change.at)},
            _("Fråga den administratör som ändrade den, eller någon annan på företaget, om det stämmer."),
        )
    since = known.entitled_since
    if known.entitled and since and timezone.localdate() - since < LATELY:
        yield Flag(
            _("Beställaren är ny: behörig för företaget först sedan %(day)s.") % {"day": f"{since:%Y-%m-%d}"},
            _("Fråga en administratör vem på företaget som anmälde beställaren."),
        )


def _of_mail(known: TicketContext, mail: IncomingMail) -> Iterator[Flag]:
    if mail.forged:
        yield Flag(
            _("Kommunens mejlserver säger att mejlet inte kommer från den adress som står som avsändare."),
            _("Ring upp beställaren på numret i registret, och fråga om hen har mejlat."),
        )
    elif not mail.verified and (known.from_orderer or mail.blanked_at):
        yield Flag(
            _("Avsändaren är inte kontrollerad: mejlet kan vara från vem som helst."),
            _("Kontrollera beställaren med en kod eller ett samtal, även om mejlet ser rätt ut."),
        )
    if not known.from_orderer and not mail.blanked_at:
        yield Flag(
            _("Mejlet kom från %(address)s, som inte är beställarens adress i registret.")
            % {"address": mail.sender or _("en okänd adress")},
            _("Vem som helst kan skriva beställarens namn. Ring upp beställaren på numret i registret."),
        )
    # Whom an agent has chosen since was told.
    if mail.automatic and known.ticket.kind != Kind.OTHER and known.ticket.changed_at is None:
        yield Flag(
            _("Ett program har skrivit mejlet, så beställaren har inte fått veta att det kom."),
            _("Ring upp beställaren på numret i registret, och fråga om hen har beställt det här."),
        )


def _of_doubts(known: TicketContext) -> Iterator[Flag]:
    names = doubts_of(known.ticket)
    if names:
        yield Flag(
            _("Mejlet säger mer än det som är ifyllt: %(names)s.") % {"names": ", ".join(names)},
            _("Läs mejlet, och fråga beställaren vad som gäller. Rätta uppgifterna om de är fel."),
        )


def _of_verification(known: TicketContext) -> Iterator[Flag]:
    wrong = sum(entry.what == Entry.What.CODE_WRONG for entry in known.timeline)
    if wrong >= WRONG_CODES and not known.verified:
        yield Flag(
            _("Fel kod har lästs upp %(count)d gånger.") % {"count": wrong},
            _("Avsluta samtalet. Ring själv upp beställaren på numret i registret."),
        )


def _of_account(known: TicketContext, account: Account) -> Iterator[Flag]:
    asked = known.ticket.employee_name
    if asked and not names_agree(asked, account.name):
        yield Flag(
            _("I ärendet står ”%(asked)s”, men i katalogen heter %(username)s %(name)s.")
            % {"asked": asked, "username": account.username, "name": account.name or "–"},
            _("Fråga beställaren vem det gäller. Säg inte själv vad katalogen säger."),
        )
    if not known.ran_out and account.served:
        yield Flag(
            _("Lösenordet har inte gått ut."),
            _(
                "Den som minns sitt lösenord byter nummer själv på registreringssidan, och behöver inte det här. Fråga"
                " beställaren om lösenordet är glömt, och varför."
            ),
        )


def _of_number(known: TicketContext) -> Iterator[Flag]:
    ticket, phone = known.ticket, known.phone
    if phone and phone.number != ticket.new_number and lately(phone.confirmed_at):
        yield Flag(
            _("Kontots nummer ändrades nyligen: %(day)s.") % {"day": day(phone.confirmed_at)},
            _("Fråga beställaren varför det behövs ett nytt igen så snart."),
        )
    # Of no interest once another number is there, which is told of a link.
    if (phone is None or phone.on_hold) and (removed := known.removed):
        who = removed.agent.username if removed.agent else "–"
        words = {"day": day(removed.at), "who": who, "number": removed.reference}
        if removed.reference == ticket.number:
            text = _("%(who)s i helpdesk tog bort kontots nummer %(day)s, i det här ärendet.")
            read = _("Skälet står under Det har hänt.")
        else:
            text = _("%(who)s i helpdesk tog bort kontots nummer %(day)s, ärende %(number)s.")
            read = _("Läs det ärendet, och fråga din kollega.")
        silent = _("Det borttagna numret får inget meddelande om det nya, och kan inte stoppa det.")
        yield Flag(text % words, f"{read} {silent}")
    if known.orderer and ticket.new_number and known.orderer.mobile == ticket.new_number:
        yield Flag(
            _("Det nya numret är beställarens egen mobil."),
            _("Koderna ska gå till den som har kontot. Be om medarbetarens eget nummer."),
        )
    if known.elsewhere:
        yield Flag(
            _("Det nya numret finns redan på andra konton: %(names)s.") % {"names": ", ".join(known.elsewhere)},
            _("Fråga beställaren vems telefonen är, och om alla de kontona ska ha samma."),
        )


def _of_earlier(known: TicketContext) -> Iterator[Flag]:
    stopped = next((link for link in known.links if link.stopped_at), None)
    if stopped and stopped.stopped_at:
        same = stopped.number == known.ticket.new_number
        words = {"day": day(stopped.stopped_at), "number": stopped.reference}
        yield Flag(
            (
                _("Just det här numret kopplades i ärende %(number)s, och någon stoppade det (%(day)s).")
                if same
                else _("En tidigare koppling till kontot, i ärende %(number)s, stoppades (%(day)s).")
            )
            % words,
            _("Läs det ärendet först. Ring upp beställaren på numret i registret, även om koden stämmer."),
        )
    count = sum(other.account == known.account_id and lately(other.created_at) for other in known.earlier)
    if known.account_id and count:
        yield Flag(
            ngettext(
                "Det har kommit %(count)d annat ärende om kontot de senaste %(days)d dagarna.",
                "Det har kommit %(count)d andra ärenden om kontot de senaste %(days)d dagarna.",
                count,
            )
            % {"count": count, "days": LATELY.days},
            _("Läs längst ned på sidan, och fråga beställaren varför det behövs igen."),
        )


def _of_recipients(known: TicketContext) -> Iterator[Flag]:
    usual = {address.rpartition("@")[2].lower() for address in known.company.recipients} if known.company else set()
    if known.orderer:
        usual.add(known.orderer.email.rpartition("@")[2].lower())
    strange = [address for address in known.new_recipients if address.rpartition("@")[2].lower() not in usual]
    if strange:
        yield Flag(
            _("Adressen ligger på en annan domän än företagets andra: %(names)s.") % {"names": ", ".join(strange)},
            _("Fråga beställaren vems adressen är, och om mejl om personalen ska gå dit."),
        )
    if known.bounced:
        yield Flag(
            _("Mejl till adressen har studsat: %(names)s.") % {"names": ", ".join(known.bounced)},
            _("Be beställaren kontrollera hur adressen stavas."),
        )
