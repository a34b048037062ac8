"""``manage.py show_messages``: every mail and SMS of the portal, with the sample people's names."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from accounts import limits
from accounts.directory import Account
from idportal.channels import message_templates, sms
from idportal.channels.message_templates import Written
from idportal.web.hosts import journey_host
from notifications.digests.compose import Composer, Group
from notifications.digests.rows import DigestRow

AT = datetime(2026, 3, 12, 13, 35, tzinfo=UTC)
_KEY = "x" * 22  # as long as that of a real link
_WITH_LINK = (
    "phone_linked",
    "phone_replaced",
    "phone_link_stopped_helpdesk",
    "recipient_confirm",
    "sign_in_link",
    "ticket_",
)
_REGISTERED = ["Anna Berg (lovanber11), 2026-03-11"]

# Other cases of a text, each of which is shown.
OTHERWISE: dict[str, list[dict[str, Any]]] = {
    "mail/orderer_changed": [{"new": True}, {"email_changed": True}, {"email_changed": True, "mobile_changed": True}],
    "mail/recipients_changed": [{"leaves": True}, {"joins": True}],
    "mail/phone_link_stopped": [{"old_number": False}, {"blocked": True}, {"number": ""}],
    "mail/phone_link_stopped_helpdesk": [{"number": "", "blocked": True}],
    "mail/phone_replaced": [{"until": None, "link": ""}],
    "sms/phone_link_stopped": [{"blocked": True}],
    "sms/phone_replaced_stop": [{"account": "lov" * 30}],
    "mail/recipient_leaving": [{"at_once": False}],
    "mail/sender_rejected": [{"why": ""}],
    "mail/sign_in_link": [{"mailed_code": ""}],
    "mail/ticket_approved": [{"outcome": "asked", "kind": "recipients"}, {"outcome": "changed"}, {"outcome": ""}],
    "mail/ticket_mailed": [
        {"missing": ["medarbetarens namn", "det nya mobilnumret"]},
        {"missing": ["medarbetarens namn"], "several": True},
        {"known": False},
    ],
    "mail/ticket_question": [{"link": ""}],
    "mail/ticket_received": [{"kind": "recipients"}, {"account": ""}, {"kind": "other"}],
    "sms/code_to_read_out": [{"kind": "recipients"}, {"kind": "other"}],
    "sms/orderer_changed": [{"new": True}],
    "sms/password_reset": [{"account": "lov" * 30}],
    "sms/phone_link_told": [{"orderer": ""}],
    "sms/expiry_reminder": [{"account": "lov" * 30}],
}


def events() -> list[str]:
    """Every template's name: "mail/password_reset", "sms/code"."""
    folder = Path(settings.BASE_DIR, "templates")
    return sorted(f"{kind}/{file.stem}" for kind in ("mail", "sms") for file in (folder / kind).glob("*.txt"))


def shown(event: str, language: str) -> Iterator[Written]:
    """The message in each of its cases. An SMS has no subject and no HTML."""
    kind, _, name = event.partition("/")
    with translation.override(language):
        if name == "digest":
            yield from [Composer().to_recipients(_rows(), registered) for registered in ((), _REGISTERED)]
        elif name == "digest_to_helpdesk":
            whys = ("no recipient", "not active", "no company", "no value")
            yield Composer().to_helpdesk(
                [Group(_rows()[:1], "Omsorg Två AB" if why != "no value" else "", why) for why in whys]
            )
        else:
            for case in ({}, *OTHERWISE.get(event, [])):
                context = _context(name, case)
                if kind == "mail":
                    yield message_templates.mail(name, language, context)
                else:
                    yield Written("", message_templates.sms(name, language, context), "")


def _context(name: str, case: dict[str, Any]) -> dict[str, Any]:
    """A context for any text."""
    people: dict[str, Any] = {
        "account": "lovanber11",
        "who": "Anna Berg (lovanber11)",
        "orderer": "Carin Ek",
        "company": "Hemtjänst Ett AB",
        "kind": "phone",
        **case,
    }
    return {
        "at": AT,
        "made": AT,
        "until": AT + timedelta(seconds=limits.LINK_LIFETIME if name == "sign_in_link" else settings.PHONE_LINK_HOLD),
        "stopped": AT + timedelta(minutes=4),
        "asked": AT,
        "day": "2026-03-19",
        "number": "2026-00042",
        "browser": "Firefox, Windows",
        "alarm": "2026-00043",
        "code": "1" * limits.CODE_DIGITS,
        "mailed_code": "1" * limits.CODE_DIGITS if name == "sign_in_link" else "",
        "digits": "90",
        "host": journey_host("RESET_HOST"),
        "link": f"{settings.PORTAL_URL}/{_KEY}/" if name.startswith(_WITH_LINK) else "",
        "url": f"{settings.PORTAL_URL}/stoppa/?nyckel={_KEY}",
        "by": message_templates.part("stopped_by.txt", {"told": "account"}).strip(),
        "what": message_templates.part("ticket_what.txt", people).strip(),
        "question": "Arbetar medarbetaren kvar hos er?",
        "why": "Beställaren kände inte till ärendet.",
        "outcome": "linked",
        "old_number": True,
        "blocked": False,
        "known": True,
        "missing": [],
        "fields": "användarnamn, nytt mobilnummer",
        "usual": settings.FAILED_LOGINS_USUAL,
        "registered": _REGISTERED,
        "at_once": True,
        **people,
    }


def _rows() -> list[DigestRow]:
    """One with a number, one without, and one whose password ran out."""
    karl = Account("", "lovkalin01", "Karl", "Lind", "", "Hemtjänst Ett AB", True, False, False, AT, None)
    stefan = replace(karl, username="lovstlin32", given_name="Stefan")
    anna = replace(karl, username="lovanber11", given_name="Anna", surname="Berg")
    day = date(2026, 3, 12)
    return [
        DigestRow(anna, day - timedelta(4), -4, registered=True),
        DigestRow(karl, day + timedelta(7), 7, registered=False),
        DigestRow(stefan, day + timedelta(15), 15, registered=True),
    ]


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # it asks neither database nor directory
    help = "Shows every mail and SMS that the portal sends, or those of one EVENT, with sample names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", nargs="?", default="", help="as mail/password_reset, or a part of such a name")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], default="sv")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each under a line with its name."""
        chosen = [event for event in events() if options["event"] in event]
        if not chosen:
            raise CommandError(f"No message is called {options['event']}. There are: {', '.join(events())}.")
        for event in chosen:
            for message in shown(event, options["language"]):
                note = message.subject or f"{sms.septets(message.text)} of {sms.SEGMENT} characters"
                self.stdout.write(f"=== {event}: {note}\n\n{message.text.rstrip()}\n\n")
