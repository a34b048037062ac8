"""/aterstall/: user name, code, new password twice, done. A reset does not log in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes, limits, users
from accounts.forms import CodeForm, NewPasswordForm, UsernameForm
from accounts.models import Purpose
from accounts.passwords import reset
from accounts.passwords.policy import forbidden_listed, parts, sentence
from accounts.passwords.reset import ResetOutcome
from accounts.sessions import browsers, journeys
from accounts.sessions.journeys import Flash
from accounts.throttling import by_address
from idportal.clock import duration


@by_address.form_page
def start(request: HttpRequest) -> HttpResponse:
    """Step 1: the user name. The same answer for every name (E1)."""
    form = UsernameForm(request.POST or None, initial={"username": journeys.typed_name(request)})
    if form.is_valid():
        username, address = form.cleaned_data["username"], request.META["REMOTE_ADDR"]
        if page := by_address.over_names(request, by_address.CODE_NAMES, username):
            return page
        challenge, presented = journeys.under_way(request), browsers.presented(request)
        if challenge and challenge.is_about(username):
            codes.ask_again(challenge, address, username, presented)
        else:
            browser = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")  # it has that before its first session
            challenge = codes.ask(
                Purpose.RESET, address=address, username=username, browser=browser, presented=presented
            )
        # In both cases, so that both answers set the same cookies.
        journeys.begin(request, challenge, username)
        return redirect("reset-code")
    return render(request, "accounts/reset_start.html", {"form": form, "word": journeys.pop_flash(request)})


@by_address.form_page
def code(request: HttpRequest) -> HttpResponse:
    """Step 2: the code."""
    form, begun = CodeForm(request.POST or None), journeys.begun(request)
    address = request.META["REMOTE_ADDR"]
    if begun is not None and form.is_valid() and (accepted := codes.check(begun, form.cleaned_data["code"], address)):
        journeys.enter(request, accepted)
        return redirect("reset-password")
    if request.method != "POST" and journeys.entered(request):
        return redirect("reset-password")
    challenge = journeys.challenge_of(request)
    # Only its code decides over a post: of several at once, one is accepted, and the others must look wrong. So must a
    # post in a journey that was idle for longer than a code lives (K3).
    waits = challenge is not None and not challenge.verified_at
    looks_wrong = request.method == "POST" and (begun is not None or journeys.is_too_late(request))
    if not (waits or looks_wrong):
        return _start_again(request)
    if form.is_valid():
        form.refuse()
    context = {
        "form": form,
        "resend_in": codes.resend_in(challenge) if challenge else 0,
        "word": journeys.pop_flash(request),
        "username": journeys.typed_name(request),
    }
    return render(request, "accounts/reset_code.html", context)


@require_POST
@by_address.posts_by_address
def code_again(request: HttpRequest) -> HttpResponse:
    """Another code, if the cooldown is over."""
    challenge = journeys.challenge_of(request)
    if challenge is None:
        return redirect("reset")
    if challenge.verified_at is None:
        journeys.ask_again(request, challenge)
    elif not journeys.entered(request):  # in another session, or the answer that said so was lost
        return _start_again(request)
    return redirect("reset-code")  # after an accepted code, that page leads on while the right is good


@sensitive_post_parameters("new_password1", "new_password2")
@by_address.form_page
def password(request: HttpRequest) -> HttpResponse:
    """Step 3: the new password, twice. A refusal leaves the person here, with the reason."""
    challenge = reset.verified(journeys.entered(request))
    if challenge is None or challenge.user is None:
        return _start_again(request)
    form = NewPasswordForm(request.POST or None)
    failed: tuple[str, ...] = ()  # the keys of the rules that are broken
    if form.is_valid():
        found = users.served(challenge.user)
        if found is None:
            return _start_again(request)
        result = reset.set_password(challenge, found, form.cleaned_data["new_password1"], request.META["REMOTE_ADDR"])
        if result.outcome is ResetOutcome.DONE:
            journeys.finish(request, found.account.id)
            return redirect("reset-done")
        if result.outcome is ResetOutcome.NOT_VERIFIED:
            return redirect("reset")
        failed = ("history",) if result.outcome is ResetOutcome.IN_HISTORY else result.broken
        for key in failed:
            form.add_error("new_password1", sentence(key))
        if not failed:
            form.add_error("new_password1", _OTHER[result.outcome]())
    seconds = challenge.seconds_left
    context = {
        "form": form,
        "username": challenge.user.username,
        "seconds_left": seconds,
        "time_left": duration(limits.MINUTE * max(1, -(-seconds // limits.MINUTE))),
        "more": challenge.extensions < limits.EXTENSIONS,
        "failed": parts(failed),
        "policy": {
            "min_length": settings.PASSWORD_MIN_LENGTH,
            "kinds": settings.PASSWORD_KINDS,
            "forbidden": settings.PASSWORD_FORBIDDEN_CHARACTERS,
            "forbidden_listed": forbidden_listed(),
        },
    }
    return render(request, "accounts/reset_password.html", context)


@require_POST
@by_address.posts_by_address
def more_time(request: HttpRequest) -> HttpResponse:
    """More time for step 3. To the script of the page: how many seconds there are, and whether there is more to get."""
    right = journeys.entered(request)
    if challenge := reset.verified(right):
        reset.extend(challenge, request.META["REMOTE_ADDR"])
        journeys.journey(request).note()
    if request.get_preferred_type(["text/html", "application/json"]) != "application/json":
        return redirect("reset-password")  # which leads on, and says why, if the right is gone
    if challenge := reset.verified(right):
        return JsonResponse({"seconds": challenge.seconds_left, "more": challenge.extensions < limits.EXTENSIONS})
    return JsonResponse({"seconds": 0, "more": False})


def _start_again(request: HttpRequest) -> HttpResponse:
    """The first page, with a message if the time ran out."""
    challenge = journeys.challenge_of(request)
    if challenge and challenge.lapsed:
        journeys.set_flash(request, Flash.LATE)
    return redirect("reset")


_OTHER = {
    ResetOutcome.TOO_WEAK: lambda: _(
        "Lösenordet godkändes inte: det är för kort eller för enkelt. Välj ett längre, med fler sorters tecken."
    ),
    ResetOutcome.TOO_YOUNG: lambda: _(
        "Lösenordet byttes nyligen och kan inte bytas igen ännu. Vänta till i morgon och försök då."
    ),
    ResetOutcome.NOT_ALLOWED: lambda: _(
        "Lösenordet för det här kontot kan inte bytas här. Visa det här för er behöriga beställare (ofta din chef)."
    ),
    ResetOutcome.BUSY: lambda: (
        _("Ett byte pågår redan. Vänta %s. Skriv sedan lösenordet igen.") % duration(limits.SETTING_LEASE)
    ),
}


@require_http_methods(["GET", "HEAD"])
def done(request: HttpRequest) -> HttpResponse:
    """Step 4, shown only after the directory said yes (R8)."""
    journey = journeys.journey(request)
    if "done" not in journey:
        return redirect("reset")
    context = {"picture": browsers.picture(journey.get("journey_of"), "REGISTER_HOST")}
    return render(request, "accounts/reset_done.html", context)
