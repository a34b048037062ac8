"""What all pages of the admin have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.text import capfirst

from accounts.models import User

LONGEST_ID = 18  # digits that always fit in a bigint


def actor(request: HttpRequest) -> User:
    """The administrator who is at it. The site lets nobody else in."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("nobody is signed in")
    return user


def address(request: HttpRequest) -> str | None:
    """Where the request came from."""
    return request.META.get("REMOTE_ADDR")


def is_key(text: str) -> bool:
    """Whether the text may be a primary key; forms and addresses that somebody has typed hold what they like."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID


def column(name: str, label: Any, *, sortable: bool = True) -> Any:
    """A field as it is, under a label of its own: the models of what is only read have none."""

    @admin.display(description=label, ordering=name if sortable else None)
    def value(obj: Any) -> Any:
        found = getattr(obj, name)
        if isinstance(found, datetime):
            found = timezone.localtime(found)
        return "–" if found in ("", None) else formats.localize(found)  # a page of one row knows no empty value

    value.__name__ = name
    return value


class PortalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Every administrator may do what a page offers: the site lets in nobody else, by the directory's word (S2).

    What was done is told by the audit trail and the history; Django's own log of the admin would only be one more
    place with names in it.
    """

    may_add = may_change = may_delete = True
    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """All pages begin here. Raises BadRequest for a NUL in the address, which PostgreSQL takes in no text."""
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest("a NUL in the address")
        return super().get_queryset(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """What the list's own filters ask for; not each field of a row, with texts that its column can't be asked."""
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

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """Told elsewhere."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """Told elsewhere."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        """Told elsewhere."""


class ReadOnlyAdmin(PortalAdmin):
    """Pages on which there is nothing to do but to read."""

    may_add = may_change = may_delete = False
