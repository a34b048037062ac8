"""What is said of a number that the helpdesk has linked to an account, in the language that is active."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import PhoneLink
from idportal import sms
from idportal.hosts import journey_host, journey_url
from notifications.names import inert
from notifications.notices import local

Told = PhoneLink.Told


class Words:
    """Of one link. The names may be anything, and do nothing where they stand; ``name`` and ``orderer`` may be ""."""

    def __init__(self, username: str, name: str, orderer: str, link: PhoneLink) -> None:
        self.username, self.name, self.orderer, self.link = inert(username), inert(name), inert(orderer), link

    # --- SMS: one segment each, which loses its names before it becomes two -----------------------------

    def sms_to_new_number(self) -> str:
        """Which account, from when codes come, and where to go."""
        words = {"time": clock(self.link), "host": journey_host("RESET_HOST"), "helpdesk": settings.HELPDESK_EMAIL}

        def texts() -> Iterator[str]:
            long = _(
                "Det här numret är nu kopplat till kontot %(account)s. Byt lösenord på %(host)s från kl. %(time)s. "
                "Gäller det inte dig? Mejla %(helpdesk)s"
            )
            short = _("Det här numret är nu kopplat till kontot %(account)s. Byt lösenord på %(host)s från %(time)s.")
            for text in (long, short):
                yield text % {**words, "account": gsm7(self.username)} if gsm7(self.username) else ""
            yield _("Det här numret är nu kopplat till ditt konto. Byt lösenord på %(host)s från %(time)s.") % words

        return first_that_fits(texts())

    def sms_to_old_number(self, url: str) -> str:
        """What, who asked for it, where to stop it and until when."""
        words = {"time": clock(self.link), "url": url}

        def texts() -> Iterator[str]:
            stop = " " + _("Stoppa före %(time)s: %(url)s") % words
            account, yours, orderer = gsm7(self.username), _("ditt konto"), gsm7(self.orderer)
            long = _("Helpdesk kopplade ett nytt nummer till %(account)s, begärt av %(orderer)s. Fel?")
            short = _("Nytt nummer är kopplat till %(account)s, begärt av %(orderer)s. Fel?")
            shorter = _("Nytt nummer till %(account)s, begärt av %(orderer)s. Fel?")
            for text, name in ((long, account), (short, account), (short, yours), (shorter, yours)):
                yield text % {"account": name, "orderer": orderer} + stop if name and orderer else ""
            yield _("Helpdesk kopplade ett nytt nummer till ditt konto. Fel?") + stop
            yield _("Nytt nummer till ditt konto. Fel?") + stop

        return first_that_fits(texts())

    def sms_that_it_is_stopped(self) -> str:
        """To the number that is back."""
        words = {"helpdesk": settings.HELPDESK_EMAIL}

        def texts() -> Iterator[str]:
            text = _("Kopplingen av ett nytt nummer till %(account)s är stoppad. Ditt nummer gäller igen. %(known)s")
            known, brief = _("Helpdesk vet om det: %(helpdesk)s") % words, _("Helpdesk vet om det.")
            for name in (gsm7(self.username), _("ditt konto")):
                for last in (known, brief):
                    yield text % {"account": name, "known": last} if name else ""

        return first_that_fits(texts())

    # --- Mail -------------------------------------------------------------------------------------------

    @cached_property
    def _words(self) -> dict[str, str]:
        who = f"{self.name} ({self.username})"
        return {
            "account": self.username,
            "who": who if self.name else self.username,
            "orderer": self.orderer or _("En beställare"),
            "number": self.link.reference,
            "made": moment(self.link.made_at),
            "until": self._until(),
            "stopped": moment(self.link.stopped_at or self.link.made_at),
            "by": who_stopped(self.link),
            "helpdesk": settings.HELPDESK_EMAIL,
        }

    def _until(self) -> str:
        """After "before", "from", "after"."""
        made, until = local(self.link.made_at), local(self.link.usable_from)
        if made.date() == until.date():
            return _("kl. %(time)s") % {"time": f"{until:%H:%M}"}
        return _("den %(moment)s") % {"moment": moment(self.link.usable_from)}

    def to_account(self) -> list[str]:
        """To the account's address, before the button."""
        return [
            _("Helpdesk kopplade ett nytt mobilnummer till ditt konto %(account)s den %(made)s.") % self._words,
            _("Det var %(orderer)s, behörig beställare, som bad om det i ärende %(number)s.") % self._words,
            _(
                "Om det stämmer behöver du inte göra något. Du får säkerhetskoder till det nya numret från "
                "%(until)s. Ett tidigare nummer gäller inte längre."
            )
            % self._words,
            _(
                "Om det inte stämmer kan någon försöka ta över ditt konto. Stoppa då kopplingen före %(until)s. "
                "Du behöver inte logga in."
            )
            % self._words,
        ]

    def to_orderer(self) -> list[str]:
        """To the orderer, before the button."""
        return [
            _("Helpdesk kopplade ett nytt mobilnummer till kontot för %(who)s den %(made)s.") % self._words,
            _("Enligt ärende %(number)s är det du, %(orderer)s, som har bett om det.") % self._words,
            _(
                "Om det stämmer behöver du inte göra något. Den anställda får säkerhetskoder till det nya numret från "
                "%(until)s."
            )
            % self._words,
            _(
                "Om du inte har bett om det, eller om något annat är fel, kan någon försöka ta över kontot. Stoppa då "
                "kopplingen före %(until)s. Du behöver inte logga in."
            )
            % self._words,
        ]

    def after_the_button(self) -> list[str]:
        """To both."""
        return [
            _("När du har stoppat kopplingen gäller det nummer som fanns innan, om det fanns något."),
            _("Helpdesk får veta det direkt, och hör av sig."),
            _(
                "Efter %(until)s går det inte att stoppa kopplingen själv. Om något är fel, mejla då "
                "genast helpdesk: %(helpdesk)s. Uppge ärende %(number)s."
            )
            % self._words,
            _("Lämna aldrig ut ditt lösenord eller en säkerhetskod till någon."),
        ]

    def stopped_to_account(self) -> list[str]:
        """To the account's address, after a stop."""
        first = _("Kopplingen av ett nytt mobilnummer till ditt konto %(account)s stoppades den %(stopped)s, %(by)s.")
        last = _("Vet du inte varför den stoppades? Kontakta genast %(helpdesk)s, och uppge ärende %(number)s.")
        return [first % self._words, self._what_counts_now(), self._helpdesk_knows(), last % self._words]

    def stopped_to_orderer(self) -> list[str]:
        """To the orderer, after a stop."""
        first = _(
            "Kopplingen av ett nytt mobilnummer till kontot för %(who)s, ärende %(number)s, stoppades den %(stopped)s, "
            "%(by)s."
        )
        last = _("Var det du som stoppade, eller vet du varför? Berätta det för helpdesk: %(helpdesk)s.")
        return [first % self._words, self._what_counts_now(), self._helpdesk_knows(), last % self._words]

    def _what_counts_now(self) -> str:
        if self.link.old_number:
            return _("Det nya numret gäller inte. Det nummer som fanns innan gäller igen.")
        return _("Det nya numret gäller inte. Inget nummer fanns innan, så kontot har nu inget nummer.")

    def _helpdesk_knows(self) -> str:
        return _("Helpdesk har fått veta det och hör av sig. Be inte om ett nytt nummer förrän ni har talats vid.")


