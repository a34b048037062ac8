"""The admin's page of the audit trail (security.md L1)."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import column, others
from accounts.admin.long_lists import LongListAdmin
from accounts.audit.trail import in_words, username_of
from accounts.models import AuditEvent, Company, Event, Orderer, User

MOST_ACCOUNTS = 100  # that a search's beginning of a user name may stand for


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
class AuditEventAdmin(LongListAdmin):
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
        """Finds by the user name of actor and subject, and by the names in the event.

        The ids are looked up first: PostgreSQL then takes an index for each part, where a subquery would have it read
        all of the trail.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(subject_name__istartswith=term) | Q(company__istartswith=term)
        named = User.objects.filter(username__istartswith=term).values_list("directory_id", flat=True)
        ids = list(named[: MOST_ACCOUNTS + 1])
        if len(ids) <= MOST_ACCOUNTS:
            found |= Q(actor__in=ids) | Q(subject__in=ids)
        else:
            words = _("Så börjar fler än %d användarnamn. Skriv mer av namnet för att även se vad kontona har gjort.")
            self.message_user(request, words % MOST_ACCOUNTS, messages.WARNING)
        return queryset.filter(found), False

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
