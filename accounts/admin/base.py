"""The base of all pages of the admin."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import formats
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from idportal.clock import stamp

LONGEST_ID = 18  # digits that always fit in a bigint


def actor(request: HttpRequest) -> User:
    """The administrator. The site lets in no other user."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("nobody is signed in")
    return user


def address(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR")


def is_key(text: str) -> bool:
    """Whether the text can be a primary key."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID


def column(name: str, label: Any, *, sortable: bool = True) -> Any:
    """A column with the field's value under this label, for models without labels."""

    @admin.display(description=label, ordering=name if sortable else None)
    def value(obj: Any) -> Any:
        found = getattr(obj, name)
        if isinstance(found, bool):
            return _("Ja") if found else _("Nej")
        if isinstance(found, datetime):
            return format_html('<span class="nowrap">{}</span>', stamp(found))
        return "–" if found in ("", None) else formats.localize(found)

    value.__name__ = name
    return value


def always(*args: Any, **kwargs: Any) -> bool:
    return True


def never(*args: Any, **kwargs: Any) -> bool:
    return False


def others(chosen: admin.SimpleListFilter, changelist: Any) -> list[tuple[str, str]]:
    """The list's other parameters, for a filter that is a form."""
    pairs = [(name, each) for name, values in changelist.filter_params.items() for each in values]
    return [pair for pair in pairs if pair[0] != chosen.parameter_name]


class ChosenActionForm(ActionForm):
    """Not called wrong, in a screen reader's words, before anything was chosen."""

    use_required_attribute = False


class PortalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Every administrator may do what a page offers. The site lets in no other user, by the directory's groups (S2)."""

    has_module_permission = has_view_permission = always
    has_add_permission = has_change_permission = has_delete_permission = always
    actions = None
    action_form = ChosenActionForm
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Raises BadRequest for a NUL in the address, which PostgreSQL refuses."""
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest("a NUL in the address")
        return super().get_queryset(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only the list's own filters: other fields may not take the text."""
        filtered = {
            each[0] if isinstance(each, tuple) else getattr(each, "parameter_name", each) for each in self.list_filter
        }
        asked = super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]  # None is deprecated
        return asked and lookup.partition("__")[0] in {*filtered, self.date_hierarchy}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if not all(is_key(each) for each in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("no rows of this list")
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """None of the rows of the tables: the page says in sentences what follows."""
        return [], {}, set(), []

    def log_addition(self, request: HttpRequest, *args: Any) -> None:  # type: ignore[override]
        """Nothing: the trail and the history tell it. Django's log would be one more place with names."""

    log_change = log_deletions = log_addition  # type: ignore[assignment]


class ReadOnlyAdmin(PortalAdmin):
    has_add_permission = has_change_permission = has_delete_permission = never
