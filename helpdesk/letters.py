"""What an orderer is told of a request by mail. All of it is queued in the caller's transaction.

In Swedish, whatever language the page has that set it off: it is somebody else's. No number stands in it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk.models import Request
from notifications import outbox
from notifications.letters import Link, letter
from notifications.models import Message
from notifications.names import LONGEST, inert

Kind, State, Source = Request.Kind, Request.State, Request.Source
Purpose = Message.Purpose

USEFUL = timedelta(days=3)  # a server that is down over a weekend


def opened(request: Request) -> None:
    """A receipt for what came from the orderer's own pages; for a call, that it was made in their name.

    Of what the portal opened itself nobody is told, nor whoever may not speak for the company (any more). What came by
    mail is answered by ``intake.answers``, which knows the mail.
    """
    if request.source in (Source.PORTAL, Source.MAIL):
        return
    with translation.override("sv"):
        words = _words(request)
        if request.source == Source.PAGES:
            subject = _("Ärende %(number)s har kommit in") % words
            paragraphs = [
                _("Vi har tagit emot ditt ärende till kommunens helpdesk. Det gäller %(what)s.") % words,
                _("Ärendet har nummer %(number)s. Uppge det om du kontaktar helpdesk.") % words,
                _("Du får ett mejl till när ärendet är avgjort."),
            ]
        else:
            subject = _("Ärende %(number)s har öppnats i ditt namn") % words
            paragraphs = [
                _("Någon har ringt kommunens helpdesk i ditt namn. Det gäller %(what)s.") % words,
                _("Ärendet har nummer %(number)s. Du får ett mejl till när det är avgjort.") % words,
            ]
        _send(request, Purpose.REQUEST_OPENED, subject, paragraphs, _was_it_you(words))


def mailed(request: Request, *, missing: Sequence[str], by_address: bool, key: str = "") -> None:
    """For what came by mail. ``by_address``: from the orderer's own address, so that this is the receipt.

    ``missing``: what the helpdesk could not read in it, in words. ``key``: beside the number, for a second one about
    the same request, to another orderer.
    """
    with translation.override("sv"):
        words = _words(request)
        about = [] if request.kind == Kind.OTHER else [_("Det gäller %(what)s.") % words]
        if by_address:
            subject = _("Ärende %(number)s har kommit in") % words
            paragraphs = [
                " ".join([_("Vi har tagit emot ditt mejl till kommunens helpdesk."), *about]),
                _("Ärendet har nummer %(number)s. Uppge det om du kontaktar helpdesk.") % words,
                *_what_is_missing(missing),
                *([] if request.kind == Kind.OTHER else [_how_it_goes_on()]),
                _("Du får ett mejl till när ärendet är avgjort."),
            ]
        else:
            subject = _("Ärende %(number)s har öppnats i ditt namn") % words
            paragraphs = [
                _("Någon har mejlat kommunens helpdesk i ditt namn, från en annan adress eller med en förfalskad."),
                _("Ärendet har nummer %(number)s. Du får ett mejl till när det är avgjort.") % words,
            ]
        after = _was_it_you(words)[1 if missing else 0 :]  # who is to answer is not told to do nothing
        _send(request, Purpose.REQUEST_OPENED, subject, paragraphs, after, key=key)


def _what_is_missing(fields: Sequence[str]) -> list[str]:
    words = _("Det här kunde vi inte läsa i mejlet: %(fields)s. Svara på det här mejlet och skriv det.")
    return [words % {"fields": ", ".join(fields)}] if fields else []


def _how_it_goes_on() -> str:
    return _(
        "En handläggare kontrollerar att det är du som frågar, med en kod till din mobil eller genom att ringa upp dig."
    )


def _was_it_you(words: dict[str, str]) -> list[str]:
    return [
        _("Om det var du behöver du inte göra något."),
        _("Om det inte var du försöker någon utge sig för att vara du. Kontakta genast %(helpdesk)s.") % words,
    ]


def decided(request: Request, why: str = "") -> None:
    """Approved and carried out, or rejected with the reason."""
    with translation.override("sv"):
        words = _words(request)
        if request.state == State.REJECTED:
            subject = _("Ärende %(number)s har avslagits") % words
            paragraphs = [
                _("Kommunens helpdesk har avslagit ärende %(number)s. Det gällde %(what)s.") % words,
                *([_("Skälet: %(why)s") % {"why": inert_text(why)}] if why.strip() else []),
            ]
        else:
            subject = _("Ärende %(number)s är godkänt och utfört") % words
            paragraphs = [
                _("Kommunens helpdesk har godkänt ärende %(number)s. Det gällde %(what)s.") % words,
                _outcome(request),
            ]
        after = [_("Om du undrar över något, kontakta %(helpdesk)s och uppge ärendets nummer.") % words]
        _send(request, Purpose.REQUEST_DECIDED, subject, paragraphs, after)


def inert_text(text: str) -> str:
    """As ``names.inert``, for some sentences: it cuts what is longer than a name."""
    lines = textwrap.wrap(" ".join(text.split()), LONGEST - 10, break_on_hyphens=False)
    return " ".join(inert(line) for line in lines)


def company_of(request: Request) -> str:
    """Its name, for a sentence in a mail."""
    return inert(request.company_name) or _("ett företag")


def _words(request: Request) -> dict[str, str]:
    return {"number": request.number, "helpdesk": settings.HELPDESK_EMAIL, "what": _what(request)}


def _what(request: Request) -> str:
    words = {"account": inert(request.staff_username), "company": company_of(request)}
    if request.kind == Kind.PHONE and not words["account"]:
        return _("ett nytt mobilnummer för en anställd på %(company)s") % words
    if request.kind == Kind.PHONE:
        return _("ett nytt mobilnummer för kontot %(account)s på %(company)s") % words
    if request.kind == Kind.RECIPIENTS:
        return _("vilka som får mejlen om lösenord som går ut för %(company)s") % words
    return _("ett annat ärende")


def _outcome(request: Request) -> str:
    if request.kind == Kind.PHONE:
        return _("Numret är kopplat till kontot. Den anställda har fått ett SMS om hur man går vidare.")
    if request.kind == Kind.OTHER:
        return _("Ärendet är klart.")
    if request.confirmations.exists():
        return _("Varje ny mottagare har fått ett mejl. En ny adress börjar gälla när den är bekräftad.")
    return _("Ändringen gäller från och med nu.")


def _send(
    request: Request,
    purpose: Message.Purpose,
    subject: str,
    paragraphs: Sequence[str],
    after: Sequence[str],
    *,
    key: str = "",
) -> None:
    if not request.orderer or not speaks_for_company(request):
        return
    mail = letter(
        purpose=purpose,
        to=request.orderer.email,
        subject=subject,
        paragraphs=paragraphs,
        link=Link(_("Visa mina ärenden"), f"{settings.PORTAL_URL}{reverse('orderer-requests')}"),
        after=after,
        useful=USEFUL,
        key=f"{purpose} {request.number} {key}".strip(),
        company=request.company,
        about=request.account,
    )
    outbox.queue([mail])


def speaks_for_company(request: Request) -> bool:
    """Whether the orderer is one now, and one of that company if the request names one."""
    orderer, company = request.orderer, request.company_id
    if orderer is None or not orderer.active:
        return False
    return company is None or orderer.companies.filter(pk=company, active=True).exists()
