"""The audit trail, for people and statistics. No decision depends on it, so old events can be deleted."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.privacy.append_only import AppendOnly, AppendOnlyRows


class Event(models.TextChoices):
    """What happened, and its name on the pages (L1). Rows keep the value for ever: "request opened" is a ticket's."""

    LOGIN_ATTEMPTED = "login attempted", _("Inloggning: försök")
    LOGIN_DONE = "login done", _("Inloggning: klar")
    LOGIN_REFUSED = "login refused", _("Inloggning: nekad")
    LOGINS_FAILING = "logins failing", _("Inloggning: ovanligt många misslyckas")
    LOGGED_OUT = "logged out", _("Utloggning")
    CODE_REQUESTED = "code requested", _("Kod: begärd")
    CODE_WITHHELD = "code withheld", _("Kod: skickas inte")
    CODE_ATTEMPTED = "code attempted", _("Kod: på väg")
    CODE_SENT = "code sent", _("Kod: skickad")
    CODE_NOT_SENT = "code not sent", _("Kod: gick inte att skicka")
    CODE_ACCEPTED = "code accepted", _("Kod: godkänd")
    CODE_REFUSED = "code refused", _("Kod: fel")
    PHONE_CONFIRMED = "phone confirmed", _("Mobilnummer: kontrollerat")
    PHONE_REGISTERED = "phone registered", _("Mobilnummer: registrerat")
    PHONE_REPLACED = "phone replaced", _("Mobilnummer: ändrat")
    PHONE_HOLD_ENDED = "phone hold ended", _("Mobilnummer: gäller direkt, efter kod till det tidigare")
    PASSWORD_ATTEMPTED = "password attempted", _("Lösenord: försök att byta")
    PASSWORD_DONE = "password done", _("Lösenord: bytt")
    TIME_EXTENDED = "time extended", _("Lösenord: mer tid att välja")
    PASSWORD_REFUSED = "password refused", _("Lösenord: byte nekat")
    SESSIONS_ENDED = "sessions ended", _("Utloggad överallt")
    PHONE_FORGOTTEN = "phone forgotten", _("Mobilnummer: raderat")
    SECOND_FACTOR_ADDED = "second factor added", _("Tvåstegsverifiering: tillagd")
    SECOND_FACTOR_ACCEPTED = "second factor accepted", _("Tvåstegsverifiering: godkänd")
    SECOND_FACTOR_REFUSED = "second factor refused", _("Tvåstegsverifiering: nekad")
    SECOND_FACTOR_REMOVED = "second factor removed", _("Tvåstegsverifiering: borttagen")
    ENROLMENT_CODE_ISSUED = "enrolment code issued", _("Startkod: utfärdad")
    ENROLMENT_CODE_ACCEPTED = "enrolment code accepted", _("Startkod: godkänd")
    ENROLMENT_CODE_REFUSED = "enrolment code refused", _("Startkod: nekad")
    SESSION_ENDED = "session ended", _("Inloggning: avslutad")
    ROLE_ENDED = "role ended", _("Behörighet: slut")
    COMPANY_ADDED = "company added", _("Företag: tillagt")
    COMPANY_CHANGED = "company changed", _("Företag: ändrat")
    COMPANY_REMOVED = "company removed", _("Företag: borttaget")
    RECIPIENTS_CHANGED = "recipients changed", _("Företag: mottagare ändrade")
    ORDERER_ADDED = "orderer added", _("Beställare: tillagd")
    ORDERER_CHANGED = "orderer changed", _("Beställare: ändrad")
    ORDERER_CONFIRMED = "orderer confirmed", _("Beställare: kontaktuppgifter bekräftade")
    ORDERER_REMOVED = "orderer removed", _("Beställare: borttagen")
    REGISTER_EXPORTED = "register exported", _("Register: exporterat")
    DIGEST_ATTEMPTED = "digest attempted", _("Lösenordsmejlet: försök")
    DIGEST_DONE = "digest done", _("Lösenordsmejlet: klart")
    DIGEST_TAKEN_BACK = "digest taken back", _("Lösenordsmejlet: körningen räknas inte")
    MESSAGE_SENT_AGAIN = "message sent again", _("Meddelande: skickas igen")
    LINK_REQUESTED = "sign-in link requested", _("Inloggningslänk: begärd")
    LINK_WITHHELD = "sign-in link withheld", _("Inloggningslänk: skickas inte")
    LINK_SENT = "sign-in link sent", _("Inloggningslänk: skickad")
    LINK_REFUSED = "sign-in link refused", _("Inloggningslänk: gäller inte")
    PHONE_LINKED = "phone linked", _("Mobilnummer: kopplat av helpdesk")
    PHONE_LINK_STOPPED = "phone link stopped", _("Mobilnummer: koppling stoppad")
    PHONE_REMOVED = "phone removed", _("Mobilnummer: borttaget av helpdesk")
    TICKET_OPENED = "request opened", _("Ärende: öppnat")
    TICKET_MAILED = "request mailed", _("Ärende: mejl tillagt")
    TICKET_QUESTION_ASKED = "ticket question asked", _("Ärende: fråga till beställaren")
    TICKET_ANSWERED = "ticket answered", _("Ärende: svar på frågan")
    TICKET_COMPLETED = "request completed", _("Ärende: uppgifterna ändrade")
    TICKET_TAKEN = "request taken", _("Ärende: taget")
    TICKET_GIVEN_BACK = "request given back", _("Ärende: lämnat tillbaka")
    TICKET_VERIFIED = "request verified", _("Ärende: beställaren kontrollerad")
    TICKET_APPROVED = "request approved", _("Ärende: godkänt och utfört")
    TICKET_NOT_CARRIED_OUT = "request not carried out", _("Ärende: gick inte att utföra")
    TICKET_REJECTED = "request rejected", _("Ärende: avslaget")
    TICKET_WITHDRAWN = "request withdrawn", _("Ärende: återtaget")
    RECIPIENT_CONFIRMED = "recipient confirmed", _("Mottagare: bekräftad")
    STAFF_EXPORTED = "staff exported", _("Medarbetarlista: hämtad")
    PEOPLE_SEARCHED = "people searched", _("Sökning efter medarbetare")
    MESSAGE_READ = "message read", _("Meddelande: läst")
    ACCOUNT_LOOKED_UP = "account looked up", _("Konto: visat i helpdesk")
    ACCOUNT_UNLOCKED = "account unlocked", _("Konto: upplåst")
    TRIES_FORGOTTEN = "tries forgotten", _("Konto: felräkning nollställd")
    PERSON_EXPORTED = "person exported", _("Personens uppgifter: utlämnade")
    PERSON_ERASED = "person erased", _("Personens uppgifter: raderade")
    FIGURES_EXPORTED = "figures exported", _("Statistik: hämtad")


class AuditEvent(AppendOnly):
    """One line of the trail (L1): when (UTC), who, about whom, what, how it ended, from where. Append-only."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    event = models.CharField(max_length=40)  # an Event; without choices, so that a new one needs no migration
    actor = models.CharField(max_length=36, blank=True)  # directory id; blank: unknown, or the portal itself
    subject = models.CharField(max_length=36, blank=True)
    subject_name = models.CharField(max_length=256, blank=True)
    company = models.CharField(max_length=256, blank=True)
    result = models.CharField(max_length=80, blank=True)
    address = models.GenericIPAddressField(null=True)

    objects = AppendOnlyRows["AuditEvent"].as_manager()

    class Meta:
        verbose_name = _("händelse i loggen")
        verbose_name_plural = _("händelser i loggen")
        ordering = ["at", "pk"]
        # Migration 0006 adds two for the search, on PostgreSQL alone.
        indexes = [
            models.Index(fields=["subject"]),  # not ``db_index``: PostgreSQL would get a second one, for LIKE
            models.Index(fields=["actor"]),
            models.Index(fields=["event", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event}"
