"""/logga-in/: staff sign in with user name and password, then a code from an app. Also the recovery codes.

Where HELPDESK_SMS_FACTOR is on, agents without an app get a code by SMS (``accounts.staff.sms_factor``).
"""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST
from django_otp.models import Device

from accounts import codes, limits, sessions
from accounts.forms import CodeForm, FactorForm
from accounts.models import Challenge, EnrolmentCode, Purpose, RecoveryCodes, User
from accounts.passwords.sign_in import log_in_page
from accounts.sessions import browsers
from accounts.sessions import staff as staff_sessions
from accounts.staff import backend, enrolment, passkeys, roles, second_factor, sms_factor
from accounts.staff.forms import EnrolmentForm
from accounts.staff.views.guard import log_in_again, signed_in
from accounts.throttling import by_address


@sensitive_post_parameters("password")
@by_address.form_page
def login(request: HttpRequest) -> HttpResponse:
    """Step 1: user name and password."""
    # Why the page comes again: "igen", it took too long; "borta", the session has ended; "slut", the role has ended;
    # "avslutad", the session was ended elsewhere.
    reasons = ("igen", "borta", "slut", "avslutad")
    return log_in_page(request, "accounts/staff_login.html", partial(backend.check, request), _begin, reasons)


def _begin(request: HttpRequest, user: User) -> HttpResponse:
    """After the right password: begins the sign-in, and sends a code if the user has it by SMS."""
    before = sessions.under_way(request, Purpose.SIGN_IN)
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    staff_sessions.begin_sign_in(request, user, wanted if ours else "")
    if challenge := sms_factor.begin(user, before, request.META["REMOTE_ADDR"], browsers.presented(request)):
        sessions.begin(request, challenge)
    return redirect("staff-code")


@sensitive_post_parameters("code", "passkey", "enrolment_code")
@by_address.form_page
def code(request: HttpRequest) -> HttpResponse:
    """Step 2: a code from the app, or by SMS. The first time, an enrolment code, and then the app is connected."""
    user = staff_sessions.signing_in(request)
    if user is None:
        return log_in_again("igen", staff_sessions.wanted(request))
    held = roles.NONE
    if request.method == "POST":
        if page := by_address.over_limit(request, by_address.FAILED_LOGINS, count=False):
            return page
        # Before a code is spent: the role may have ended since the password was typed, or the directory may be down.
        held = roles.standing(user, roles.NONE, sessions.password_at(request), request.META["REMOTE_ADDR"])
        if not held:
            staff_sessions.close(request)
            return log_in_again("slut")
    challenge, number = sessions.challenge_of(request, Purpose.SIGN_IN), sms_factor.number_of(user)
    if number and not (challenge and sms_factor.fits(challenge, user, number)):
        # The number or the setting has changed since the password was typed.
        return log_in_again("igen", staff_sessions.wanted(request))
    if number and challenge and challenge.verified_at is None:
        return _code_by_sms(request, user, challenge, held)
    # With a number: the code by SMS was right, and the user wants to connect an app too.
    return _code_of_app(request, user, held)


def _enrolment_code(request: HttpRequest, user: User) -> HttpResponse:
    """Before anything is shown by which a factor is connected: a thief may have the password (A1)."""
    # A form of the next page may come here, when a new code has been issued meanwhile.
    form = EnrolmentForm(request.POST if "enrolment_code" in request.POST else None)
    if form.is_valid():
        entered = enrolment.enter(user, form.cleaned_data["enrolment_code"], request.META["REMOTE_ADDR"])
        if entered is not None:
            staff_sessions.note(request, code=entered)
            return redirect("staff-code")
        by_address.over_limit(request, by_address.FAILED_LOGINS, count=True)
        form.refuse()
    return render(request, "accounts/staff_enrolment_code.html", {"form": form, "username": user.username})


def _code_of_app(request: HttpRequest, user: User, held: roles.Roles) -> HttpResponse:
    enrolled, begun = second_factor.is_enrolled(user), staff_sessions.app_begun(request)
    if not enrolled and not EnrolmentCode.permits(user, staff_sessions.code_entered(request)):
        return _enrolment_code(request, user)
    form, answer = FactorForm(request.POST or None), request.POST.get("passkey", "")
    if form.is_valid():
        shown = _of_passkey if answer else _of_code
        device = shown(request, user, answer or form.cleaned_data["code"], enrolled)
        if device:
            onward = _log_in(request, user, held, told=not enrolled)
            if not enrolled and not settings.STAFF_PASSKEYS_ONLY:
                request.session["codes_owed"], request.session["onward"] = True, onward
                return redirect("staff-recovery-codes")
            if isinstance(device, RecoveryCodes) and len(device.digests) <= limits.RECOVERY_CODES_FEW:
                _warn_of_few(request, len(device.digests))
            return redirect(onward)
        by_address.over_limit(request, by_address.FAILED_LOGINS, count=True)
        form.refuse_passkey() if answer else form.refuse()
        # Another request may have connected an app meanwhile.
        enrolled = second_factor.is_enrolled(user)
    context = {
        "form": form,
        "username": user.username,
        "by_code": not settings.STAFF_PASSKEYS_ONLY,
        "by_app": second_factor.has_app(user),
        "by_passkey": passkeys.are_had(user) if enrolled else passkeys.can_be_used(),
    }
    if enrolled:
        return render(request, "accounts/staff_code.html", context)
    app = second_factor.begin(user, begun)
    if app.pk != begun:
        staff_sessions.note(request, app=app.pk)
    context |= {"picture": second_factor.picture(app.address), "address": app.address, "secret": _in_groups(app.secret)}
    return render(request, "accounts/staff_enrol.html", context)


