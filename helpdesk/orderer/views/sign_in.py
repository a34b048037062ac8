"""/bestallare/logga-in/: address, code or link by mail, code by SMS. And the choice of a company, and logging out."""

from collections.abc import Callable

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import audit, codes, limits, sessions
from accounts.forms import AddressField, CodeForm
from accounts.models import Challenge, Company, Event, Orderer, Purpose
from accounts.sessions import browsers
from accounts.throttling import by_address, known_browsers
from helpdesk.orderer import sessions as orderer_sessions
from helpdesk.orderer import sign_in
from helpdesk.orderer.forms import MailedCodeForm
from helpdesk.orderer.sessions import orderer_of_any_company


class AddressForm(forms.Form):
    email = AddressField(
        label=_("E-postadress"),
        missing=_("Skriv din e-postadress, till exempel namn@exempel.se."),
        autocomplete="email",
    )


@sensitive_post_parameters("email")
@by_address.form_page
def start(request: HttpRequest) -> HttpResponse:
    """Step 1: the address. The answer is the same for every address (E1)."""
    form = AddressForm(request.POST or None)
    if form.is_valid():
        language, address, email = get_language() or "sv", request.META["REMOTE_ADDR"], form.cleaned_data["email"]
        if page := by_address.over_names(request, by_address.LINK_NAMES, email):
            return page
        link = sign_in.ask(email, language=language, address=address, presented=browsers.presented(request))
        orderer_sessions.note_link(request, link)
        return redirect("orderer-mailed-code")
    # "ut": logged out; "igen": it took too long; "borta": the page saw the session end; "slut": access has ended.
    again = next((why for why in ("ut", "igen", "borta", "slut") if why in request.GET), "")
    if orderer_sessions.signed_in(request):
        again = ""  # another tab kept the session alive
    return render(request, "helpdesk/orderer_login.html", {"form": form, "again": again})


@sensitive_post_parameters("code")
@by_address.form_page
def mailed_code(request: HttpRequest) -> HttpResponse:
    """Step 2: the code in the mail. Page and answer are the same for every address (E1)."""
    if not orderer_sessions.links(request) and _under_way(request):  # the link was used in another tab
        return redirect("orderer-code")
    if not orderer_sessions.has_asked(request):
        return redirect("orderer-login")
    form = MailedCodeForm(request.POST or None)
    if form.is_valid():
        if page := _used(request, sign_in.enter_mailed, form.cleaned_data["code"]):
            return page
        form.refuse()
    return render(request, "helpdesk/orderer_mailed_code.html", {"form": form})


@sensitive_post_parameters("nyckel")
@by_address.form_page
def link(request: HttpRequest) -> HttpResponse:
    """Step 2 by the link in the mail: it leads to a button, so that a mail filter that opens links uses none up.

    The page does not say whether the link is valid, only whether this browser asked for one.
    """
    here = orderer_sessions.has_asked(request)
    if request.method == "POST" and here and (page := _used(request, sign_in.press, request.POST.get("nyckel", ""))):
        return page
    context = {"here": here, "refused": request.method == "POST", "token": request.GET.get("nyckel", "")}
    return render(request, "helpdesk/orderer_link.html", context)


def _used(request: HttpRequest, use: Callable[..., sign_in.Used | None], secret: str) -> HttpResponse | None:
    """The way to the code by SMS, if the link or the code of one of this session's mails was used up; else None."""
    language, address = get_language() or "sv", request.META["REMOTE_ADDR"]
    links, presented = orderer_sessions.links(request), browsers.presented(request)
    used = use(links, secret, language=language, address=address, presented=presented)
    if used is None:
        return None
    orderer_sessions.begin_code(request, *used)
    return redirect("orderer-code")


def _under_way(request: HttpRequest) -> Challenge | None:
    """The challenge whose code this session waits for, if its link was used a short while ago."""
    challenge = sessions.challenge_of(request, Purpose.SIGN_IN)
    if challenge is None or challenge.orderer_id is None:
        return None
    return challenge if sign_in.is_fresh(orderer_sessions.pressed(request)) else None


def _begin_again(request: HttpRequest) -> HttpResponse:
    late = orderer_sessions.pressed(request) is not None
    return redirect(f"{reverse('orderer-login')}{'?igen' if late else ''}")


@sensitive_post_parameters("code")
@by_address.form_page
def code(request: HttpRequest) -> HttpResponse:
    """Step 3: the code by SMS."""
    challenge = _under_way(request)
    if challenge is None:
        return _begin_again(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        orderer = sign_in.enter(challenge.pk, form.cleaned_data["code"], request.META["REMOTE_ADDR"])
        if orderer:
            orderer_sessions.log_in(request, orderer)
            browsers.remember(request, known_browsers.orderer_id(orderer.pk))
            companies = orderer_sessions.companies_of(orderer)
            return redirect("orderer-employees" if orderer_sessions.chosen(request, companies) else "orderer-company")
        form.refuse()
    context = {
        "form": form,
        "resend_in": codes.resend_in(challenge),
        "word": sessions.pop_flash(request),
        "withheld": codes.why_withheld(challenge),
        "codes_a_day": max(most for most, _seconds in limits.SENDS),
    }
    return render(request, "helpdesk/orderer_code.html", context)


@require_POST
@by_address.posts_by_address
def code_again(request: HttpRequest) -> HttpResponse:
    """Sends another code, unless the last one was sent a moment ago."""
    challenge = _under_way(request)
    if challenge is None:
        return _begin_again(request)
    sessions.ask_again(request, challenge)
    return redirect("orderer-code")


@by_address.form_page
@orderer_of_any_company
def company(request: HttpRequest, orderer: Orderer, companies: list[Company]) -> HttpResponse:
    """The orderer chooses one of their own companies (H5)."""
    if request.method == "POST":
        wanted = next((own for own in companies if str(own.pk) == request.POST.get("company")), None)
        if wanted is None:
            raise Http404
        request.session["company"] = wanted.pk
        return redirect("orderer-employees")
    chosen = orderer_sessions.chosen(request, companies)
    if chosen and len(companies) == 1:
        return redirect("orderer-employees")
    has_left = chosen is None and "company" in request.session
    context = {"orderer": orderer, "companies": companies, "chosen": chosen, "has_left": has_left}
    return render(request, "helpdesk/orderer_company.html", context)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    orderer = orderer_sessions.signed_in(request)
    if orderer:
        audit.record(Event.LOGGED_OUT, orderer, actor=orderer, address=request.META["REMOTE_ADDR"])
    if sessions.ORDERER in request.session:
        request.session.flush()
    return redirect(f"{reverse('orderer-login')}?ut")
