"""The demo's own page: the accounts to try, a mail to the helpdesk, the telephone and the mailbox of what arrives."""

from __future__ import annotations

import io
from pathlib import Path

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.core.management import CommandError, call_command
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from deploy.local import mailbox, post
from deploy.local.cast import CARIN, CAST, EVA, PER


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """Everything that the demo's visitor needs to know. Passwords and codes: nowhere but in the demo.

    What is posted is a mail to the helpdesk, which is fetched at once.
    """
    form = post.MailForm(request.POST or None)
    if form.is_valid():
        try:
            post.deliver(post.compose(**form.cleaned_data))
        except post.NotDelivered:
            form.add_error(None, gettext("Helpdesks brevlåda svarar inte. Vänta en stund och skicka igen."))
        else:
            messages.info(request, _fetched())
            return redirect("demo")
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
        "form": form,
        "sms": mailbox.messages(folder / "sms"),
        "mails": mailbox.mails(folder / "mail"),
    }
    return render(request, "demo/index.html", context)


def _fetched() -> str:
    """Empty the helpdesk's mailbox into its queue, as beat would within a minute; returns what to say of it."""
    try:
        call_command("fetch_helpdesk_mail", stdout=io.StringIO())
    except CommandError:
        return gettext("Mejlet ligger i helpdesks brevlåda, men kunde inte hämtas till kön än.")
    return gettext("Mejlet har kommit fram till helpdesk. Logga in som handläggare och se det i kön.")


@require_safe
@never_cache
@csp_replace({"style-src": ["'unsafe-inline'"], "script-src": ["'none'"]})  # type: ignore[arg-type]  # one argument more
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """A mail as a mail program shows it: programs know no style sheets but those within the mail."""
    found = [one for one in mailbox.mails(Path(settings.DEMO_FOLDER) / "mail") if one.name == name]
    if not found or not found[0].html:
        raise Http404
    return HttpResponse(found[0].html)
