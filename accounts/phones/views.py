"""/registrera/: log in, check or change the number, enter the code, done. And /stoppa/, for a new number."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes, limits, phones, sessions, users
from accounts.directory import Account
from accounts.forms import CodeForm, PhoneForm
from accounts.models import Challenge, PhoneLink, Purpose, User, numbers
from accounts.passwords import sign_in
from accounts.sessions import browsers
from accounts.throttling import by_address
from idportal.web.hosts import journey_link

SignedInView = Callable[[HttpRequest, User, Account], HttpResponse]


def signed_in(view: SignedInView) -> Callable[[HttpRequest], HttpResponse]:
    """For users who have logged in with the password, and whose account the portal still serves (S2)."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return redirect("register")
        found = users.served(user)
        if found is None:
            logout(request)
            return redirect("register")
        return view(request, user, found.account)

    return guarded


@sensitive_post_parameters("password")
@by_address.form_page
def login(request: HttpRequest) -> HttpResponse:
    """Step 1: user name and current password."""
    # The reason for a new log-in: "igen", the password was typed too long ago; "borta", the session has ended, unless
    # another tab has kept it alive.
    reasons = () if isinstance(request.user, User) else ("igen", "borta")
    reset_url = journey_link("RESET_HOST", "/aterstall/")
    return sign_in.log_in_page(
        request, "accounts/register_login.html", sign_in.check, _begin, reasons, reset_url=reset_url
    )


def _begin(request: HttpRequest, user: User) -> HttpResponse:
    sessions.log_in(request, user)
    return redirect("register-phone")


@by_address.form_page
@signed_in
def phone(request: HttpRequest, user: User, account: Account) -> HttpResponse:
    """Step 2: the number on file, to be confirmed or changed."""
    kept = phones.on_file(user)
    on_file = kept.number if kept else ""
    form = PhoneForm(request.POST or None, initial={"phone": numbers.shown(on_file)})
    address = request.META["REMOTE_ADDR"]
    if request.method == "POST" and not sessions.password_is_fresh(request):
        return _log_in_again(request)
    if kept is None and phones.is_blocked(user.directory_id):
        return render(request, "accounts/register_blocked.html", {"username": user.username})
    if form.is_valid():
        number = form.cleaned_data["phone"]
        if phones.confirm_unchanged(user, number, address):
            return _done(request, user)
        if not phones.is_crowded(user, number):
            challenge, presented = sessions.under_way(request, Purpose.REGISTER), browsers.presented(request)
            if challenge and (challenge.user_id, challenge.number) == (user.pk, number):
                codes.ask_again(challenge, address, presented=presented)
            else:
                challenge = codes.ask(Purpose.REGISTER, address=address, user=user, number=number, presented=presented)
                sessions.begin(request, challenge)
            return redirect("register-code")
        form.add_error("phone", _("Numret används redan av flera andra konton. Skriv ett annat mobilnummer."))
    context = {
        "form": form,
        "username": user.username,
        "has_phone": bool(on_file),
        "on_hold": kept is not None and kept.on_hold,
        "waiting": phones.waiting(user) if kept and kept.on_hold else None,
        "taken_away": not on_file and user.removals.exists(),
        "abroad": form.has_error("phone", "abroad"),
    }
    return render(request, "accounts/register_phone.html", context)


def _done(request: HttpRequest, user: User) -> HttpResponse:
    sessions.finish(request, Purpose.REGISTER)
    held = phones.waiting(user)
    request.session["link"] = held.pk if held else None
    request.session["journey_of"] = browsers.remember(request, user.directory_id)
    return redirect("register-done")


