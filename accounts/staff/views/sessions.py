"""/logga-in/sessioner/: staff see where they are signed in, and end it there (security.md A4)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.models import StaffSession, User
from accounts.sessions import staff as staff_sessions
from accounts.staff import roles
from accounts.staff.views.guard import signed_in
from accounts.throttling import by_address

OTHERS = "others"


@by_address.form_page
@signed_in
def own_sessions(request: HttpRequest, user: User, held: roles.Roles) -> HttpResponse:
    """The user's sessions, the last used first. POST ``end``: the id of one, or OTHERS for all but this one."""
    this = sessions.row_of(request)
    rows = list(StaffSession.open().filter(user=user).order_by("-seen_at", "-pk"))
    others = [row for row in rows if row != this]
    if request.method == "POST":
        wanted = request.POST.get("end", "")
        chosen = [row for row in others if wanted in (OTHERS, str(row.pk))]
        for row in chosen:
            staff_sessions.end(row, actor=user, address=request.META["REMOTE_ADDR"])
        if chosen:
            one, all_others = _("Den andra inloggningen är avslutad."), _("Nu är du bara inloggad här.")
            messages.info(request, all_others if wanted == OTHERS else one)
        return redirect("staff-sessions")
    context = {"rows": rows, "this": this, "others": others, "back": roles.destination(held, "")}
    return render(request, "accounts/staff_sessions.html", context)
