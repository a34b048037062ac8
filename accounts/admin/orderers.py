"""The pages of orderers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import numbers, orderers
from accounts.admin.base import actor, address
from accounts.admin.forms import OrdererForm
from accounts.admin.registers import HistoryWords, RegisterAdmin
from accounts.models import Company, Orderer
from accounts.registers.orderers import OrdererResource


class OfCompany(admin.SimpleListFilter):
    """By company: a field to write in, since a list of 2,000 to choose from is none."""

    title = gettext_lazy("företag")
    parameter_name = "foretag"
    template = "admin/filter_by_company.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("-", _("Utan företag"))]

    def choices(self, changelist: Any) -> Any:
        """For the template: what is written, the other parameters, and the one link."""
        value = self.value() or ""
        others = [(name, each) for name, values in changelist.filter_params.items() for each in values]
        yield {
            "written": "" if value == "-" else value,
            "others": [pair for pair in others if pair[0] != self.parameter_name],
            "without": changelist.get_query_string({self.parameter_name: "-"}),
            "without_selected": value == "-",
            "all": changelist.get_query_string(remove=[self.parameter_name]),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").strip()
        if not value:
            return queryset
        if value == "-":
            return queryset.filter(companies=None)
        wanted = Company.objects.filter(Q(name__icontains=value) | Q(organisation_number=value))
        return queryset.filter(pk__in=Orderer.objects.filter(companies__in=wanted).values("pk"))


class OrdererHistoryWords(HistoryWords):
    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        prepared = super().prepare_delta_change_value(change, value)
        return numbers.shown(value) if change.field == "mobile" else prepared


@admin.register(Orderer)
class OrdererAdmin(RegisterAdmin):
    """One row a person, who may order for several companies."""

    form = OrdererForm
    resource = OrdererResource
    history_words = OrdererHistoryWords
    list_display = ("name", "email", "number", "of_companies", "is_active")
    list_filter = (OfCompany, ("active", admin.BooleanFieldListFilter))
    search_fields = ("name", "email", "companies__name")
    search_help_text = gettext_lazy("Namn, e-postadress eller företag.")
    autocomplete_fields = ("companies",)
    fieldsets = ((None, {"fields": ("name", "email", "mobile", "companies", "active")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("companies")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "companies":
            field.widget.can_add_related = False  # a company has a page of its own, and no room in a window
        return field

    @admin.display(description=gettext_lazy("Mobilnummer"))
    def number(self, orderer: Orderer) -> str:
        return numbers.shown(orderer.mobile)

    @admin.display(description=gettext_lazy("Företag"))
    def of_companies(self, orderer: Orderer) -> str:
        return ", ".join(sorted(each.name for each in orderer.companies.all())) or _("Inget")

    @admin.display(description=gettext_lazy("Aktiv"), ordering="active")
    def is_active(self, orderer: Orderer) -> str:
        return _("Ja") if orderer.active else _("Nej")

    def save_model(self, request: HttpRequest, obj: Orderer, form: Any, change: bool) -> None:
        orderers.store(obj, form.cleaned_data["companies"], actor=actor(request), address=address(request))

    def delete_model(self, request: HttpRequest, obj: Orderer) -> None:
        orderers.remove(obj, actor=actor(request), address=address(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """In sentences, instead of the rows of the tables."""
        words = [
            _("Personen kan inte längre logga in som beställare."),
            _("Ändringshistoriken och loggen finns kvar."),
            _("Det går inte att ångra. Slutar personen bara för en tid, ta hellre bort bocken vid Aktiv."),
        ]
        return words, {}, set(), []
