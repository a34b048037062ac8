"""The pages of orderers."""

import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import actor, address, column, is_key, others
from accounts.companies import orderers
from accounts.companies.admin.registers import RegisterAdmin
from accounts.companies.files.registers import OrdererRegister
from accounts.companies.forms import OrdererForm
from accounts.models import Company, Orderer, numbers
from idportal import clock

CHANGES_SHOWN = 10  # of one orderer, beside the details to be confirmed

_KEY = re.compile(r"nr-([0-9]{1,18})")


def orderers_of(company: Company) -> str:
    """The list's address. Without the organisation number, which may be a person's: links get logged."""
    return f"{reverse('admin:accounts_orderer_changelist')}?foretag=nr-{company.pk}"


class OfCompany(admin.SimpleListFilter):
    """By company: a text field, as a list of 2,000 to choose from is too long."""

    title = gettext_lazy("företag")
    parameter_name = "foretag"
    template = "admin/filter_by_company.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("-", _("Utan företag"))]

    def choices(self, changelist: Any) -> Any:
        """For the template: the typed text, the other parameters, and the links."""
        value = self.value() or ""
        yield {
            "written": "" if value == "-" else self._name(value),
            "others": others(self, changelist),
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
        if key := _KEY.fullmatch(value):
            wanted = Company.objects.filter(pk=key[1])
        else:
            wanted = Company.objects.filter(Q(name__icontains=value) | Q(organisation_number=value))
        return queryset.filter(pk__in=Orderer.objects.filter(companies__in=wanted).values("pk"))

    def _name(self, value: str) -> str:
        """The name of a company in a link, or the text that was typed."""
        key = _KEY.fullmatch(value.strip())
        return (Company.objects.filter(pk=key[1]).values_list("name", flat=True).first() or "") if key else value


@admin.register(Orderer)
class OrdererAdmin(RegisterAdmin):
    form = OrdererForm
    # These let somebody order in the orderer's name.
    proven_fields = frozenset({"email", "mobile"})
    register = OrdererRegister
    list_display = ("name", "email", "number", "of_companies", column("active", gettext_lazy("Aktiv")), "remark")
    list_filter = (OfCompany, ("active", admin.BooleanFieldListFilter))
    search_fields = ("name", "email", "companies__name")
    search_help_text = gettext_lazy("Namn, e-postadress eller företag.")
    autocomplete_fields = ("companies",)
    readonly_fields = ("counts",)
    fieldsets = ((None, {"fields": ("name", "email", "mobile", "counts", "companies", "active", "seen")}),)

    def get_urls(self) -> list[Any]:
        confirm = self.admin_site.admin_view(self.confirm_action)
        return [path("<path:object_id>/confirm/", confirm, name=self._name("confirm")), *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else ((None, {"fields": (*self.form.Meta.fields, "seen")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("companies")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Raises BadRequest for companies that are no keys, which the field could not show again."""
        if not all(is_key(each) for each in request.POST.getlist("companies")):
            raise BadRequest("no companies")
        return super().changeform_view(request, *args, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if "companies" in initial:
            initial["companies"] = [each for each in initial["companies"] if is_key(each)]
        return initial

    @admin.display(description=gettext_lazy("Mobilnummer"))
    def number(self, orderer: Orderer) -> str:
        return numbers.shown(orderer.mobile)

    @admin.display(description=gettext_lazy("Företag"))
    def of_companies(self, orderer: Orderer) -> str:
        return ", ".join(sorted(each.name for each in orderer.companies.all())) or _("Inget")

    # Contact details that are too new to count (H9).

    @admin.display(description=gettext_lazy("Att göra"))
    def remark(self, orderer: Orderer) -> SafeString | str:
        """In words, not only by colour."""
        words = _("Väntar på bekräftelse")
        return format_html('<span class="flag flag--bad">{}</span>', words) if orderer.waiting else ""

    @admin.display(description=gettext_lazy("Uppgifterna gäller"))
    def counts(self, orderer: Orderer) -> SafeString | str:
        if not orderer.waiting or orderer.waits_until is None:
            return _("Ja")
        until = _("Från %(when)s.") % {"when": clock.stamp(orderer.waits_until)}
        confirm = reverse(f"admin:{self._name('confirm')}", args=[orderer.pk])
        return format_html('{} <a href="{}">{}</a>', until, confirm, _("Bekräfta dem nu"))

    def confirm_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows what changed lately, and confirms it for an administrator who did not change it."""
        orderer = self.get_object(request, object_id) if is_key(object_id) else None
        if orderer is None:
            raise Http404
        if request.method == "POST" and self.proof(request).given():
            seen = request.POST.get("seen", "")
            try:
                orderers.confirm(orderer.pk, actor=actor(request), seen=seen, address=address(request))
            except orderers.ConfirmRefused as refused:
                messages.error(request, str(refused))
            else:
                messages.success(request, _("Uppgifterna är bekräftade, och gäller nu."))
            return redirect(f"admin:{self._name('change')}", orderer.pk)
        rows = list(orderer.history.select_related("history_user")[:CHANGES_SHOWN])
        context = {
            "title": _("Bekräfta uppgifter för %s") % orderer.name,
            "orderer": orderer,
            "changes": [{"row": row, "mobile": numbers.shown(row.mobile)} for row in rows],
            "seen": rows[0].pk if rows else "",
            "proof": self.proof(request),
        }
        return self._page(request, "confirm", context)

    def save_model(self, request: HttpRequest, obj: Orderer, form: Any, change: bool) -> None:
        orderers.store(obj, form.cleaned_data["companies"], actor=actor(request), address=address(request))

    def delete_model(self, request: HttpRequest, obj: Orderer) -> None:
        orderers.remove(obj, actor=actor(request), address=address(request))
