"""The portal's addresses, and the demo's own page: accounts to try, a mail to the helpdesk, telephone and mailbox."""

import io
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.core.management import CommandError, call_command
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, re_path
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.defaults import page_not_found

from deploy.local import post, sites, start_codes
from deploy.local.cast import CARIN, CAST, EVA, PER
from idportal import urls

handler500 = urls.handler500


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """Everything that the demo's visitor needs to know. Passwords and codes: nowhere but in the demo.

    What is posted is a mail to the helpdesk, which is fetched at once, or a press for a new start code.
    """
    if username := request.POST.get("start_code"):
        if person := start_codes.renew(username):
            messages.info(request, gettext("%s har en ny startkod.") % person.name)
        return redirect("demo")
    form = post.MailForm(request.POST or None)
    if form.is_valid():
        try:
            post.deliver(post.compose(**form.cleaned_data))
        except post.FAILURES:
            form.add_error(None, gettext("Helpdesks brevlåda svarar inte. Vänta en stund och skicka igen."))
        else:
            messages.info(request, _fetched())
            return redirect("demo")
    folder = Path(settings.DEMO_FOLDER)
    context = {
        "cast": [(person, person in start_codes.STAFF, start_codes.shown(person)) for person in CAST],
        "orderer": CARIN,
        "agent": PER,
        "administrator": EVA,
        "form": form,
        "sms": post.messages(folder / "sms"),
        "mails": post.mails(folder / "mail"),
        "said": [(name, Path(value).name if name.endswith("_FILE") else value) for name, value in _said()],
        "sites": sites.names(),
    }
    return render(request, "demo/index.html", context)


def _said() -> list[tuple[str, str]]:
    """Whose portal the demo shows."""
    return [(name, getattr(settings, name)) for name in sites.SHOWN]


def _fetched() -> str:
    """Empty the helpdesk's mailbox into its queue, as beat would within a minute; returns what to say of it."""
    try:
        call_command("fetch_helpdesk_mail", stdout=io.StringIO())
    except CommandError:
        return gettext("Mejlet ligger i helpdesks brevlåda, men kunde inte hämtas till kön än.")
    return gettext("Mejlet har kommit fram till helpdesk. Logga in som handläggare och se det i kön.")


@require_safe
@never_cache
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """A mail as a mail program shows it: programs know no style sheets but those within the mail."""
    for one in post.mails(Path(settings.DEMO_FOLDER) / "mail"):
        if one.name == name and one.html:
            own = settings.CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'unsafe-inline'")
            policy = own.replace("script-src 'self'", "script-src 'none'")
            return HttpResponse(one.html, headers={"Content-Security-Policy": policy})
    raise Http404


def not_found(request: HttpRequest) -> HttpResponse:
    """The portal's 404 page, where DEBUG would show a programmer's."""
    return page_not_found(request, Http404())


urlpatterns = [
    path("demo/", index, name="demo"),
    path("demo/mejl/<str:name>/", mail, name="demo-mail"),
    *urls.urlpatterns,
    *([re_path("", not_found)] if settings.DEBUG else []),
]
