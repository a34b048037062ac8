"""Tickets and what belongs to them; helpdesk mail; sign-in links; company counts; saved filters."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Challenge, Company, Orderer, User, numbers
from accounts.models.recipients import HasRecipients
from accounts.privacy.append_only import AppendOnly, AppendOnlyRows
from accounts.privacy.encryption import EncryptedTextField
from accounts.throttling.known_browsers import PRESENTED_LENGTH


class Counter(models.Model):
    """The last ticket number of a year."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Ticket(HasRecipients, models.Model):
    """A question to the helpdesk (manual-sv.md, "Support"), from its arrival to the decision.

    ``helpdesk.tickets.states`` says how it moves from one state to the next. ``orderer`` and ``company`` are rows of
    the register; the texts are what the sender wrote, and stay when those rows are deleted.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", "Koppla nytt mobil nr"
        RECIPIENTS = "recipients", "Ändring av e-postmottagare för mejl om lösenordsbyte LOV"
        OTHER = "other", _("Annat ärende")

        @property
        def subject(self) -> str:
            """As the municipality calls it: the subject of a mail, and the heading of the agent's page."""
            own = {"phone": settings.TICKET_PHONE_SUBJECT, "recipients": settings.TICKET_RECIPIENTS_SUBJECT}
            return own.get(self.value) or str(self.label)

    class State(models.TextChoices):
        NEW = "new", _("nytt")
        VERIFYING = "verifying", _("kontrolleras")
        DONE = "done", _("godkänt och utfört")
        REJECTED = "rejected", _("avslaget")
        WITHDRAWN = "withdrawn", _("återtaget")

    class Source(models.TextChoices):
        PAGES = "pages", _("beställarens sidor")  # signed in with a link and a code
        CALL = "call", _("samtal")
        MAIL = "mail", _("mejl")
        PORTAL = "portal", _("portalen")

    number = models.CharField(max_length=12, unique=True)  # 2026-00042, for people to quote
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    source = models.CharField(max_length=6, choices=Source.choices)
    created_at = models.DateTimeField(default=timezone.now)

    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="tickets")
    company_name = models.CharField(max_length=200, blank=True)
    orderer = models.ForeignKey(Orderer, null=True, on_delete=models.SET_NULL, related_name="tickets")
    orderer_name = models.CharField(max_length=200, blank=True)

    # PHONE. ``account``: the directory's id of the account that had the user name then; "": there was none.
    employee_name = models.CharField(max_length=200, blank=True)
    employee_username = models.CharField(max_length=256, blank=True)
    account = models.CharField(max_length=36, blank=True, db_index=True)
    new_number = EncryptedTextField(blank=True, default="", bound_to=["number", "employee_username"])  # E.164
    # RECIPIENTS: all that are to count afterwards.
    recipient1 = models.EmailField(max_length=254, blank=True)
    recipient2 = models.EmailField(max_length=254, blank=True)
    # OTHER, and an addition to the rest. Encrypted: some senders write a password.
    text = EncryptedTextField(blank=True, default="", bound_to=["number"])
    # MAIL. A field that the mail leaves blank, and why (helpdesk.intake.reading.fields.Why); the agent finds it out.
    unread = models.JSONField(default=dict, blank=True)
    # Filled-in fields about which the mail says something else as well.
    doubts = models.JSONField(default=list, blank=True)
    # When an agent last changed the details. An earlier verification of the orderer does not cover them.
    changed_at = models.DateTimeField(null=True)
    # An agent replaced the number that the sender gave. Then a second agent approves (security.md H8).
    number_corrected = models.BooleanField(default=False)

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="tickets_taken"
    )
    taken_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = pgettext_lazy("ticket", "ärende")
        verbose_name_plural = _("ärenden")
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(fields=["state", "created_at"]),
            models.Index(fields=["company", "created_at"]),
            models.Index(fields=["decided_at"]),
        ]

    def __str__(self) -> str:
        return self.number

    def get_kind_display(self) -> str:  # type: ignore[no-redef]  # Django leaves it to a model that has one
        """In the municipality's words."""
        return self.Kind(self.kind).subject

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @cached_property
    def opening_mail(self) -> IncomingMail | None:
        """The mail that opened the ticket; read once, since it stays the same."""
        return self.mails.filter(outcome=IncomingMail.MailOutcome.OPENED).first()

    @property
    def shown_number(self) -> str:
        """The new number; only its end once the ticket is closed: it may be on file by then (security.md G, H3)."""
        if not self.new_number:
            return ""
        return numbers.shown(self.new_number) if self.open else f"••• {self.new_number[-2:]}"

    @property
    def edition(self) -> str:
        """Another one after each change of the details: a page that shows an earlier one approves nothing."""
        return self.changed_at.isoformat() if self.changed_at else ""

    def assign(self, agent: User | None) -> None:
        """Gives the ticket to an agent, or back to all of them; the caller saves it."""
        self.agent, self.taken_at = agent, timezone.now() if agent else None
        self.state = self.State.VERIFYING if agent else self.State.NEW

    def orderer_is_authorised(self) -> bool:
        """Whether the orderer is an active one now, and of the ticket's company if it names one. Asks the database."""
        if self.orderer is None or not self.orderer.active:
            return False
        company = self.company_id
        return company is None or self.orderer.companies.filter(pk=company, active=True).exists()


