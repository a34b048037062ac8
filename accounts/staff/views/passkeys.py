"""/logga-in/passkey/: passkeys at sign-in. /logga-in/passkeys/: a staff member's own passkeys."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import sessions
from accounts.admin.base import is_key
from accounts.forms import PasskeyForm
from accounts.models import EnrolmentCode, User
from accounts.sessions import staff as staff_sessions
from accounts.staff import passkeys, roles, second_factor
from accounts.staff.proof import Proof
from accounts.staff.views.guard import signed_in
from accounts.throttling import by_address


@require_POST
@by_address.posts_by_address
def options(request: HttpRequest) -> HttpResponse:
    """A new challenge for the user who is signed in, or on the way in, as JSON. ``new``: to make a passkey."""
    new, verified = "new" in request.POST, sessions.verified(request)
    user = verified or staff_sessions.signing_in(request)
    # Not fresh any more: the form would refuse what the device has made.
    stale = new and verified and not staff_sessions.factor_is_fresh(request)
    # On the way in, an enrolment code comes first (A1).
    uninvited = new and user and not verified and not EnrolmentCode.permits(user, staff_sessions.code_entered(request))
    if user is None or stale or uninvited or not passkeys.can_be_used():
        return HttpResponse(status=403)
    challenge = passkeys.new_challenge()
    staff_sessions.begin_passkey(request, challenge)
    if new:
        return JsonResponse({"create": passkeys.to_register(user, challenge)})
    return JsonResponse({"get": passkeys.to_sign_in(user, challenge)})


@sensitive_post_parameters("factor-code", "passkey")
@by_address.form_page
@signed_in
def own(request: HttpRequest, user: User, held: roles.Roles) -> HttpResponse:
    """The user's passkeys: to add one, or to remove one. Both want a fresh factor (A3)."""
    proof, form = Proof(request), PasskeyForm(request.POST if "name" in request.POST else None)
    if request.method == "POST" and proof.given() and _is_done(request, user, form):
        return redirect("staff-passkeys")
    context = {
        "form": form,
        "proof": proof,
        "passkeys": passkeys.owned_by(user),
        "can_be_used": passkeys.can_be_used(),
        "enrolled": second_factor.is_enrolled(user),
        "onward": roles.destination(held, ""),
    }
    return render(request, "accounts/staff_passkeys.html", context)


def _is_done(request: HttpRequest, user: User, form: PasskeyForm) -> bool:
    """Removes or adds a passkey, as the button says; False if the form says what is wrong."""
    address, key = request.META["REMOTE_ADDR"], request.POST.get("remove", "")
    if key:
        if is_key(key) and passkeys.remove(user, int(key), address):
            messages.success(request, _("Passkeyn är borttagen."))
        else:
            messages.error(request, _("Det är din enda tvåstegsverifiering. Lägg till en annan först."))
    elif form.is_valid():
        answer, challenge = request.POST.get("passkey", ""), staff_sessions.end_passkey(request)
        if not passkeys.register(user, challenge, answer, form.cleaned_data["name"], address):
            form.refuse()
            return False
        messages.success(request, _("Passkeyn är sparad. Använd den nästa gång du loggar in."))
    return form.is_valid() or not form.is_bound