def _log_in_again(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(f"{reverse('register')}?igen")  # the page says why


@by_address.form_page
@signed_in
def code(request: HttpRequest, user: User, account: Account) -> HttpResponse:
    """Step 3: the code that was sent to the new number."""
    challenge = sessions.challenge_of(request, Purpose.REGISTER)
    if challenge is None or challenge.user_id != user.pk:
        return redirect("register-phone")
    if request.method != "POST" and _is_registered(user, challenge):
        return _done(request, user)
    # There is time to wait for an SMS. But one code after another does not go on for hours.
    if request.method == "POST" and not sessions.password_is_fresh(request, limits.CODE_PASSWORD_FRESH):
        return _log_in_again(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if phones.register(challenge.pk, form.cleaned_data["code"], account, request.META["REMOTE_ADDR"]):
            return _done(request, user)
        form.refuse()
    context = {
        "form": form,
        "number": numbers.shown(challenge.number),
        "resend_in": codes.resend_in(challenge),
        "word": sessions.pop_flash(request),
        "withheld": codes.why_withheld(challenge),
    }
    return render(request, "accounts/register_code.html", context)


def _is_registered(user: User, challenge: Challenge) -> bool:
    """Whether the code was accepted, and only the answer that said so was lost on its way to the browser."""
    kept = phones.on_file(user) if challenge.verified_at else None
    return kept is not None and kept.number == challenge.number


@require_POST
@by_address.posts_by_address
@signed_in
def code_again(request: HttpRequest, user: User, account: Account) -> HttpResponse:
    """Another code to the new number."""
    challenge = sessions.challenge_of(request, Purpose.REGISTER)
    if challenge and challenge.user_id == user.pk:
        sessions.ask_again(request, challenge)
    return redirect("register-code")


@require_http_methods(["GET", "HEAD"])
@signed_in
def done(request: HttpRequest, user: User, account: Account) -> HttpResponse:
    """Step 4: the number is registered; the way on to a new password."""
    if not sessions.is_done(request, Purpose.REGISTER):
        return redirect("register-phone")
    picture = browsers.picture(request.session.get("journey_of"), "RESET_HOST")
    context = {"username": user.username, "waiting": _waiting(request, user), "picture": picture}
    return render(request, "accounts/register_done.html", context)


def _waiting(request: HttpRequest, user: User) -> PhoneLink | None:
    """The hold of the number that was registered in this session, if a code to the old number would end it (G6)."""
    held = phones.waiting(user)
    return held if held and held.pk == request.session.get("link") else None


@require_POST
@by_address.posts_by_address
@signed_in
def ask_old_number(request: HttpRequest, user: User, account: Account) -> HttpResponse:
    """Sends a code to the number that was replaced, and another one when the cooldown is over."""
    held = _waiting(request, user)
    if held is None:
        return redirect("register-done")
    if not sessions.password_is_fresh(request, limits.CODE_PASSWORD_FRESH):
        return _log_in_again(request)
    challenge = sessions.challenge_of(request, Purpose.OLD_NUMBER)
    if challenge and (challenge.user_id, challenge.number) == (user.pk, held.old_number):
        sessions.ask_again(request, challenge)
    else:
        address = request.META["REMOTE_ADDR"]
        presented = browsers.presented(request)
        number = held.old_number
        challenge = codes.ask(Purpose.OLD_NUMBER, address=address, user=user, number=number, presented=presented)
        sessions.begin(request, challenge)
    return redirect("register-old-code")


@by_address.form_page
@signed_in
def old_code(request: HttpRequest, user: User, account: Account) -> HttpResponse:
    """The code that was sent to the old number: the new one then gets codes at once."""
    challenge, held = sessions.challenge_of(request, Purpose.OLD_NUMBER), _waiting(request, user)
    if challenge is None or held is None or challenge.user_id != user.pk:
        return redirect("register-done")
    if request.method == "POST" and not sessions.password_is_fresh(request, limits.CODE_PASSWORD_FRESH):
        return _log_in_again(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if phones.end_hold(held.pk, challenge.pk, form.cleaned_data["code"], account, request.META["REMOTE_ADDR"]):
            sessions.finish(request, Purpose.OLD_NUMBER)
            return _done(request, user)
        form.refuse()
    context = {
        "form": form,
        "resend_in": codes.resend_in(challenge),
        "withheld": codes.why_withheld(challenge),
        "word": sessions.pop_flash(request),
    }
    return render(request, "accounts/register_old_code.html", context)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    sessions.log_out(request)
    return redirect("start")


@require_POST
def extend(request: HttpRequest) -> HttpResponse:
    """The button to stay: how many seconds the session lives on, or 403 if it has ended (S3)."""
    if not sessions.is_signed_in(request):
        return HttpResponse(status=403)
    request.session.modified = True
    return JsonResponse({"seconds": settings.SESSION_COOKIE_AGE})


@sensitive_post_parameters("nyckel")
@by_address.form_page
def stop(request: HttpRequest) -> HttpResponse:
    """/stoppa/: stops a new number (H4, G6), by a button: a program that opens links stops nothing. Needs no log-in."""
    key, outcome, link = request.GET.get("nyckel", ""), "ask", None
    if request.method == "POST":
        key = request.POST.get("nyckel", "")
        now = phones.stop(key, request.META["REMOTE_ADDR"])
        # A second press, here or by another receiver of the message, must alarm nobody: the number is stopped.
        link = now or phones.stopped_before(key)
        outcome = "done" if now else "already" if link else "late"
    context = {"outcome": outcome, "key": key, "blocks": link is not None and link.blocks}
    return render(request, "accounts/phone_link_stop.html", context)
