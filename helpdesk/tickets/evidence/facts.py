"""What is known, line by line: how it stands, and whether that is as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import numbers
from accounts.directory import Account, Expiry
from accounts.models import PhoneLink
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets.evidence.context import Kind, TicketContext, day, lately
from helpdesk.tickets.evidence.parts import Fact
from helpdesk.tickets.name_match import names_agree


def of_requester(known: TicketContext) -> Iterator[Fact]:
    somebody_asks = known.ticket.source != Ticket.Source.PORTAL and not known.by_program
    if somebody_asks:
        yield _standing(known)
    if known.orderer:
        mobile, email = numbers.shown(known.orderer.mobile), known.orderer.email
        yield _since_changed(known, "mobile", _("Mobil i registret"), mobile)
        yield _since_changed(known, "email", _("E-post i registret"), email)
    yield Fact(_("Kom in genom"), known.ticket.get_source_display())
    if known.mail and not known.mail.blanked_at:
        yield _sender(known, known.mail)
    if somebody_asks:
        yield _verification(known)


def _standing(known: TicketContext) -> Fact:
    orderer, company, since = known.orderer, known.company, known.entitled_since
    words = {
        "name": orderer.name if orderer else known.ticket.orderer_name or _("Okänd"),
        "company": company.name if company else known.ticket.company_name,
        "since": f"{since:%Y-%m-%d}" if since else "",
    }
    if orderer is None:
        text = _("%(name)s finns inte i registret")
    elif company is None:
        text = _("%(name)s, men ärendet hör inte till något företag i registret")
    elif not orderer.active:
        text = _("%(name)s är inte längre aktiv som beställare")
    elif not known.belongs:
        text = _("%(name)s är inte beställare för %(company)s")
    elif not company.active:
        text = _("%(name)s, men %(company)s är inte aktivt i registret")
    elif since:
        text = _("%(name)s är behörig för %(company)s sedan %(since)s")
    else:
        text = _("%(name)s är behörig för %(company)s")
    return Fact(_("Beställare"), text % words, good=known.entitled)


def _sender(known: TicketContext, mail: IncomingMail) -> Fact:
    """Who the mail says that it is from, and what that is worth (security.md M1)."""
    words = {"address": mail.sender or _("okänd")}
    if mail.verified and known.from_orderer:
        return Fact(_("Avsändare"), _("%(address)s: registrerad beställare, intygad av mejlservern") % words, good=True)
    if mail.verified:
        text = _("%(address)s: intygad av mejlservern, men inte adressen till beställaren i ärendet")
    else:
        text = _("%(address)s: inte kontrollerad. Avsändaren kan vara vem som helst")
    return Fact(_("Avsändare"), text % words, good=False)


def _since_changed(known: TicketContext, field: str, label: str, value: str) -> Fact:
    change = known.changed(field)
    if change is None:
        return Fact(label, value)
    words = {"value": value, "day": day(change.at), "who": change.who}
    text = _("%(value)s (ändrat %(day)s, av %(who)s)") if change.who else _("%(value)s (ändrat %(day)s)")
    return Fact(label, text % words, good=False if lately(change.at) else None)


def _verification(known: TicketContext) -> Fact:
    label = _("Kontrollerad")
    done = known.verified[0] if known.verified else None
    if done and done.done_at:
        words = {
            "how": done.get_how_display(),
            "who": done.agent.username if done.agent else "–",
            "when": f"{timezone.localtime(done.done_at):%Y-%m-%d %H:%M}",
        }
        return Fact(label, _("Ja: %(how)s (%(who)s, %(when)s)") % words, good=True)
    if known.ticket.source == Ticket.Source.PAGES:
        return Fact(label, _("Var inloggad med länk och kod när ärendet skickades"))
    return Fact(label, _("Inte än"))


def of_account(known: TicketContext, down: bool) -> Iterator[Fact]:
    ticket, account = known.ticket, known.account
    if not ticket.employee_username:
        return
    label = _("Användarnamn")
    if down:
        yield Fact(label, _("%(username)s (katalogen svarar inte)") % {"username": ticket.employee_username})
        return
    if account is None:
        words = {"username": ticket.employee_username}
        yield Fact(label, _("%(username)s finns inte i katalogen") % words, good=False)
        return
    yield Fact(label, account.username, good=not ticket.account or account.id == ticket.account)
    yield Fact(_("Namn i katalogen"), account.name or "–", good=_same_name(ticket.employee_name, account.name))
    yield _company(known, account)
    yield Fact(_("Lösenord"), password(account.expires))
    yield _state(account)


def _same_name(asked: str, is_called: str) -> bool | None:
    """None: no name was said."""
    return names_agree(asked, is_called) if asked else None


def _company(known: TicketContext, account: Account) -> Fact:
    name = known.home.name if known.home else account.company or _("inget")
    good = known.home == known.company if known.company else None
    return Fact(_("Företag i katalogen"), name, good=good)


def password(expires: datetime | Expiry) -> str:
    """Calendar days in Stockholm."""
    if expires is Expiry.NEVER:
        return _("Går aldrig ut")
    if not isinstance(expires, datetime):
        return _("Måste bytas vid nästa inloggning")
    if expires <= timezone.now():
        return _("Har gått ut: %(day)s") % {"day": day(expires)}
    on = timezone.localdate(expires)
    days = (on - timezone.localdate()).days
    left = ngettext("%(count)d dag kvar", "%(count)d dagar kvar", days) % {"count": days}
    return _("Går ut %(day)s, %(left)s") % {"day": f"{on:%Y-%m-%d}", "left": left}


def _state(account: Account) -> Fact:
    found = []
    if not account.enabled:
        found.append(_("avstängt"))
    if account.protected:
        found.append(_("skyddat"))
    if account.locked:
        found.append(_("låst efter för många fel lösenord"))
    text = ", ".join(found) or _("öppet")
    return Fact(_("Kontot är"), text, good=None if account.locked and account.served else account.served)


def of_number(known: TicketContext) -> Iterator[Fact]:
    """Of the numbers, which are never shown but for the new one; of recipients, if it is about those."""
    if known.ticket.kind == Kind.RECIPIENTS:
        yield from _recipients(known)
        return
    if known.account_id:
        yield _on_file(known)
    if known.ticket.new_number:
        elsewhere = ", ".join(known.elsewhere) or _("inget annat konto")
        yield Fact(_("Nya numret finns på"), elsewhere, good=not known.elsewhere)
    if known.links:
        yield Fact(_("Kopplat av helpdesk förut"), "; ".join(_link(link) for link in known.links))


def _on_file(known: TicketContext) -> Fact:
    label, phone = _("Nummer i dag"), known.phone
    if phone is None:
        return Fact(label, _("Inget är registrerat"))
    words = {"day": day(phone.confirmed_at)}
    text = _("Ett är kopplat av helpdesk, %(day)s") if phone.usable_from else _("Ett är registrerat, %(day)s")
    return Fact(label, text % words, good=False if lately(phone.confirmed_at) else None)


def _link(link: PhoneLink) -> str:
    words = {"day": f"{timezone.localdate(link.made_at):%Y-%m-%d}", "number": link.reference}
    return (_("%(day)s i ärende %(number)s, stoppat") if link.stopped_at else _("%(day)s i ärende %(number)s")) % words


def _recipients(known: TicketContext) -> Iterator[Fact]:
    has = known.company.recipients if known.company else []
    yield Fact(_("Mottagare i dag"), ", ".join(has) or _("ingen"))
    yield Fact(_("Nya adresser"), ", ".join(known.new_recipients) or _("ingen"))
    if known.waiting:
        yield Fact(_("Väntar på bekräftelse"), ", ".join(known.waiting))
