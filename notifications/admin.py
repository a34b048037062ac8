"""The admin pages of the outbox and of the daily mail's runs; and refused messages on the overview."""

import re
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit, limits
from accounts.admin.base import ReadOnlyAdmin, actor, address, column
from accounts.admin.long_lists import LongListAdmin
from accounts.companies import overview
from accounts.companies.overview import OverviewSection
from accounts.models import Company, Event, User
from idportal.clock import duration
from notifications import outbox
from notifications.models import DigestRun, Message
from notifications.outbox.queueing import resend

_KEY = re.compile(r"nyckel=[\w%-]+")
_CODE = re.compile(rf"\b\d{{{limits.CODE_DIGITS}}}\b")


def shown_receiver(message: Message) -> str:
    """The receiver as the page shows it. Of a number the last two digits alone, which are enough to recognise it."""
    if not message.to:
        return "–"
    return f"••• {message.to[-2:]}" if message.kind == Message.Channel.SMS else message.to


class _ByChoice(admin.SimpleListFilter):
    """The messages by one field with choices."""

    field: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        field: Any = Message._meta.get_field(self.field)
        return list(field.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class ByStatus(_ByChoice):
    title, parameter_name, field = gettext_lazy("läge"), "lage", "state"


class ByTopic(_ByChoice):
    title, parameter_name, field = gettext_lazy("ärende"), "vad", "purpose"


@admin.register(Message)
class MessageAdmin(LongListAdmin):
    """Newest first; refused messages stand out, with the server's words.

    No message can be changed. One that was refused or expired can be sent again as it is.
    """

    actions = ("again",)  # type: ignore[assignment]  # no other page has any

    made = column("created_at", gettext_lazy("Skapat"))
    settled = column("settled_at", gettext_lazy("Avgjort"))
    attempts = column("attempts", gettext_lazy("Försök"))
    error = column("error", gettext_lazy("Servern svarade"), sortable=False)
    company = column("company", gettext_lazy("Företag"), sortable=False)
    until = column("useful_until", gettext_lazy("Skickas senast"))
    subject = column("subject", gettext_lazy("Rubrik"))
    list_display = ("topic", made, "how", "sent_to", company, "condition", error)
    list_filter = (ByStatus, ByTopic)
    list_select_related = ("company",)
    date_hierarchy = "created_at"
    search_fields = ("subject",)
    search_help_text = gettext_lazy("Hela e-postadressen, eller företagets namn.")
    fields = ("topic", "how", "sent_to", company, "condition", error, attempts, made, settled, until, subject, "body")
    readonly_fields = fields

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Adds a title that says what the message is about."""
        message = self.get_object(request, object_id)
        title = {"subtitle": capfirst(self.topic(message))} if message else {}
        if message:  # each read leaves an event (security.md H11)
            whom = message.company or User.objects.filter(directory_id=message.about or None).first()
            result = f"message {message.pk}"
            audit.record(Event.MESSAGE_READ, whom, actor=actor(request), result=result, address=address(request))
        return super().change_view(request, object_id, form_url, {**title, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the bodies: only the one that is read is decrypted."""
        return super().get_queryset(request).defer("text", "html")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Finds a whole address by its digest, since receivers are encrypted.

        The companies are looked up first, so that PostgreSQL takes an index for each part.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        to = outbox.receiver_digest(Message.Channel.MAIL, term)
        companies = list(Company.objects.filter(name__icontains=term).values_list("pk", flat=True))
        return queryset.filter(Q(to_digest=to) | Q(company__in=companies)), False

    @admin.action(description=gettext_lazy("Skicka igen"))
    def again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Sends the chosen messages again, and says how many of them can't be."""
        ids = list(queryset.values_list("pk", flat=True))
        count = resend(ids, actor=actor(request), address=address(request))
        if count:
            words = ngettext("%(count)d meddelande skickas igen.", "%(count)d meddelanden skickas igen.", count)
            self.message_user(request, words % {"count": count}, messages.SUCCESS)
        if left := len(ids) - count:
            words = ngettext(
                "%(count)d meddelande skickas inte igen. Det går bara med det som är avvisat eller för sent, och vars "
                "text inte är raderad.",
                "%(count)d meddelanden skickas inte igen. Det går bara med det som är avvisat eller för sent, och vars "
                "text inte är raderad.",
                left,
            )
            self.message_user(request, words % {"count": left}, messages.WARNING)

    @admin.display(description=gettext_lazy("Vad"), ordering="purpose")
    def topic(self, message: Message) -> str:
        return message.get_purpose_display()

    @admin.display(description=gettext_lazy("Sätt"), ordering="kind")
    def how(self, message: Message) -> str:
        return message.get_kind_display()

    @admin.display(description=gettext_lazy("Till"))
    def sent_to(self, message: Message) -> str:
        return shown_receiver(message)

    @admin.display(description=gettext_lazy("Läge"), ordering="state")
    def condition(self, message: Message) -> SafeString | str:
        words = message.get_state_display()
        bad = message.state in (Message.Status.REFUSED, Message.Status.EXPIRED)
        return format_html('<span class="flag flag--bad">{}</span>', words) if bad else words

    @admin.display(description=gettext_lazy("Text"))
    def body(self, message: Message) -> SafeString | str:
        """The text without markup; it is blanked some time after the message settled (``limits.BODIES_KEPT``)."""
        if message.blanked_at:
            return _("Texten är raderad, %s efter att meddelandet var avgjort.") % duration(limits.BODIES_KEPT)
        # A link is for its receiver alone, and so is the code beside it.
        text = _KEY.sub("nyckel=…", message.text)
        if message.purpose == Message.Topic.SIGN_IN_LINK:
            text = _CODE.sub("…", text)
        return format_html('<pre class="inert" tabindex="0">{}</pre>', text)


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


def _refused() -> OverviewSection:
    since = timezone.now() - limits.REFUSED_SHOWN
    found = Message.objects.filter(state=Message.Status.REFUSED, settled_at__gte=since).select_related("company")
    rows = [
        (
            overview.link(
                message.get_purpose_display(), reverse("admin:notifications_message_change", args=[message.pk])
            ),
            shown_receiver(message),
            message.company.name if message.company else "–",
            message.error or "–",
        )
        for message in found.defer("text", "html").order_by("-settled_at")[: overview.LISTED]
    ]
    return OverviewSection(
        _("Meddelanden som inte togs emot, de senaste %d dagarna") % limits.REFUSED_SHOWN.days,
        "admin/overview_refused.html",
        rows,
        found.count(),
    )


overview.register(_refused)
