"""Facts about a ticket, line by line, and whether each is as it should be."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.directory import Account, Expiry
from accounts.models import PhoneLink, numbers
from accounts.phones.standing import password_standing
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets import recipients
from helpdesk.tickets.evidence.context import Kind, TicketContext, day, lately
from idportal import clock
from idportal.text import names_agree


class Fact(NamedTuple):
    """``good``: whether the value is as it should be; None: it may be either way."""

    label: str
    value: str
    good: bool | None = None


def about_requester(context: TicketContext) -> Iterator[Fact]:
    person_asks = context.ticket.source != Ticket.Source.PORTAL and not context.by_program
    if person_asks:
        yield _orderer(context)
    if context.orderer:
        mobile, email = numbers.shown(context.orderer.mobile), context.orderer.email
        yield _contact(context, "mobile", _("Mobil i registret"), mobile)
        yield _contact(context, "email", _("E-post i registret"), email)
    yield Fact(_("Inkom via"), context.ticket.get_source_display())
    if context.mail and not context.mail.blanked_at:
        yield _sender(context, context.mail)
    if person_asks:
        yield _verification(context)


def _orderer(context: TicketContext) -> Fact:
    orderer, company, since = context.orderer, context.company, context.entitled_since
    words = {
        "name": orderer.name if orderer else context.ticket.orderer_name or _("Okänd"),
        "company": company.name if company else context.ticket.company_name,
        "since": f"{since:%Y-%m-%d}" if since else "",
    }
    if orderer is None:
        text = _("%(name)s finns inte i registret")
    elif company is None:
        text = _("%(name)s, men ärendet hör inte till något företag i registret")
    elif not orderer.active:
        text = _("%(name)s är inte längre aktiv som beställare")
    elif not context.orderer_belongs:
        text = _("%(name)s är inte beställare för %(company)s")
    elif not company.active:
        text = _("%(name)s, men %(company)s är inte aktivt i registret")
    elif since:
        text = _("%(name)s är behörig för %(company)s sedan %(since)s")
    else:
        text = _("%(name)s är behörig för %(company)s")
    return Fact(_("Beställare"), text % words, good=context.entitled)


def _sender(context: TicketContext, mail: IncomingMail) -> Fact:
    """The sender that the mail claims, and what the claim is worth (security.md M1)."""
    words = {"address": mail.sender or _("okänd")}
    if mail.verified and context.from_orderer:
        return Fact(_("Avsändare"), _("%(address)s: registrerad beställare, intygad av mejlservern") % words, good=True)
    if mail.verified:
        text = _("%(address)s: intygad av mejlservern, men inte adressen till beställaren i ärendet")
    else:
        text = _("%(address)s: inte kontrollerad. Avsändaren kan vara vem som helst")
    return Fact(_("Avsändare"), text % words, good=False)


def _contact(context: TicketContext, field: str, label: str, value: str) -> Fact:
    change = context.last_change(field)
    if change is None:
        return Fact(label, value)
    # None for a change from a shell.
    who = change.history_user
    words = {"value": value, "day": day(change.history_date), "who": who and who.username}
    text = _("%(value)s (ändrat %(day)s, av %(who)s)") if who else _("%(value)s (ändrat %(day)s)")
    return Fact(label, text % words, good=False if lately(change.history_date) else None)


def _verification(context: TicketContext) -> Fact:
    label = _("Kontrollerad")
    done = context.verifications[0] if context.verifications else None
    if done and done.done_at:
        words = {
            "how": done.get_how_display(),
            "who": done.agent.username if done.agent else "–",
            "when": clock.stamp(done.done_at),
        }
        return Fact(label, _("Ja: %(how)s (%(who)s, %(when)s)") % words, good=True)
    if context.ticket.source == Ticket.Source.PAGES:
        if context.ticket.changed_at:
            return Fact(label, _("Nej. Helpdesk har rättat det som skickades."), good=False)
        return Fact(label, _("Nej. Var inloggad när ärendet skickades."))
    return Fact(label, _("Inte än"))


def about_account(context: TicketContext) -> Iterator[Fact]:
    ticket, account = context.ticket, context.account
    if not ticket.employee_username:
        return
    label = _("Användarnamn")
    if context.directory_down:
        yield Fact(label, _("%(username)s (katalogen svarar inte)") % {"username": ticket.employee_username})
        return
    if account is None:
        words = {"username": ticket.employee_username}
        yield Fact(label, _("%(username)s finns inte i katalogen") % words, good=False)
        return
    yield Fact(label, account.username, good=not ticket.account or account.id == ticket.account)
    same = names_agree(ticket.employee_name, account.name) if ticket.employee_name else None
    yield Fact(_("Namn i katalogen"), account.name or "–", good=same)
    company = context.directory_company
    good = company == context.company if context.company else None
    yield Fact(_("Företag i katalogen"), company.name if company else account.company or _("inget"), good=good)
    yield Fact(_("Lösenord"), _password(account))
    yield _state(account)


def _password(account: Account) -> str:
    if not isinstance(account.expires, datetime):
        must_change = account.expires is Expiry.MUST_CHANGE
        return _("Måste bytas vid nästa inloggning") if must_change else _("Går aldrig ut")
    password = password_standing(account.expires, timezone.now())
    if not password.works:
        return _("Har gått ut: %(day)s") % {"day": day(account.expires)}
    left = ngettext("%(count)d dag kvar", "%(count)d dagar kvar", password.days_left or 0)
    words = {"day": str(password.expires_on), "left": left % {"count": password.days_left}}
    return _("Går ut %(day)s, %(left)s") % words


def _state(account: Account) -> Fact:
    found = []
    if not account.enabled:
        found.append(_("avstängt"))
    if account.protected:
        found.append(_("skyddat"))
    if account.locked:
        found.append(_("låst efter för många fel lösenord"))
    text = ", ".join(found) or _("aktivt")
    return Fact(_("Kontot är"), text, good=None if account.locked and account.served else account.served)


def about_number(context: TicketContext) -> Iterator[Fact]:
    """About the number, and of the numbers only the new one is ever shown; or about the recipients."""
    if context.ticket.kind == Kind.RECIPIENTS:
        has = context.company.recipients if context.company else []
        yield Fact(_("Mottagare i dag"), ", ".join(has) or _("ingen"))
        yield Fact(_("Nya adresser"), ", ".join(context.new_recipients) or _("ingen"))
        waiting = recipients.waiting(context.company) if context.company else []
        if waiting:
            yield Fact(_("Väntar på bekräftelse"), ", ".join(each.address for each in waiting))
        return
    if context.account_id:
        yield _on_file(context)
    if context.ticket.new_number:
        elsewhere = ", ".join(context.other_usernames) or _("inget annat konto")
        yield Fact(_("Nya numret finns på"), elsewhere, good=not context.other_usernames)
    if linked := [_link(link) for link in context.earlier_links if not link.by_owner]:
        yield Fact(_("Kopplat av helpdesk förut"), "; ".join(linked))
    if changed := [_link(link) for link in context.earlier_links if link.by_owner]:
        yield Fact(_("Bytt av medarbetaren själv förut"), "; ".join(changed))


def _on_file(context: TicketContext) -> Fact:
    label, phone = _("Registrerat nummer"), context.phone
    if phone is None:
        return Fact(label, _("nej"))
    words = {"day": f"{timezone.localdate(phone.confirmed_at):%Y-%m-%d}"}
    linked = phone.usable_from and not any(
        link.by_owner and link.usable_from == phone.usable_from for link in context.earlier_links
    )
    text = _("ja, kopplat av helpdesk %(day)s") if linked else _("ja, sedan %(day)s")
    return Fact(label, text % words, good=False if lately(phone.confirmed_at) else None)


def _link(link: PhoneLink) -> str:
    words = {"day": f"{timezone.localdate(link.made_at):%Y-%m-%d}", "number": link.reference}
    if link.by_owner:
        return (_("%(day)s, stoppat") if link.stopped_at else "%(day)s") % words
    return (_("%(day)s i ärende %(number)s, stoppat") if link.stopped_at else _("%(day)s i ärende %(number)s")) % words
