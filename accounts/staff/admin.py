"""The admin's pages of staff: second factors, the codes that let a person connect one, and open sessions."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts.admin.base import actor, address, column, never
from accounts.admin.proven import ProvenAdmin
from accounts.forms import UsernameField
from accounts.models import Authenticator, Passkey, StaffSession
from accounts.sessions import staff as staff_sessions
from accounts.staff import enrolment, second_factor
from accounts.staff.enrolment import Issued, Unissued

_WHY = {
    Unissued.UNKNOWN: gettext_lazy("Ingen handläggare eller administratör har det användarnamnet."),
    Unissued.DISABLED: gettext_lazy("Kontot är avstängt."),
    Unissued.NO_ROLE: gettext_lazy(
        "Kontot tillhör ingen handläggare eller administratör. Katalogens grupper styr det."
    ),
    Unissued.OWN: gettext_lazy("Du kan inte göra en startkod åt dig själv. Be en annan administratör."),
    Unissued.CONNECTED: gettext_lazy(
        "Kontot har redan tvåstegsverifiering. Har personen inte kvar den? Ta bort den först."
    ),
}


class _PersonForm(forms.Form):
    username = UsernameField(
        label=gettext_lazy("Användarnamn"), missing=gettext_lazy("Skriv personens användarnamn, till exempel hdpernil.")
    )


class _OfStaff(ProvenAdmin):
    has_add_permission = has_change_permission = never
    search_fields = ("user__username__istartswith",)
    search_help_text = gettext_lazy("Användarnamn.")
    list_display_links = ("person",)
    list_select_related = ("user",)

    @admin.display(description=gettext_lazy("Konto"), ordering="user__username")
    def person(self, row: Any) -> str:
        return str(row.user.username)


class _Factor(_OfStaff):
    """Removing one removes all of the person's; a new one needs an enrolment code."""

    proven_deletion = True
    delete_confirmation_template = "admin/accounts/authenticator/delete_confirmation.html"
    connected = column("created_at", gettext_lazy("Kopplad"))
    used = column("last_used_at", gettext_lazy("Senast använd"))
    ordering = ("user__username",)

    def delete_model(self, request: HttpRequest, obj: Authenticator | Passkey) -> None:
        second_factor.remove(obj.user, actor=actor(request), address=address(request))
        link = f"{reverse('admin:enrolment_code')}?username={obj.user.username}"
        words = _("För att koppla en ny app behöver personen en startkod.")
        messages.info(request, format_html('{} <a href="{}">{}</a>', words, link, _("Gör en startkod")))


@admin.register(Passkey)
class PasskeyAdmin(_Factor):
    """One row a passkey."""

    list_display = ("person", column("name", gettext_lazy("Namn")), _Factor.connected, _Factor.used)
    fields = readonly_fields = list_display


@admin.register(Authenticator)
class AuthenticatorAdmin(_Factor):
    """One row a user."""

    list_display = ("person", _Factor.connected, _Factor.used, "codes_left")
    fields = readonly_fields = list_display
    change_list_template = "admin/second_factors.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only connected apps: one that was only shown is no second factor."""
        return super().get_queryset(request).filter(confirmed=True).prefetch_related("user__recoverycodes_set")

    @admin.display(description=gettext_lazy("Återställningskoder kvar"))
    def codes_left(self, factor: Any) -> int:
        return sum(len(row.digests) for row in factor.user.recoverycodes_set.all())

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.enrolment_code)
        return [path("startkod/", page, name="enrolment_code"), *super().get_urls()]

    @sensitive_variables()
    def enrolment_code(self, request: HttpRequest) -> HttpResponse:
        """Makes a code for a person, and shows it once."""
        form = _PersonForm(request.POST or None, initial={"username": request.GET.get("username", "")})
        issued = None
        if form.is_valid():
            name = form.cleaned_data["username"]
            issued = enrolment.issue(name, actor=actor(request), address=address(request))
            if isinstance(issued, Unissued):
                form.add_error("username", _WHY[issued])
        context = {"title": _("Startkod"), "form": form, "issued": issued if isinstance(issued, Issued) else None}
        context |= {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, "admin/enrolment_code.html", context)


@admin.register(StaffSession)
class StaffSessionAdmin(_OfStaff):
    """Where staff are signed in. Removing a row ends the session; the second factor stays (A4)."""

    browser = column("name", gettext_lazy("Webbläsare"))
    began = column("began_at", gettext_lazy("Började"))
    seen = column("seen_at", gettext_lazy("Användes senast"))
    origin = column("address", gettext_lazy("Adress"))
    list_display = ("person", browser, began, seen, origin)
    ordering = ("-seen_at", "-pk")
    fields = readonly_fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        open_now = StaffSession.open().values("pk")
        return super().get_queryset(request).filter(pk__in=open_now)

    def delete_model(self, request: HttpRequest, obj: StaffSession) -> None:
        staff_sessions.end(obj, actor=actor(request), address=address(request))
