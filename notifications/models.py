"""The outbox's messages, and the days on which the daily mail was made."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from accounts.privacy.encryption import EncryptedTextField


class Message(models.Model):
    """One mail, or one SMS that is no code, to one receiver: a row of the outbox.

    A row is made in the transaction of its cause, claimed before it is sent, and settled once: SENT, REFUSED (the
    receiver's server, or the gateway, said no for good) or EXPIRED (of no more use). A settled message stays so, unless
    an administrator has it sent again (``notifications.outbox.queueing``).
    """

    class Channel(models.TextChoices):
        MAIL = "mail", _("mejl")
        SMS = "sms", "SMS"

    class Topic(models.TextChoices):
        DIGEST = "digest", _("utgående lösenord")
        DIGEST_TO_HELPDESK = "digest to helpdesk", _("utgående lösenord utan mottagare")
        EXPIRY_REMINDER = "expiry reminder", _("påminnelse till medarbetaren")
        PHONE_REGISTERED = "phone registered", _("nummer registrerat")
        PHONE_REPLACED = "phone replaced", _("nummer ändrat")
        PASSWORD_RESET = "password reset", _("lösenord bytt")
        APP_CONNECTED = "app connected", _("app kopplad")
        PASSKEY_ADDED = "passkey added", _("passkey sparad")
        PASSKEY_REMOVED = "passkey removed", _("passkey borttagen")
        RECOVERY_CODES_MADE = "recovery codes made", _("återställningskoder gjorda")
        FACTOR_REMOVED = "factor removed", _("tvåstegsverifiering borttagen")
        ENROLMENT_ISSUED = "enrolment issued", _("startkod gjord")
        ENROLMENT_STOPPED = "enrolment stopped", _("startkod stoppad")
        NEW_BROWSER = "new browser", _("ny webbläsare")
        WRONG_CODES = "wrong codes", _("fel koder vid inloggning")
        APP_STOPPED = "app stopped", _("appens koder stoppade")
        RECOVERY_STOPPED = "recovery stopped", _("återställningskoder stoppade")
        LOGINS_FAILING = "logins failing", _("många misslyckade inloggningar")
        SIGN_IN_LINK = "sign-in link", _("inloggningslänk till beställare")
        TICKET_OPENED = "ticket opened", _("ärende skapat")
        TICKET_CORRECTED = "ticket corrected", _("ärende rättat")
        TICKET_DECIDED = "ticket decided", _("ärende avgjort")
        TICKET_QUESTION = "ticket question", _("fråga till beställare")
        MAIL_ANSWERED = "mail answered", _("svar på mejl till helpdesk")
        PHONE_LINKED = "phone linked", _("nummer kopplat")
        PHONE_LINK_TOLD = "phone link told", _("nummer kopplat, kan stoppas")
        PHONE_LINK_STOPPED = "phone link stopped", _("nytt nummer stoppat")
        PHONE_REMOVED = "phone removed", _("nummer borttaget")
        CONFIRM_RECIPIENT = "confirm recipient", _("mottagare ska bekräfta")
        RECIPIENTS_CHANGED = "recipients changed", _("mottagare ändrade")
        ORDERER_CHANGED = "orderer changed", _("beställare ändrad")

    class Status(models.TextChoices):
        WAITING = "waiting", _("väntar")
        SENDING = "sending", _("skickas")
        SENT = "sent", _("skickat")
        REFUSED = "refused", _("avvisat")
        EXPIRED = "expired", _("för sent")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # the Message-ID, the same at each try
    # Of the messages with the same key only the first is sent, however often its cause is looked at. One without a key
    # is sent in any case.
    key = models.CharField(max_length=200, unique=True, null=True)  # noqa: DJ001  unique, where it is set
    kind = models.CharField(max_length=4, choices=Channel.choices)
    purpose = models.CharField(max_length=20, choices=Topic.choices)
    to = EncryptedTextField(bound_to=["uid"])  # an address, or a number in E.164
    to_digest = models.CharField(max_length=64)
    subject = models.CharField(max_length=200, blank=True)
    text = EncryptedTextField(blank=True, bound_to=["uid"])
    html = EncryptedTextField(blank=True, bound_to=["uid"])
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.SET_NULL)
    about = models.CharField(max_length=36, blank=True)  # directory id of the account it is about

    state = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Attempts that ended without an answer, or with their worker: the message may have gone out all the same.
    perhaps_sent = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    # While it is SENDING, the end of the lease: then another worker may take it over.
    next_try_at = models.DateTimeField(default=timezone.now)
    # When a task for it was last put into the queue. None: there is none, or a worker has claimed the message.
    queued_at = models.DateTimeField(null=True)
    useful_until = models.DateTimeField()
    claim = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)
    blanked_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)  # the server's words at the last try, masked
    bounced_at = models.DateTimeField(null=True)  # it was sent, and came back

    class Meta:
        verbose_name = _("meddelande")
        verbose_name_plural = _("meddelanden")
        ordering = ["-created_at", "-pk"]
        # Not ``db_index``: of a text, PostgreSQL would get a second one, for LIKE.
        indexes = [
            models.Index(fields=["state", "next_try_at"]),
            models.Index(fields=["to_digest"]),
            models.Index(fields=["about"]),
            models.Index(fields=["created_at"]),
            models.Index(fields=["settled_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"


OPEN = (Message.Status.WAITING, Message.Status.SENDING)


class DigestRun(models.Model):
    """A day's run of the daily mail. ``completed_at`` None: it did not come to its end, and is to be made again.

    A completed run has told every threshold that was reached after ``since``, up to and including ``day``.
    """

    day = models.DateField(unique=True)
    since = models.DateField()
    started_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True)
    accounts = models.PositiveIntegerField(default=0)  # in the mails
    mails = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("körning av lösenordsmejlet")
        verbose_name_plural = _("körningar av lösenordsmejlet")
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)


class UntoldNumber(models.Model):
    """An account without a mail address got its first number, and its company has not been told yet (G6)."""

    account = models.CharField(max_length=36)  # its directory id
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"number of {self.account}"
