"""The admin page of the daily mail's runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadOnlyAdmin, column
from notifications.models import DigestRun


@admin.register(DigestRun)
class DigestRunAdmin(ReadOnlyAdmin):
    """One row a day."""

    day = column("day", gettext_lazy("Dag"))
    since = column("since", gettext_lazy("Berättar om allt efter"))
    started = column("started_at", gettext_lazy("Började"))
    accounts = column("accounts", gettext_lazy("Konton"))
    mails = column("mails", gettext_lazy("Mejl"))
    list_display = (day, since, started, "done", accounts, mails)
    date_hierarchy = "day"
    fields = readonly_fields = list_display

    @admin.display(description=gettext_lazy("Klar"), ordering="completed_at")
    def done(self, run: DigestRun) -> Any:
        unfinished = format_html('<span class="flag flag--bad">{}</span>', _("Inte klar"))
        return run.completed_at or unfinished
