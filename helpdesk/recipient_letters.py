"""What recipients are told when a change is approved: the new ones are asked, those who leave learn of it (H6).

In Swedish, and queued in the caller's transaction, as ``letters`` is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk.letters import USEFUL, company_of
from helpdesk.models import Request
from notifications import outbox
from notifications.letters import Link, letter
from notifications.models import Message
from notifications.names import inert

Purpose = Message.Purpose


def confirm(request: Request, address: str, token: str, *, useful: timedelta) -> None:
    """Asks a new recipient. The link is in the letter alone."""
    with translation.override("sv"):
        words = _words(request)
        url = f"{settings.PORTAL_URL}{reverse('recipient-confirm')}?{urlencode({'nyckel': token})}"
        mail = letter(
            purpose=Purpose.CONFIRM_RECIPIENT,
            to=address,
            subject=_("Bekräfta att du ska få mejl om lösenord som går ut"),
            paragraphs=[
                _("%(who)s vill att du ska få kommunens mejl om lösenord som går ut för %(company)s.") % words,
                _(
                    "Mejlet kommer de dagar då någon i personalen snart måste byta lösenord. Där står vem det gäller "
                    "och hur många dagar som är kvar."
                ),
                _("Öppna länken och tryck på knappen där, så börjar mejlen komma. Länken gäller i 7 dagar."),
            ],
            link=Link(_("Bekräfta min adress"), url),
            after=[
                _("Om du inte vill ha mejlen, eller inte känner till företaget, behöver du inte göra något."),
                _("Om du undrar över något, kontakta %(helpdesk)s och uppge ärende %(number)s.") % words,
            ],
            useful=useful,
            company=request.company,
        )
        outbox.queue([mail])


def leaving(request: Request, addresses: Iterable[str], *, at_once: bool) -> None:
    """Tells those who are recipients no more, or won't be once a new one has confirmed. Each once for a request."""
    with translation.override("sv"):
        words = _words(request)
        when = (
            _("Du får inte mejlen längre.")
            if at_once
            else _("Du slutar få mejlen när en ny mottagare har bekräftat sin adress.")
        )
        outbox.queue(
            letter(
                purpose=Purpose.RECIPIENTS_CHANGED,
                to=address,
                subject=_("Du tas bort som mottagare av mejl om lösenord som går ut"),
                paragraphs=[
                    _(
                        "%(who)s har bett kommunens helpdesk att ändra vilka som får mejlen om lösenord som går ut för "
                        "%(company)s. Din adress är inte med i ändringen."
                    )
                    % words,
                    when,
                    _("Ärendet har nummer %(number)s.") % words,
                    _("Om det är fel, kontakta genast %(helpdesk)s och uppge ärendets nummer.") % words,
                ],
                useful=USEFUL,
                key=f"{Purpose.RECIPIENTS_CHANGED} {request.number} {outbox.receiver(Message.Kind.MAIL, address)}",
                company=request.company,
            )
            for address in addresses
        )


def _words(request: Request) -> dict[str, str]:
    return {
        "who": inert(request.orderer_name) or _("Företagets beställare"),
        "company": company_of(request),
        "number": request.number,
        "helpdesk": settings.HELPDESK_EMAIL,
    }