OPEN = (Ticket.State.NEW, Ticket.State.VERIFYING)


class TimelineEntry(AppendOnly):
    """One line of a ticket's timeline: when, who, what, and why in their own words. Append-only."""

    class By(models.TextChoices):
        AGENT = "agent", _("helpdesk")
        ORDERER = "orderer", _("beställare")
        PORTAL = "portal", _("portalen")
        MAIL = "mail", _("mejl")  # its sender

    class What(models.TextChoices):
        OPENED = "opened", _("Ärendet kom in")
        TAKEN = "taken", _("Tog ärendet")
        GIVEN_BACK = "given back", _("Lämnade tillbaka ärendet")
        NOTED = "noted", _("Anteckning")
        MAILED = "mailed", _("Ett mejl till kom in")
        ASKED = "asked", _("Frågade beställaren med ett mejl")
        ANSWERED = "answered", _("Beställaren svarade på frågan")
        UNSURE_ANSWER = "unsure answer", _("Ett svar på frågan kom in, från en avsändare som inte är kontrollerad")
        AUTO_REPLIED = "auto replied", _("Ett automatiskt svar på frågan kom in")
        NOT_DELIVERED = "not delivered", _("Frågan kom inte fram")
        COMPLETED = "completed", _("Fyllde i eller rättade uppgifterna")
        CODE_SENT = "code sent", _("Bad om en kod till beställarens mobil")
        CODE_WRONG = "code wrong", _("Koden som lästes upp var fel")
        CODE_RIGHT = "code right", _("Beställaren läste upp rätt kod")
        CALLED_BACK = "called back", _("Ringde upp beställaren på numret i registret")
        NOT_CARRIED_OUT = "not carried out", _("Gick inte att utföra")
        CARRIED_OUT = "carried out", _("Godkände, och det är utfört")
        REJECTED = "rejected", _("Avslog")
        WITHDRAWN = "withdrawn", _("Tog tillbaka ärendet")
        CONFIRMED = "confirmed", _("En mottagare bekräftade sin adress")
        STOPPED = "stopped", _("Det nya numret stoppades")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="entries")
    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=7, choices=By.choices)
    who = models.CharField(max_length=256, blank=True)  # an agent's user name, an orderer's name, or ""
    what = models.CharField(max_length=16, choices=What.choices)
    state = models.CharField(max_length=10, choices=Ticket.State.choices)  # the ticket's, afterwards
    why = EncryptedTextField(blank=True, default="", bound_to=["ticket_id", "what"])

    objects = AppendOnlyRows["TimelineEntry"].as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.what}"


# The results of a DMARC check that say: the mail is not from the domain in From.
FORGED = ("fail", "other domain")


class IncomingMail(models.Model):
    """A mail from the helpdesk's mailbox, and what became of it. One row for each message (security.md M3).

    Its words are claims. They are kept as text, for 90 days; the row stays with its ticket.
    """

    class MailOutcome(models.TextChoices):
        OPENED = "opened"  # a ticket
        JOINED = "joined"  # a ticket that was there, and grants it nothing
        ANSWER = "answer"  # joined it too: to a question, from the orderer who was asked (M6)
        BOUNCE = "bounce"  # of a digest: marked its recipient, and opened no ticket
        ARRIVED = "arrived"  # for a moment, within the transaction that finds its place

    class SenderTrust(models.TextChoices):
        """How far the sender is known (security.md M1)."""

        VERIFIED = "verified"  # a registered orderer, and the border server vouches for the address
        UNVERIFIED = "unverified"  # From can be anyone

    key = models.CharField(max_length=64, unique=True)  # a digest of the Message-ID, or of the whole mail
    content = models.CharField(max_length=64)  # a digest of its words
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="mails")
    outcome = models.CharField(max_length=7, choices=MailOutcome.choices)
    sender_trust = models.CharField(max_length=10, choices=SenderTrust.choices, default=SenderTrust.UNVERIFIED)
    dmarc = models.CharField(max_length=20, blank=True)  # the border server's result; "": none that counts
    automatic = models.BooleanField(default=False)  # a program wrote it, and gets no answer (M2)
    came_at = models.DateTimeField(default=timezone.now)

    sender = EncryptedTextField(blank=True, default="", bound_to=["key"])  # the address in From; "": none, or several
    sender_name = EncryptedTextField(blank=True, default="", bound_to=["key"])
    subject = EncryptedTextField(blank=True, default="", bound_to=["key"])
    text = EncryptedTextField(blank=True, default="", bound_to=["key"])
    attached = EncryptedTextField(blank=True, default="", bound_to=["key"])  # a line for each: size in bytes, name
    cut = models.BooleanField(default=False)  # there is more of it in the mailbox
    unreadable = models.BooleanField(default=False)  # no program could read it; ``text`` is its bytes
    blanked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["came_at", "pk"]
        indexes = [models.Index(fields=["came_at"])]

    def __str__(self) -> str:
        return f"mail {self.pk}"

    @property
    def attachments(self) -> list[tuple[str, int]]:
        """Names, and sizes in bytes."""
        pairs = (line.partition(" ") for line in self.attached.splitlines())
        return [(name, int(size)) for size, _blank, name in pairs]

    @property
    def verified(self) -> bool:
        return self.sender_trust == self.SenderTrust.VERIFIED

    @property
    def forged(self) -> bool:
        """The border server found that the mail is not from the sender in From."""
        return self.dmarc in FORGED


