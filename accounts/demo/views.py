"""The demo's own page: the accounts to try, and the telephone and the mailbox in which messages arrive."""

from __future__ import annotations

from pathlib import Path

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.demo import mailbox
from accounts.demo.cast import CARIN, CAST, EVA, PER


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """Everything that the demo's visitor needs to know. Passwords and codes: nowhere but in the demo."""
    if not settings.DEMO:
        raise Http404
    folder = Path(settings.DEMO_FOLDER)
    cast = [
        {
            "name": person.name,
            "username": person.username,
            "password": person.password,
            "state": gettext(person.state),
            "company": person.company,
        }
        for person in CAST
    ]
    context = {
        "cast": cast,
        "orderer": CARIN,
        "agent": PER,
        "administrator": EVA,
        "messages": mailbox.messages(folder / "sms"),
        "mails": mailbox.mails(folder / "mail"),
    }
    return render(request, "demo/index.html", context)


@require_safe
@never_cache
@csp_replace({"style-src": ["'unsafe-inline'"], "script-src": ["'none'"]})  # type: ignore[arg-type]  # one argument more
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """A mail as a mail program shows it: programs know no style sheets but those within the mail."""
    found = [one for one in mailbox.mails(Path(settings.DEMO_FOLDER) / "mail") if one.name == name]
    if not settings.DEMO or not found or not found[0].html:
        raise Http404
    return HttpResponse(found[0].html)
