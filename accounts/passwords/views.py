"""/aterstall/: user name, code, new password twice, done. It logs nobody in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes, limits, sessions
from accounts.directory import Account
from accounts.forms import CodeForm, NameForm, NewPasswordForm
from accounts.models import Challenge, Purpose
from accounts.passwords import reset
from accounts.passwords.policy import rules, sentence
from accounts.passwords.reset import ResetOutcome, Result
from accounts.phones.views import wrong_code
from accounts.sessions import Flash
from idportal.clock import duration


@require_http_methods(["GET", "HEAD", "POST"])
@limits.posts_by_address
def start(request: HttpRequest) -> HttpResponse:
    """Step 1: the user name. Whoever it is, the same answer (E1)."""
    form = NameForm(request.POST or None)
    if form.is_valid():
        name, address = form.cleaned_data["username"], request.META["REMOTE_ADDR"]
        challenge = sessions.under_way(request, Purpose.RESET, name)
        if challenge:
            codes.ask_again(challenge, address, name)
        else:
            challenge = codes.ask(
                Purpose.RESET,
                language=get_language() or "sv",
                address=address,
                asked_for=name,
                browser=sessions.browser(request),
            )
        # In both cases, so that both answers set the same cookies.
        sessions.begin(request, challenge, name)
        return redirect("reset-code")
    return render(request, "accounts/reset_start.html", {"form": form, "word": sessions.pop_flash(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@limits.posts_by_address
def code(request: HttpRequest) -> HttpResponse:
    """Step 2: the code."""
    challenge = sessions.challenge_of(request, Purpose.RESET)
    if challenge is None:
        return _code_too_late(request) if request.method == "POST" else _start_again(request)
    # A post is judged by its code alone: of several at once, one is accepted, and the others must look wrong (K3).
    if challenge.verified_at and request.method != "POST":
        return redirect("reset-password")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if codes.check(challenge.pk, form.cleaned_data["code"], request.META["REMOTE_ADDR"]):
            sessions.enter(request, challenge)
            return redirect("reset-password")
        form.add_error("code", wrong_code())
    return _code_page(request, form, codes.resend_in(challenge))


def _code_page(request: HttpRequest, form: CodeForm, resend_in: int) -> HttpResponse:
    context = {"form": form, "resend_in": resend_in, "word": sessions.pop_flash(request)}
    return render(request, "accounts/reset_code.html", context)


def _code_too_late(request: HttpRequest) -> HttpResponse:
    """What a wrong code sees (K3), for a session that is gone: it was idle for longer than a code is good for; or
    another click on the same button was faster, and has a new id.
    """
    # No cookie: first page. One that stands for nothing is not deleted, or the new id would be, which has its name.
    if request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None) is None:
        return _start_again(request)
    form = CodeForm(request.POST)
    if form.is_valid():
        form.add_error("code", wrong_code())
    return _code_page(request, form, resend_in=0)


@require_POST
@limits.posts_by_address
def code_again(request: HttpRequest) -> HttpResponse:
    """Another code, if it is time for one."""
    challenge = sessions.challenge_of(request, Purpose.RESET)
    if challenge is None:
        return redirect("reset")
    if challenge.verified_at is None:
        asked = codes.ask_again(challenge, request.META["REMOTE_ADDR"])
        sessions.set_flash(request, Flash.ASKED if asked else Flash.EARLY)
    return redirect("reset-code")  # an accepted code leads on from there, as long as its right is good


@sensitive_post_parameters("new_password1", "new_password2")
@require_http_methods(["GET", "HEAD", "POST"])
@limits.posts_by_address
def password(request: HttpRequest) -> HttpResponse:
    """Step 3: the new password, twice. A refusal leaves the person here, with the reason."""
    challenge = reset.verified(sessions.entered(request))
    account = reset.account_of(challenge) if challenge else None
    if challenge is None or account is None:
        return _start_again(request)
    form = NewPasswordForm(request.POST or None)
    failed: tuple[str, ...] = ()
    if form.is_valid():
        result = reset.set_password(challenge, form.cleaned_data["new_password1"], request.META["REMOTE_ADDR"])
        if result.outcome is ResetOutcome.DONE:
            sessions.finish(request, Purpose.RESET)
            request.session.cycle_key()
            return redirect("reset-done")
        if result.outcome is ResetOutcome.NOT_VERIFIED:
            return redirect("reset")
        failed = _explain(form, result)
    return _password_page(request, form, challenge, account, failed)


def _start_again(request: HttpRequest) -> HttpResponse:
    """The first page, which says so if it was time that ran out."""
    if reset.has_lapsed(sessions.challenge_id(request, Purpose.RESET)):
        sessions.set_flash(request, Flash.LATE)
    return redirect("reset")


def _explain(form: NewPasswordForm, result: Result) -> tuple[str, ...]:
    """Says why on the form; returns the keys of the rules to mark in the checklist."""
    broken = ("history",) if result.outcome is ResetOutcome.IN_HISTORY else result.broken
    for key in broken:
        form.add_error("new_password1", sentence(key))
    if not broken:
        form.add_error("new_password1", _OTHER[result.outcome]())
    return broken


_OTHER = {
    ResetOutcome.TOO_WEAK: lambda: _(
        "Lösenordet godkändes inte: det är för kort eller för enkelt. Välj ett längre, med fler sorters tecken."
    ),
    ResetOutcome.TOO_YOUNG: lambda: _(
        "Lösenordet byttes nyligen och kan inte bytas igen ännu. Vänta till i morgon och försök då."
    ),
    ResetOutcome.NOT_ALLOWED: lambda: (
        _("Lösenordet för det här kontot kan inte bytas här. Kontakta helpdesk: %s") % settings.HELPDESK_EMAIL
    ),
    ResetOutcome.BUSY: lambda: (
        _("Ett byte pågår redan. Vänta %s. Skriv sedan lösenordet igen.") % duration(limits.SETTING_LEASE)
    ),
}


def _password_page(
    request: HttpRequest,
    form: NewPasswordForm,
    challenge: Challenge,
    account: Account,
    failed: tuple[str, ...],
) -> HttpResponse:
    context = {
        "form": form,
        "username": account.username,
        "minutes_left": challenge.minutes_left,
        "rules": [{"key": rule.key, "text": rule.text, "failed": rule.key in failed} for rule in rules()],
        "policy": {
            "min_length": settings.PASSWORD_MIN_LENGTH,
            "kinds": settings.PASSWORD_KINDS,
            "forbidden": settings.PASSWORD_FORBIDDEN_CHARACTERS,
        },
    }
    return render(request, "accounts/reset_password.html", context)


@require_http_methods(["GET", "HEAD"])
def done(request: HttpRequest) -> HttpResponse:
    """Step 4, shown only after the directory said yes (R8)."""
    if not sessions.is_done(request, Purpose.RESET):
        return redirect("reset")
    return render(request, "accounts/reset_done.html")