class MailboxRead(models.Model):
    """When the helpdesk's mailbox was last read to its end: one row, for a monitor."""

    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"read at {self.at}"


class ReadAttempt(models.Model):
    """A message of the mailbox that is being read; the row is deleted when that is done.

    ``crashes``: how many readers it ended, the present one counted until it comes through. ``refusals``: how often the
    server refused to show or move it. Neither may hold up another message.
    """

    message = models.CharField(max_length=64, unique=True)  # a digest of Mailbox.name_of
    crashes = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"message {self.pk}"


class Verification(models.Model):
    """An agent's check that the caller is the orderer (H1). It counts once ``done_at`` is set.

    ``mobile_digest``: of the orderer's number on file at that moment. It stops counting when that number changes.
    """

    class How(models.TextChoices):
        CODE = "code", _("kod till beställarens mobil, uppläst")
        CALL_BACK = "call back", _("uppringning av numret i registret")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="verifications")
    how = models.CharField(max_length=9, choices=How.choices)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    orderer = models.ForeignKey(Orderer, null=True, on_delete=models.SET_NULL, related_name="+")
    mobile_digest = models.CharField(max_length=64)
    challenge = models.ForeignKey(Challenge, null=True, on_delete=models.SET_NULL, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["begun_at", "pk"]

    def __str__(self) -> str:
        return f"{self.how} for {self.ticket_id}"


class Confirmation(models.Model):
    """A mail that asks a new recipient to confirm the address (H6). The link itself is not kept.

    ``recipients_before``: the company's recipients as the approval left them. If they differ now, a later decision
    replaced this one. ``ended_at``: when a later change overtook it.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="confirmations")
    address = models.EmailField(max_length=254)
    digest = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    recipients_before = models.JSONField(default=list)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "pk"]

    def __str__(self) -> str:
        return f"confirmation {self.pk}"


class SignInLink(models.Model):
    """A link that signs an orderer in, and the code beside it: asked for in one browser, mailed, used there once (E2).

    Each request makes a row, whatever the address. ``digest``: of the link, ``code_digest``: of the code, which are
    kept nowhere; "" until the task has found the orderer.
    """

    # The address as typed, until the task has looked it up. To ask in another's name needs no other's row.
    asked_for = EncryptedTextField(blank=True, default="", bound_to=[])
    # What the browser that asked presents of the accounts that know it; as long.
    presented = models.CharField(max_length=PRESENTED_LENGTH, blank=True, default="", db_default="")
    orderer = models.ForeignKey(Orderer, null=True, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    code_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)  # wrong tries of the code
    known = models.BooleanField(default=False, db_default=False)  # the orderer has signed in in that browser before
    language = models.CharField(max_length=2)
    address = models.GenericIPAddressField(null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link {self.pk}"


class DayCount(models.Model):
    """What the trail and the messages said of a day that is over: what the overview counts of it (day_counts.py)."""

    day = models.DateField(unique=True)
    resets = models.PositiveIntegerField(default=0)
    registrations = models.PositiveIntegerField(default=0)
    sms_sent = models.PositiveIntegerField(default=0)
    sms_failed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"figures of {self.day}"


class CompanyCount(models.Model):
    """How many of a company's employees had a number or an expired password on one day, by the directory."""

    day = models.DateField()
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="counts")
    accounts = models.PositiveIntegerField(default=0)
    with_number = models.PositiveIntegerField(default=0)
    expired = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "company"], name="one_count_a_company_and_day")]

    def __str__(self) -> str:
        return f"{self.company_id} on {self.day}"

    @property
    def share(self) -> float:
        """The share of accounts with a number, 0 to 1. A company without accounts lacks none: 1."""
        return self.with_number / self.accounts if self.accounts else 1.0


class SavedFilter(models.Model):
    """A filter of the queue that an agent saved. ``words``: as its address has them, without the search."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=30)
    words = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("sparat filter")
        verbose_name_plural = _("sparade filter")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["agent", "name"], name="one_filter_a_name_and_agent")]

    def __str__(self) -> str:
        return f"{self.name} of {self.agent_id}"
