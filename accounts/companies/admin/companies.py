"""The pages of companies and their recipients."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import companies
from accounts.admin.base import actor, address, column
from accounts.companies.admin.orderers import orderers_of
from accounts.companies.admin.registers import RegisterAdmin
from accounts.companies.files.registers import CompanyRegister
from accounts.companies.forms import CompanyForm
from accounts.models import BouncedAddress, Company, numbers
from accounts.models.recipients import RECIPIENT_COLUMNS

SHOWN_ORDERERS = 20  # on a company's page; its list has them all


class RecipientFilter(admin.SimpleListFilter):
    title = gettext_lazy("mottagare")
    parameter_name = "mottagare"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("saknas", _("Saknas")), ("studsar", _("Mejlet studsar"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "saknas":
            return queryset.without_recipients()
        return queryset.filter(bounces=True) if self.value() == "studsar" else queryset


@admin.register(Company)
class CompanyAdmin(RegisterAdmin):
    form = CompanyForm
    register = CompanyRegister
    ordering = ("name",)
    is_active = column("active", gettext_lazy("Aktivt"))
    list_display = ("name", "organisation_number", "recipients", "how_many_orderers", is_active, "remark")
    list_filter = (RecipientFilter, ("active", admin.BooleanFieldListFilter))
    search_fields = ("name", "organisation_number", "directory_values", *RECIPIENT_COLUMNS)
    search_help_text = gettext_lazy("Namn, organisationsnummer, värde i katalogen eller mottagare.")
    readonly_fields = ("orderers_here", "bounced")
    fieldsets = (
        (None, {"fields": ("name", "organisation_number", "directory_values", "active", "seen")}),
        (gettext_lazy("Mottagare av mejlet om lösenord"), {"fields": (*RECIPIENT_COLUMNS, "bounced")}),
        (gettext_lazy("Beställare"), {"fields": ("orderers_here",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        first, recipients, _orderers = self.fieldsets
        return self.fieldsets if obj else (first, (recipients[0], {"fields": RECIPIENT_COLUMNS}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Adds the other columns of the list, in one query."""
        rows: Any = super().get_queryset(request)
        shown: QuerySet[Any] = rows.with_bounces().annotate(orderer_count=Count("orderers", distinct=True))
        return shown

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Finds an organisation number in any way of writing."""
        search_term = numbers.organisation_number_or_blank(search_term) or search_term
        return super().get_search_results(request, queryset, search_term)

    # The list.

    @admin.display(description=gettext_lazy("Mottagare"), ordering="recipient1")
    def recipients(self, company: Company) -> SafeString | str:
        return format_html_join(SafeString("<br>"), "{}", ((each,) for each in company.recipients)) or "–"

    @admin.display(description=gettext_lazy("Beställare"), ordering="orderer_count")
    def how_many_orderers(self, company: Any) -> SafeString | str:
        if not company.orderer_count:
            return "0"
        return format_html('<a href="{}">{}</a>', orderers_of(company), company.orderer_count)

    @admin.display(description=gettext_lazy("Att göra"))
    def remark(self, company: Any) -> SafeString | str:
        """In words, not only by colour."""
        words = "" if company.recipients else _("Mottagare saknas")
        words = words or (_("Mejlet studsar") if company.bounces else "")
        return format_html('<span class="flag flag--bad">{}</span>', words) if words and company.active else ""

    # One company.

    @admin.display(description=gettext_lazy("Mejl som har studsat"))
    def bounced(self, company: Company) -> SafeString | str:
        lines = []
        for each in BouncedAddress.objects.filter(address__in=company.recipients.compared):
            words = ngettext(
                "%(address)s: %(count)d gång, %(day)s. Servern svarade: %(reason)s",
                "%(address)s: %(count)d gånger, senast %(day)s. Servern svarade: %(reason)s",
                each.count,
            )
            values = {"address": each.address, "count": each.count, "day": each.last_at.date()}
            lines.append(words % {**values, "reason": each.reason or _("inget")})
        return format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines)) or _("Inget")

    @admin.display(description=gettext_lazy("Får beställa"))
    def orderers_here(self, company: Company) -> SafeString:
        found = company.orderers.all()[: SHOWN_ORDERERS + 1]
        context = {"company": company, "found": found, "most": SHOWN_ORDERERS, "list": orderers_of(company)}
        return render_to_string("admin/company_orderers.html", context)

    # Changes.

    def save_model(self, request: HttpRequest, obj: Company, form: Any, change: bool) -> None:
        companies.store(obj, actor=actor(request), address=address(request))

    def delete_model(self, request: HttpRequest, obj: Company) -> None:
        companies.remove(obj, actor=actor(request), address=address(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """How many orderers lose the company, in sentences."""
        (company,) = objs
        count = company.orderers.count()
        only_here = company.orderers.annotate(number=Count("companies")).filter(number=1).count()
        words = []
        if count:
            lose = ngettext(
                "%(count)d beställare förlorar företaget.", "%(count)d beställare förlorar företaget.", count
            )
            words.append(lose % {"count": count})
        if only_here:
            sentence = ngettext(
                "%(count)d av dem har inget annat företag kvar. Ta bort den beställaren också, om den inte ska finnas.",
                "%(count)d av dem har inget annat företag kvar. Ta bort de beställarna också, om de inte ska finnas.",
                only_here,
            )
            words.append(sentence % {"count": only_here})
        return words, {}, set(), []
