"""/aterstall/: user name, code, new password twice, done. A reset does not log in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import browsers, codes, limits, pages, sessions, users
from accounts.forms import CodeForm, NewPasswordForm, UsernameForm
from accounts.models import Purpose
from accounts.passwords import reset
from accounts.passwords.policy import forbidden_listed, parts, sentence
from accounts.passwords.reset import ResetOutcome
from accounts.sessions import Flash
from idportal.clock import duration


@limits.form_page
def start(request: HttpRequest) -> HttpResponse:
    """Step 1: the user name. The same answer for every name (E1)."""
    form = UsernameForm(request.POST or None, initial={"username": sessions.typed_name(request)})
    if form.is_valid():
        username, address = form.cleaned_data["username"], request.META["REMOTE_ADDR"]
        if page := limits.over_names(request, limits.CODE_NAMES, username):
            return page
        challenge, presented = sessions.under_way(request, Purpose.RESET), browsers.presented(request)
        if challenge and challenge.is_about(username):
            codes.ask_again(challenge, address, username, presented)
        else:
            browser = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")  # it has that before its first session
            challenge = codes.ask(
                Purpose.RESET, address=address, username=username, browser=browser, presented=presented
            )
        # In both cases, so that both answers set the same cookies.
        sessions.begin(request, challenge, username)
        return redirect("reset-code")
    word = sessions.pop_flash(request)
    return pages.render(request, "accounts/reset_start.html", {"form": form, "word": word}, state=word)


@limits.form_page
def code(request: HttpRequest) -> HttpResponse:
    """Step 2: the code."""
    form, begun = CodeForm(request.POST or None), sessions.begun(request, Purpose.RESET)
    address = request.META["REMOTE_ADDR"]
    if begun is not None and form.is_valid() and (accepted := codes.check(begun, form.cleaned_data["code"], address)):
        sessions.enter(request, accepted)
        return redirect("reset-password")
    # A post in a session that is gone, idle for longer than a code lives, or with a new id after a faster click on the
    # same button, sees the page after a wrong code (K3). Its cookie is not deleted: it has the new session's name.
    if begun is None:
        late = request.method == "POST" and request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None) is not None
        if not late:
            return _start_again(request)
    # Only its code decides over a post: of several at once, one is accepted, and the others must look wrong (K3).
    waits = sessions.still_waits(request)
    if request.method != "POST":
        if sessions.entered(request):
            return redirect("reset-password")
        if not waits:
            return _start_again(request)
    if form.is_valid():
        form.refuse()
    resend_in, word = sessions.resend_in(request), sessions.pop_flash(request)
    typed = sessions.typed_name(request)
    context, state = {"form": form, "resend_in": resend_in, "word": word}, (resend_in, word, bool(typed))
    return pages.render(request, "accounts/reset_code.html", context, state=state, username=typed)


@require_POST
@limits.posts_by_address
def code_again(request: HttpRequest) -> HttpResponse:
    """Another code, if the cooldown is over."""
    challenge = sessions.challenge_of(request, Purpose.RESET)
    if challenge is None:
        return redirect("reset")
    if challenge.verified_at is None:
        sessions.ask_again(request, challenge)
    elif not sessions.entered(request):  # in another session, or the answer that said so was lost
        return _start_again(request)
    return redirect("reset-code")  # after an accepted code, that page leads on while the right is good


@sensitive_post_parameters("new_password1", "new_password2")
@limits.form_page
def password(request: HttpRequest) -> HttpResponse:
    """Step 3: the new password, twice. A refusal leaves the person here, with the reason."""
    challenge = reset.verified(sessions.entered(request))
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
            sessions.finish(request, Purpose.RESET)
            request.session.cycle_key()
            browsers.completed(request, found.account.id)
            return redirect("reset-done")
        if result.outcome is ResetOutcome.NOT_VERIFIED:
            return redirect("reset")
        failed = ("history",) if result.outcome is ResetOutcome.IN_HISTORY else result.broken
        for key in failed:
            form.add_error("new_password1", sentence(key))
        if not failed:
            form.add_error("new_password1", _OTHER[result.outcome]())
    seconds, more = challenge.seconds_left, challenge.extensions < limits.EXTENSIONS
    time_left = duration(limits.MINUTE * max(1, -(-seconds // limits.MINUTE)))
    context = {
        "form": form,
        "time_left": time_left,
        "more": more,
        "failed": parts(failed),
        "policy": {
            "min_length": settings.PASSWORD_MIN_LENGTH,
            "kinds": settings.PASSWORD_KINDS,
            "forbidden": settings.PASSWORD_FORBIDDEN_CHARACTERS,
            "forbidden_listed": forbidden_listed(),
        },
    }
    personal = {"username": challenge.user.username, "seconds_left": str(seconds)}
    return pages.render(request, "accounts/reset_password.html", context, state=(time_left, more), **personal)


@require_POST
@limits.posts_by_address
def more_time(request: HttpRequest) -> HttpResponse:
    """More time for step 3. To the script of the page: how many seconds there are, and whether there is more to get."""
    right = sessions.entered(request)
    if challenge := reset.verified(right):
        reset.extend(challenge, request.META["REMOTE_ADDR"])
        sessions.store(request).touch()
    if request.get_preferred_type(["text/html", "application/json"]) != "application/json":
        return redirect("reset-password")  # which leads on, and says why, if the right is gone
    if challenge := reset.verified(right):
        return JsonResponse({"seconds": challenge.seconds_left, "more": challenge.extensions < limits.EXTENSIONS})
    return JsonResponse({"seconds": 0, "more": False})


def _start_again(request: HttpRequest) -> HttpResponse:
    """The first page, with a message if the time ran out."""
    challenge = sessions.challenge_of(request, Purpose.RESET)
    if challenge and challenge.lapsed:
        sessions.set_flash(request, Flash.LATE)
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
    if not sessions.is_done(request, Purpose.RESET):
        return redirect("reset")
    picture = browsers.picture(request, "REGISTER_HOST")
    apart = bool(picture)
    return pages.render(request, "accounts/reset_done.html", {"hosts_apart": apart}, state=apart, picture=picture)
