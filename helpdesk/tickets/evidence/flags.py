"""Flags: what is odd about a ticket, and what to do about it. The agent decides; only ``blockers`` stop an approval."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.directory import Account
from accounts.phones.standing import password_standing
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets.evidence.context import LATELY, Kind, TicketContext, day, lately
from helpdesk.tickets.evidence.levels import Flag, Odd, gravest_first
from helpdesk.tickets.letters.missing import in_words
from idportal.text import names_agree

WRONG_CODES = 2  # one is a slip of the tongue


def find(context: TicketContext) -> list[Flag]:
    """The gravest first."""
    return gravest_first(_all(context))


def _all(context: TicketContext) -> Iterator[Flag]:
    yield from _of_requester(context)
    yield from _of_verification(context)
    if context.ticket.kind == Kind.PHONE:
        if context.account:
            yield from _of_account(context, context.account)
        yield from _of_number(context)
        yield from _of_earlier(context)
    if context.ticket.kind == Kind.RECIPIENTS:
        yield from _of_recipients(context)


def _of_requester(context: TicketContext) -> Iterator[Flag]:
    if context.ticket.source == Ticket.Source.PORTAL:
        return  # a ticket of the portal's own says itself what to do
    if context.mail and context.orderer:
        yield from _of_mail(context, context.mail)
    yield from _of_correction(context)
    if names := in_words(context.ticket.doubts):
        yield Flag(
            Odd.DOUBTS,
            _("Mejlet säger mer än det som är ifyllt: %(names)s.") % {"names": ", ".join(names)},
            _("Läs mejlet, och fråga beställaren vad som gäller. Rätta uppgifterna om de är fel."),
        )
    if changed_at := context.recent_change("mobile"):
        yield Flag(
            Odd.NEW_MOBILE,
            _("Beställarens mobil i registret ändrades %(day)s.") % {"day": day(changed_at)},
            _("Lita inte på en kod dit än. Fråga den administratör som ändrade den, eller någon annan på företaget."),
        )
    if changed_at := context.recent_change("email"):
        yield Flag(
            Odd.NEW_ADDRESS,
            _("Beställarens e-postadress i registret ändrades %(day)s.") % {"day": day(changed_at)},
            _("Fråga den administratör som ändrade den, eller någon annan på företaget, om det stämmer."),
        )
    since = context.entitled_since
    if context.entitled and since and timezone.localdate() - since < LATELY:
        yield Flag(
            Odd.NEW_ORDERER,
            _("Beställaren är ny: behörig för företaget först sedan %(day)s.") % {"day": f"{since:%Y-%m-%d}"},
            _("Fråga en administratör vem på företaget som anmälde beställaren."),
        )


def _of_mail(context: TicketContext, mail: IncomingMail) -> Iterator[Flag]:
    if mail.forged:
        yield Flag(
            Odd.FORGED_SENDER,
            _("Kommunens mejlserver säger att mejlet inte kommer från den adress som står som avsändare."),
            _("Ring upp beställaren på numret i registret, och fråga om hen har mejlat."),
        )
    elif not mail.verified and (context.from_orderer or mail.blanked_at):
        yield Flag(
            Odd.UNVERIFIED_SENDER,
            _("Avsändaren är inte kontrollerad: mejlet kan vara från vem som helst."),
            _("Kontrollera beställaren med en kod eller ett samtal, även om mejlet ser rätt ut."),
        )
    if not context.from_orderer and not mail.blanked_at:
        yield Flag(
            Odd.OTHER_SENDER,
            _("Mejlet kom från %(address)s, som inte är beställarens adress i registret.")
            % {"address": mail.sender or _("en okänd adress")},
            _("Vem som helst kan skriva beställarens namn. Ring upp beställaren på numret i registret."),
        )
    # An orderer whom an agent has chosen since got a mail.
    if mail.automatic and context.ticket.kind != Kind.OTHER and context.ticket.changed_at is None:
        yield Flag(
            Odd.BY_PROGRAM,
            _("Ett program har skrivit mejlet, så beställaren har inte fått veta att det kom."),
            _("Ring upp beställaren på numret i registret, och fråga om hen har beställt det här."),
        )


def _of_correction(context: TicketContext) -> Iterator[Flag]:
    """Of what an orderer wrote. Of a mail, the words stand beside what was made of them."""
    changed_at = context.ticket.changed_at
    if changed_at and context.ticket.source == Ticket.Source.PAGES:
        yield Flag(
            Odd.CORRECTED,
            _("Helpdesk rättade %(day)s det som beställaren skickade.") % {"day": day(changed_at)},
            _("Läs vad som ändrades under Det har hänt. Beställaren ska stå bakom de nya uppgifterna."),
        )


def _of_verification(context: TicketContext) -> Iterator[Flag]:
    if context.wrong_codes >= WRONG_CODES and not context.verifications:
        yield Flag(
            Odd.WRONG_CODES,
            _("Fel kod har lästs upp %(count)d gånger.") % {"count": context.wrong_codes},
            _("Avsluta samtalet. Ring själv upp beställaren på numret i registret."),
        )


def _of_account(context: TicketContext, account: Account) -> Iterator[Flag]:
    asked = context.ticket.employee_name
    if asked and not names_agree(asked, account.name):
        yield Flag(
            Odd.OTHER_NAME,
            _("I ärendet står ”%(asked)s”, men i katalogen heter %(username)s %(name)s.")
            % {"asked": asked, "username": account.username, "name": account.name or "–"},
            _("Fråga beställaren vem det gäller. Avslöja inte vad som står i katalogen."),
        )
    # Who has been stopped from the old number can't register one (G7): a link is the only way.
    blocked = any(link.blocks for link in context.earlier_links)
    if password_standing(account.expires, timezone.now()).works and account.served and not blocked:
        yield Flag(
            Odd.PASSWORD_WORKS,
            _("Lösenordet har inte gått ut."),
            _(
                "Den som minns sitt lösenord byter nummer själv på registreringssidan, och behöver inte det här. Fråga"
                " beställaren om lösenordet är glömt, och varför."
            ),
        )


def _of_number(context: TicketContext) -> Iterator[Flag]:
    ticket, phone = context.ticket, context.phone
    if phone and phone.number != ticket.new_number and lately(phone.confirmed_at):
        yield Flag(
            Odd.NUMBER_CHANGED,
            _("Kontots nummer ändrades nyligen: %(day)s.") % {"day": day(phone.confirmed_at)},
            _("Fråga beställaren varför det behövs ett nytt igen så snart."),
        )
    # No matter once the account has another number, which gets a notice of the link.
    if (phone is None or phone.on_hold) and (removed := context.recent_removal):
        who = removed.agent.username if removed.agent else "–"
        words = {"day": day(removed.at), "who": who, "number": removed.reference}
        if removed.reference == ticket.number:
            text = _("%(who)s i helpdesk tog bort kontots nummer %(day)s, i det här ärendet.")
            read = _("Skälet står under Det har hänt.")
        else:
            text = _("%(who)s i helpdesk tog bort kontots nummer %(day)s, ärende %(number)s.")
            read = _("Läs det ärendet, och fråga din kollega.")
        silent = _("Det borttagna numret får veta det, men kan inte stoppa det.")
        yield Flag(Odd.NUMBER_REMOVED, text % words, f"{read} {silent}")
    if context.orderer and ticket.new_number and context.orderer.mobile == ticket.new_number:
        yield Flag(
            Odd.ORDERERS_MOBILE,
            _("Det nya numret är beställarens egen mobil."),
            _("Koderna ska gå till medarbetaren. Be om medarbetarens eget nummer."),
        )
    if context.other_usernames:
        yield Flag(
            Odd.SHARED_NUMBER,
            _("Det nya numret finns redan på andra konton: %(names)s.") % {"names": ", ".join(context.other_usernames)},
            _("Fråga beställaren vems telefonen är, och om alla de kontona ska ha samma."),
        )


def _of_earlier(context: TicketContext) -> Iterator[Flag]:
    stopped = next((link for link in context.earlier_links if link.stopped_at), None)
    if stopped and stopped.stopped_at:
        same = stopped.number == context.ticket.new_number
        words = {"day": day(stopped.stopped_at), "number": stopped.reference}
        if stopped.by_owner:
            text = _("Medarbetarens eget byte av nummer stoppades (%(day)s).")
        elif same:
            text = _("Just det här numret kopplades i ärende %(number)s, och någon stoppade det (%(day)s).")
        else:
            text = _("En tidigare koppling till kontot, i ärende %(number)s, stoppades (%(day)s).")
        yield Flag(
            Odd.STOPPED_BEFORE,
            text % words,
            _("Läs ärendet om stoppet först. Ring upp beställaren på numret i registret, även om koden stämmer.")
            if stopped.by_owner
            else _("Läs det ärendet först. Ring upp beställaren på numret i registret, även om koden stämmer."),
        )
    if count := context.asked_lately:
        yield Flag(
            Odd.ASKED_BEFORE,
            ngettext(
                "Det har kommit %(count)d annat ärende om kontot de senaste %(days)d dagarna.",
                "Det har kommit %(count)d andra ärenden om kontot de senaste %(days)d dagarna.",
                count,
            )
            % {"count": count, "days": LATELY.days},
            _("Läs längst ned på sidan, och fråga beställaren varför det behövs igen."),
        )


def _of_recipients(context: TicketContext) -> Iterator[Flag]:
    usual = {address.rpartition("@")[2].lower() for address in context.company.recipients} if context.company else set()
    if context.orderer:
        usual.add(context.orderer.email.rpartition("@")[2].lower())
    strange = [address for address in context.new_recipients if address.rpartition("@")[2].lower() not in usual]
    if strange:
        yield Flag(
            Odd.OTHER_DOMAIN,
            _("Adressen ligger på en annan domän än företagets andra: %(names)s.") % {"names": ", ".join(strange)},
            _("Fråga beställaren vems adressen är, och om mejl om medarbetarna ska gå dit."),
        )
    if names := ", ".join(context.bounced):
        yield Flag(
            Odd.BOUNCED,
            _("Mejl till adressen har studsat: %(names)s.") % {"names": names},
            _("Be beställaren kontrollera hur adressen stavas."),
        )