def removed(username: str, reference: str, at: datetime) -> list[str]:
    """To the account's address, when the helpdesk has taken the number away."""
    words = {
        "account": inert(username),
        "when": moment(at),
        "register": journey_url("REGISTER_HOST", "" if settings.REGISTER_HOST else "/registrera/"),
        "number": reference,
        "helpdesk": settings.HELPDESK_EMAIL,
    }
    return [
        _(
            "Helpdesk tog bort det mobilnummer som var registrerat för ditt konto %(account)s den %(when)s. "
            "Inga säkerhetskoder skickas till det numret längre."
        )
        % words,
        _("Kan du ditt lösenord? Logga in på %(register)s och registrera ett nummer som är ditt.") % words,
        _("Har lösenordet gått ut, eller har du glömt det? Be behörig beställare på ditt företag om ett nytt nummer."),
        _("Om det inte stämmer att numret skulle bort, kontakta genast %(helpdesk)s. Uppge ärende %(number)s.") % words,
        _("Lämna aldrig ut ditt lösenord eller en säkerhetskod till någon."),
    ]


def removed_without_address(username: str, reference: str, at: datetime) -> list[str]:
    """To the helpdesk's mailbox, when the account has no address."""
    words = {"account": inert(username), "when": moment(at), "number": reference}
    return [
        _("En handläggare tog bort det mobilnummer som var registrerat för kontot %(account)s den %(when)s.") % words,
        _("Varför står i ärende %(number)s. Kontot har ingen e-postadress, så personen vet inte om det.") % words,
        _("Stämmer det inte? Fråga handläggaren, och koppla inget nytt nummer till kontot förrän det är utrett."),
    ]


def who_stopped(link: PhoneLink) -> str:
    """By whom a link was stopped, for the end of a sentence: it is known whose message it was. "": not stopped."""
    return {
        "": "",
        Told.OLD_NUMBER: _("med länken i SMS:et till det tidigare numret"),
        Told.ACCOUNT: _("med länken i mejlet till kontots adress"),
        Told.ORDERER: _("med länken i mejlet till beställaren"),
    }[link.stopped_by]


def moment(at: datetime) -> str:
    """12 mars 2026 kl. 14:35, in Stockholm."""
    return _("%(date)s kl. %(time)s") % {"date": date_format(local(at), "j F Y"), "time": f"{local(at):%H:%M}"}


def clock(link: PhoneLink) -> str:
    """Until when it can be stopped, as an SMS says it: the time, and the day if that is another one."""
    made, until = local(link.made_at), local(link.usable_from)
    return f"{until:%H:%M}" if made.date() == until.date() else f"{until.day}/{until.month} {until:%H:%M}"


def gsm7(name: str) -> str:
    """The name in the alphabet of an SMS, which has no accents but the commonest; "" if it can't be written so."""
    signs = (sign if sms.septets(sign) else unicodedata.normalize("NFKD", sign)[0] for sign in name)
    text = "".join(signs)
    return text if sms.septets(text) else ""


def first_that_fits(texts: Iterator[str]) -> str:
    """Of texts that get shorter, the first that is one SMS; the last if none is, which ``checks`` finds beforehand."""
    text = ""
    for text in texts:
        length = sms.septets(text)
        if length and length <= sms.SEGMENT:
            break
    return text