@sensitive_variables("typed")
def _of_code(request: HttpRequest, user: User, typed: str, enrolled: bool) -> Device | None:
    """The app or the paper with this code; the first app is connected."""
    address = request.META["REMOTE_ADDR"]
    if enrolled:
        return second_factor.check(user, typed, address)
    begun, entered = staff_sessions.app_begun(request), staff_sessions.code_entered(request)
    return second_factor.enrol(user, entered, begun, typed, address)


def _of_passkey(request: HttpRequest, user: User, answer: str, enrolled: bool) -> Device | None:
    """The passkey that answered; the first one is kept."""
    challenge, address = staff_sessions.end_passkey(request), request.META["REMOTE_ADDR"]
    if enrolled:
        return passkeys.check(user, challenge, answer, address)
    entered = staff_sessions.code_entered(request)
    return passkeys.register(user, challenge, answer, _("Min första passkey"), address, entered=entered)


def _warn_of_few(request: HttpRequest, left: int) -> None:
    words = ngettext("Du har %(count)d återställningskod kvar.", "Du har %(count)d återställningskoder kvar.", left)
    link = format_html('<a href="{}">{}</a>', reverse("staff-recovery-codes"), _("Gör nya koder"))
    messages.warning(request, format_html("{} {}", words % {"count": left}, link))


def _log_in(request: HttpRequest, user: User, held: roles.Roles, *, told: bool = False) -> str:
    """Ends the sign-in; returns where to go next. ``told``: the people who hear of a new browser know already."""
    onward = roles.destination(held, staff_sessions.wanted(request))
    staff_sessions.log_in(request, user, held, told=told)
    return onward


@sensitive_variables("typed")
def _code_by_sms(request: HttpRequest, user: User, challenge: Challenge, held: roles.Roles) -> HttpResponse:
    """The code by SMS. Also before an app is connected, or the password alone would be enough."""
    form = CodeForm(request.POST or None)
    if form.is_valid():
        typed = form.cleaned_data["code"]
        if sms_factor.check(user, challenge, typed, request.META["REMOTE_ADDR"]):
            return redirect("staff-code" if "app" in request.POST else _log_in(request, user, held))
        by_address.over_limit(request, by_address.FAILED_LOGINS, count=True)
        form.refuse()
    context = {
        "form": form,
        "username": user.username,
        "resend_in": codes.resend_in(challenge),
        "word": sessions.pop_flash(request),
        "withheld": codes.why_withheld(challenge),
    }
    return render(request, "accounts/staff_sms.html", context)


@require_POST
@by_address.posts_by_address
def code_again(request: HttpRequest) -> HttpResponse:
    """Another code by SMS, unless it is too soon."""
    user, challenge = staff_sessions.signing_in(request), sessions.challenge_of(request, Purpose.SIGN_IN)
    number = sms_factor.number_of(user) if user else ""
    if user is None or challenge is None or not (number and sms_factor.fits(challenge, user, number)):
        return log_in_again("igen", staff_sessions.wanted(request))
    sessions.ask_again(request, challenge)
    return redirect("staff-code")


def _in_groups(text: str) -> str:
    """Four characters at a time, as people read and type them."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@by_address.form_page
@signed_in
def recovery_codes(request: HttpRequest, user: User, held: roles.Roles) -> HttpResponse:
    """Ten codes for a lost app, shown once."""
    if settings.STAFF_PASSKEYS_ONLY:
        return redirect("staff-passkeys")
    if request.method == "POST" and not sessions.password_is_fresh(request, limits.SIGN_IN_LIFETIME):
        staff_sessions.close(request)
        return log_in_again("igen", reverse("staff-recovery-codes"))
    shown: list[str] = []
    owed = request.method == "GET" and bool(request.session.get("codes_owed"))
    if request.method == "POST" or owed:
        # The verb decides, not the session's mark: a parallel request may have read that too.
        shown = second_factor.make_recovery_codes(user, request.META["REMOTE_ADDR"], owed)
        request.session.pop("codes_owed", None)
    context = {
        "codes": [_in_groups(each) for each in shown],
        "left": second_factor.recovery_codes_left(user),
        "onward": request.session.get("onward") or roles.destination(held, ""),
    }
    return render(request, "accounts/staff_recovery_codes.html", context)
