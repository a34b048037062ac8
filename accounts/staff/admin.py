"""The admin's page of second factors, to remove one when a phone is lost."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.admin.base import PortalAdmin, actor, address, column, never
from accounts.models import Authenticator
from accounts.staff import second_factor


@admin.register(Authenticator)
class AuthenticatorAdmin(PortalAdmin):
    """One row a user. Removing the app removes the recovery codes too; the next log-in connects a new one."""

    has_add_permission = has_change_permission = never
    connected = column("created_at", gettext_lazy("Kopplad"))
    used = column("last_used_at", gettext_lazy("Senast använd"))
    list_display = ("person", connected, used, "codes_left")
    list_display_links = ("person",)
    search_fields = ("user__username__istartswith",)
    search_help_text = gettext_lazy("Användarnamn.")
    ordering = ("user__username",)
    list_select_related = ("user",)
    fields = readonly_fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only connected apps: one that was only shown is no second factor."""
        return super().get_queryset(request).filter(confirmed=True).prefetch_related("user__recoverycodes_set")

    @admin.display(description=gettext_lazy("Konto"), ordering="user__username")
    def person(self, app: Authenticator) -> str:
        return app.user.username

    @admin.display(description=gettext_lazy("Återställningskoder kvar"))
    def codes_left(self, app: Any) -> int:
        return sum(len(row.digests) for row in app.user.recoverycodes_set.all())

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        second_factor.remove(obj.user, actor=actor(request), address=address(request))
