"""Looking up accounts for an agent: finding one, its state, and its history.

No password, no code and no digit of a registered number leaves this module.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, directory, phones
from accounts.audit.trail import in_words
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import AuditEvent, Event, Phone, PhoneLink, User, numbers
from accounts.phones.standing import PasswordStanding, PasswordState, ids_with_number, password_standing
from accounts.throttling import forgetting
from helpdesk.models import Ticket

MOST = 50  # accounts of one search; events of one account
MOST_TICKETS = 20
BY_NUMBER = "found by number"
SAME_LOOK = timedelta(minutes=10)  # loading a page again within this time leaves no second event in the trail


def search(text: str, agent: User, address: str | None, *, new: bool = True) -> list[dict[str, Any]]:
    """Accounts by user name, name or mail address, or by a whole mobile number, sorted by name. Raises DirectoryError.

    Each has the ``company``'s name in the register, else in the directory. A ``new`` search leaves one event. One by
    number tells whose number it is, so its event stands with the account that it found; with each, if several share it.
    """
    people = directory.connect()
    ids = _by_number(text)
    if ids is None:
        accounts = people.search(text, MOST)
    else:
        accounts = [account for each in ids if (account := people.get(each, listed=True))]
        leave_trail(accounts, agent, address, BY_NUMBER)
    if new and (ids is None or not accounts):
        only = accounts[0] if len(accounts) == 1 else None
        audit.record_search(f"accounts, {len(accounts)} rows", actor=agent, subject=only, address=address)
    if not accounts:
        return []
    matcher, now = CompanyMatcher(), timezone.now()
    numbered = ids_with_number(account.id for account in accounts)
    return [
        {
            "account": account,
            "company": company.name if (company := matcher.company_of(account)) else account.company,
            "tags": _tags(account, password_standing(account.expires, now)),
            "has_number": account.id in numbered,
        }
        for account in sorted(accounts, key=_by_name)
    ]


def _by_number(text: str) -> list[str] | None:
    """The ids of the accounts with this number; None if the text is no number."""
    try:
        number = numbers.parse(text)
    except numbers.NumberRefused:
        return None
    rows = phones.sharing(number).order_by("pk")
    return list(rows.values_list("user__directory_id", flat=True)[:MOST])


def _by_name(account: Account) -> tuple[str, str, str]:
    return account.surname.casefold(), account.given_name.casefold(), account.username.casefold()


def look_at(account_id: str, agent: User, address: str | None) -> dict[str, Any] | None:
    """All that the page of one account shows, or None; leaves a trail of the look. Raises DirectoryError."""
    account = directory.connect().get(account_id)
    if account is None:
        return None
    leave_trail([account], agent, address, "")
    password = password_standing(account.expires, timezone.now())
    number, counted = _number(account), forgetting.for_account(account)
    tickets = Ticket.objects.filter(account=account.id).defer("new_number", "text").order_by("-created_at")
    return {
        "account": account,
        "company": CompanyMatcher().company_of(account),
        "tags": _tags(account, password),
        "password": password,
        "expiry": _expiry_in_words(password),
        "number": number,
        "blocked": number is None and phones.is_blocked(account.id),
        "counted": counted,
        "tickets": list(tickets[:MOST_TICKETS]),
        "history": _history(account),
        "may_unlock": account.served and account.locked,
        "may_forget": account.served and counted.may_forget,
        # Also for a disabled account: once it is enabled again, codes would go to the person who has the telephone.
        "may_remove_number": number is not None and not account.protected,
    }


def leave_trail(accounts: Sequence[Account], agent: User, address: str | None, how: str) -> None:
    audit.record_unless_recent(Event.ACCOUNT_LOOKED_UP, accounts, SAME_LOOK, actor=agent, result=how, address=address)


def _tags(account: Account, password: PasswordStanding) -> list[tuple[str, str]]:
    """What is wrong with an account, the gravest first; else that it is open."""
    wrong = (
        (account.protected, _("skyddat")),
        (not account.enabled, _("avstängt")),
        (account.locked, _("låst")),
        (password.state is PasswordState.MUST_CHANGE, _("måste byta lösenord")),
        (password.state is PasswordState.EXPIRED, _("lösenordet har gått ut")),
    )
    return [(word, "bad") for holds, word in wrong if holds] or [(_("aktivt"), "ok")]


def _expiry_in_words(password: PasswordStanding) -> str:
    left = password.days_left
    if left is None:
        must_change = password.state is PasswordState.MUST_CHANGE
        return _("Måste bytas vid nästa inloggning") if must_change else _("Går aldrig ut")
    if password.works:
        to_come = ngettext("Går ut om %(count)d dag", "Går ut om %(count)d dagar", left)
        return to_come % {"count": left} if left else _("Går ut i dag")
    ago = ngettext("Gick ut för %(count)d dag sedan", "Gick ut för %(count)d dagar sedan", -left)
    return ago % {"count": -left} if left else _("Gick ut i dag")


def _number(account: Account) -> dict[str, Any] | None:
    """What an agent may know of the number on file: no digit of it.

    ``reference``: the ticket with which the helpdesk linked it, "" for an owner's own change; ``usable_from``: the end
    of its hold, if it had one; ``others``: how many accounts have the same one.
    """
    links = PhoneLink.objects.filter(user=OuterRef("user"), stopped_at=None, usable_from=OuterRef("usable_from"))
    same = Phone.objects.filter(number_digest=OuterRef("number_digest")).order_by().values("number_digest")
    rows = Phone.objects.filter(user__directory_id=account.id).annotate(
        reference=Subquery(links.order_by("-made_at").values("reference")[:1]),
        others=Subquery(same.annotate(count=Count("pk") - 1).values("count")),
    )
    phone = rows.values("confirmed_at", "usable_from", "reference", "others").first()
    if phone is None:
        return None
    held = phone["usable_from"] is not None and phone["usable_from"] > timezone.now()
    return {**phone, "on_hold": held, "seen": seen(phone["confirmed_at"])}


def seen(confirmed_at: datetime) -> str:
    """A text that changes when the account gets another number, or gets the same one again."""
    return confirmed_at.isoformat()


def _history(account: Account) -> list[dict[str, Any]]:
    """``who``: a word for the employee or for an orderer, else a user name, or ""."""
    events = AuditEvent.objects.filter(subject=account.id).order_by("-at", "-pk")
    rows = events.values_list("at", "event", "result", "actor", audit.username_of("actor"))[:MOST]
    return [
        {
            "at": at,
            "what": Event(event).label if event in Event else event,
            "result": in_words(result, None),
            "who": _("medarbetaren själv") if actor == account.id else _orderer(actor) or name or "",
        }
        for at, event, result, actor, name in rows
    ]


def _orderer(actor: str) -> str:
    return _("beställaren") if actor.startswith("orderer ") else ""
