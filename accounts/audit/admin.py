"""The admin's page of the audit trail (security.md L1)."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadOnlyAdmin, column, others
from accounts.audit.trail import in_words, username_of
from accounts.models import AuditEvent, Company, Event, Orderer, User


class ByEvent(admin.SimpleListFilter):
    title = gettext_lazy("händelse")
    template = "admin/filter_select.html"
    parameter_name = "handelse"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((event.value, str(event.label)) for event in Event), key=lambda pair: pair[1])

    def choices(self, changelist: Any) -> Any:
        """For the template: the other parameters and the choices."""
        choices = [("", _("Alla")), *self.lookup_choices]
        shared = {"others": others(self, changelist), "parameter": self.parameter_name, "chosen": self.value() or ""}
        yield {**shared, "choices": choices}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(event=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    when = column("at", gettext_lazy("Tid"))
    company = column("company", gettext_lazy("Företag"))
    address = column("address", gettext_lazy("Adress"))
    list_display = (when, "what", "by", "about", company, "outcome", address)
    list_display_links = None
    list_filter = (ByEvent,)
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    sortable_by = ()
    search_fields = ("subject_name",)
    search_help_text = gettext_lazy("Användarnamn, eller början på det. För beställare: namnet. För företag: namnet.")
    fields = readonly_fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        names = {"actor_name": username_of("actor"), "subject_username": username_of("subject")}
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**names)
        return rows

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Finds by the user name of actor and subject, and by the names in the event."""
        term = search_term.strip()
        if not term:
            return queryset, False
        ids = User.objects.filter(username__istartswith=term).values("directory_id")
        named = Q(subject_name__istartswith=term) | Q(company__istartswith=term)
        return queryset.filter(named | Q(actor__in=ids) | Q(subject__in=ids)), False

    @admin.display(description=gettext_lazy("Vad"))
    def what(self, event: AuditEvent) -> str:
        return str(Event(event.event).label) if event.event in Event else event.event

    @admin.display(description=gettext_lazy("Vem gjorde det"))
    def by(self, event: Any) -> str:
        return event.actor_name or event.actor or "–"

    @admin.display(description=gettext_lazy("Om vem"))
    def about(self, event: Any) -> str:
        return event.subject_name or event.subject_username or "–"

    @admin.display(description=gettext_lazy("Resultat"))
    def outcome(self, event: AuditEvent) -> str:
        model = {"company": Company, "orderer": Orderer}.get(event.event.partition(" ")[0])
        return in_words(event.result, model) or "–"
