"""What the registers, the directory and other tickets say about a ticket: each is read once, and only if needed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import limits, phones
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import BouncedAddress, Company, Orderer, Phone, PhoneLink, PhoneRemoval
from accounts.models.recipients import Recipients
from helpdesk.models import IncomingMail, Ticket, TimelineEntry, Verification
from helpdesk.tickets import verification

Kind = Ticket.Kind

LATELY = timedelta(days=30)


class TicketContext:
    """``account``: the one that has the ticket's user name now; None also while the directory is down."""

    def __init__(self, ticket: Ticket, account: Account | None, *, directory_down: bool = False) -> None:
        self.ticket = ticket
        self.account = account
        self.directory_down = directory_down
        self.company: Company | None = ticket.company
        self.orderer: Orderer | None = ticket.orderer

    # The orderer.

    @cached_property
    def orderer_belongs(self) -> bool:
        """Whether the orderer is one of the company's now, active or not."""
        if self.orderer is None or self.company is None:
            return False
        return self.orderer.companies.filter(pk=self.company.pk).exists()

    @property
    def entitled(self) -> bool:
        """Whether the orderer may order for the company now."""
        active = self.orderer and self.orderer.active and self.company and self.company.active
        return bool(active) and self.orderer_belongs

    @property
    def orderer_is_told(self) -> bool:
        """Whether the orderer gets a mail of the decision: ``Ticket.orderer_is_authorised``, without another query."""
        if self.company is None:
            return self.orderer is not None and self.orderer.active
        return self.entitled

    @property
    def mail(self) -> IncomingMail | None:
        """The mail that opened the ticket."""
        return self.ticket.opening_mail if self.ticket.source == Ticket.Source.MAIL else None

    @property
    def by_program(self) -> bool:
        """Whether a program wrote the mail, and asks for nothing that the helpdesk knows."""
        mail = self.mail if self.ticket.kind == Kind.OTHER else None
        return mail is not None and mail.automatic and not mail.unreadable

    @property
    def from_orderer(self) -> bool:
        """Whether the mail bears the orderer's address, which proves nothing yet (M1)."""
        mail, orderer = self.mail, self.orderer
        return mail is not None and orderer is not None and mail.sender.lower() == orderer.email.lower()

    @cached_property
    def _history(self) -> list[Any]:
        """The orderer's earlier rows, oldest first."""
        if self.orderer is None:
            return []
        membership = apps.get_model("accounts", "HistoricalOrderer_companies")._default_manager
        same = membership.filter(history=OuterRef("pk"), company=self.company.pk if self.company else None)
        rows = Orderer.history.filter(id=self.orderer.pk).annotate(belonged=Exists(same))
        return list(rows.select_related("history_user").order_by("history_date", "history_id"))

    @property
    def entitled_since(self) -> date | None:
        """Since which day, as far back as the history reaches; None if it does not tell."""
        since = None
        for row in self._history:
            if not (row.active and row.belonged):
                since = None
            elif since is None:
                since = timezone.localdate(row.history_date)
        return since

    def last_change(self, field: str) -> Any:
        """The row of the last change of the orderer's ``mobile`` or ``email``, or None."""
        for before, after in reversed(list(zip(self._history, self._history[1:], strict=False))):
            if getattr(before, field) != getattr(after, field):
                return after
        return None

    def recent_change(self, field: str) -> datetime | None:
        change = self.last_change(field)
        return change.history_date if change and lately(change.history_date) else None

    @property
    def mobile_changed(self) -> bool:
        return self.recent_change("mobile") is not None

    @cached_property
    def verifications(self) -> Sequence[Verification]:
        """The verifications of the orderer that count, newest first."""
        return verification.valid(self.ticket)

    # The account.

    @cached_property
    def directory_company(self) -> Company | None:
        """The company to which the directory says that the account belongs."""
        return CompanyMatcher().company_of(self.account) if self.account else None

    @property
    def account_id(self) -> str:
        return self.account.id if self.account else self.ticket.account

    # Its number, and the new one.

    @cached_property
    def _phones(self) -> list[Phone]:
        wanted = Q(user__directory_id=self.account_id) if self.account_id else Q()
        if self.ticket.new_number:
            wanted |= Q(number_digest=digest(self.ticket.new_number, "number"))
        return list(Phone.objects.filter(wanted).select_related("user").order_by("user__username")) if wanted else []

    @property
    def phone(self) -> Phone | None:
        """The number on file for the account."""
        return next((phone for phone in self._phones if phone.user.directory_id == self.account_id), None)

    @property
    def tells_old_number(self) -> bool:
        """Whether an approval tells the number that the account has now."""
        return phones.tells_old_number(self.phone, self.ticket.new_number)

    @property
    def other_usernames(self) -> list[str]:
        """The other accounts that have the new number."""
        return [phone.user.username for phone in self._phones if phone.user.directory_id != self.account_id]

    @cached_property
    def recent_removals(self) -> list[PhoneRemoval]:
        """The removals of the account's numbers, lately, the newest one first; none if no number is to be linked."""
        if not self.account_id or self.ticket.kind != Kind.PHONE:
            return []
        return phones.recent_removals(self.account_id)

    @property
    def recent_removal(self) -> PhoneRemoval | None:
        """The helpdesk's last one of them."""
        return next((removal for removal in self.recent_removals if removal.reference), None)

    @property
    def tells_removed_number(self) -> bool:
        """Whether an approval tells a number that the helpdesk removed (H8)."""
        return any(removal.number not in ("", self.ticket.new_number) for removal in self.recent_removals)

    @cached_property
    def earlier_links(self) -> list[PhoneLink]:
        """The numbers that the helpdesk linked to the account, newest first."""
        if not self.account_id:
            return []
        made = PhoneLink.objects.filter(user__directory_id=self.account_id)
        made = made.filter(made_at__gt=timezone.now() - limits.EARLIER_TICKETS)
        return list(made.select_related("user", "agent").order_by("-made_at")[: limits.MOST_EARLIER_TICKETS])

    # Recipients.

    @property
    def new_recipients(self) -> Recipients:
        return self.ticket.recipients - (self.company.recipients if self.company else Recipients())

    @cached_property
    def bounced(self) -> list[str]:
        """Those to which mail has bounced."""
        rows = BouncedAddress.objects.filter(address__in=self.new_recipients.compared)
        return list(rows.values_list("address", flat=True))

    # Tickets.

    @cached_property
    def earlier_tickets(self) -> Sequence[Ticket]:
        """Newest first, of the time EARLIER_TICKETS: a few about the account, and as many of the orderer."""
        lately = Ticket.objects.filter(created_at__gt=timezone.now() - limits.EARLIER_TICKETS)
        others = lately.exclude(pk=self.ticket.pk)
        newest = others.order_by("-created_at", "-pk")
        wanted = Q()
        if self.account_id:
            wanted |= Q(pk__in=newest.filter(account=self.account_id).values("pk")[: limits.MOST_EARLIER_TICKETS])
        if self.orderer:
            wanted |= Q(pk__in=newest.filter(orderer=self.orderer).values("pk")[: limits.MOST_EARLIER_TICKETS])
        return list(Ticket.objects.filter(wanted).order_by("-created_at", "-pk")) if wanted else []

    @cached_property
    def timeline(self) -> Sequence[TimelineEntry]:
        """The ticket's own, newest first."""
        return list(self.ticket.entries.order_by("-at", "-pk"))


def lately(at: datetime | None) -> bool:
    return at is not None and timezone.now() - at < LATELY


def day(at: datetime) -> str:
    """2026-11-20, för 5 dagar sedan."""
    on = timezone.localdate(at)
    days = (timezone.localdate() - on).days
    if days <= 0:
        ago = _("i dag")
    elif days == 1:
        ago = _("i går")
    else:
        ago = ngettext("för %(count)d dag sedan", "för %(count)d dagar sedan", days) % {"count": days}
    return f"{on:%Y-%m-%d}, {ago}"
