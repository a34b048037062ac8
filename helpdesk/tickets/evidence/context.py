"""What the registers, the directory and other tickets say about a ticket."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import limits, phones
from accounts.directory import Account
from accounts.models import Company, Orderer, Phone, PhoneLink, PhoneRemoval
from accounts.models.recipients import Recipients
from helpdesk.models import IncomingMail, Ticket, TimelineEntry, Verification

Kind = Ticket.Kind

LATELY = timedelta(days=30)


class TicketContext:
    """``account``: the one that has the ticket's user name now; None also while the directory is down.

    The fields without a value here are filled by ``registers.fill``, for many tickets at once.
    """

    orderer_belongs: bool  # the orderer is one of the company's now, active or not
    history: Sequence[tuple[Any, bool]]  # the orderer's earlier rows, oldest first, each with whether it belonged
    verifications: Sequence[Verification]  # those of the orderer that count, newest first
    directory_company: Company | None  # to which the directory says that the account belongs
    phone: Phone | None  # the number on file for the account
    other_usernames: Sequence[str]  # the other accounts that have the new number
    recent_removals: Sequence[PhoneRemoval]  # of the account's numbers, newest first; none if none is to be linked
    earlier_links: Sequence[PhoneLink]  # the numbers that were linked to the account, newest first
    bounced: Sequence[str]  # of the new recipients, those to which mail has bounced

    def __init__(self, ticket: Ticket, account: Account | None, *, directory_down: bool = False) -> None:
        self.ticket = ticket
        self.account = account
        self.directory_down = directory_down
        self.company: Company | None = ticket.company
        self.orderer: Orderer | None = ticket.orderer

    # The orderer.

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

    @property
    def entitled_since(self) -> date | None:
        """Since which day, as far back as the history reaches; None if it does not tell."""
        since = None
        for row, belonged in self.history:
            if not (row.active and belonged):
                since = None
            elif since is None:
                since = timezone.localdate(row.history_date)
        return since

    def last_change(self, field: str) -> Any:
        """The row of the last change of the orderer's ``mobile`` or ``email``, or None."""
        rows = [row for row, _belonged in self.history]
        for before, after in reversed(list(pairwise(rows))):
            if getattr(before, field) != getattr(after, field):
                return after
        return None

    def recent_change(self, field: str) -> datetime | None:
        change = self.last_change(field)
        return change.history_date if change and lately(change.history_date) else None

    @property
    def mobile_changed(self) -> bool:
        return self.recent_change("mobile") is not None

    # The account.

    @property
    def account_id(self) -> str:
        return self.account.id if self.account else self.ticket.account

    # Its number, and the new one.

    @property
    def tells_old_number(self) -> bool:
        """Whether an approval tells the number that the account has now."""
        return phones.tells_old_number(self.phone, self.ticket.new_number)

    @property
    def recent_removal(self) -> PhoneRemoval | None:
        """The helpdesk's last one of them."""
        return next((removal for removal in self.recent_removals if removal.reference), None)

    @property
    def tells_removed_number(self) -> bool:
        """Whether an approval tells a number that the helpdesk removed (H8)."""
        return any(removal.number not in ("", self.ticket.new_number) for removal in self.recent_removals)

    # Recipients.

    @property
    def new_recipients(self) -> Recipients:
        return self.ticket.recipients - (self.company.recipients if self.company else Recipients())

    # A page of one ticket asks for all of them; for many tickets, ``registers.count`` says how many count.

    @cached_property
    def asked_lately(self) -> int:
        """Other tickets about the account."""
        about_it = [each for each in self.earlier_tickets if each.account == self.account_id]
        return sum(lately(each.created_at) for each in about_it) if self.account_id else 0

    @cached_property
    def wrong_codes(self) -> int:
        """How often a wrong code was read out."""
        return sum(entry.what == TimelineEntry.What.CODE_WRONG for entry in self.timeline)

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
