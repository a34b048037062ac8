"""Fields that a mail leaves blank, in words: for the agent who finds them out, and for the sender."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Ticket

Kind = Ticket.Kind

_NAMES: dict[str, Promise] = {
    "employee_name": gettext_lazy("medarbetarens namn"),
    "employee_username": gettext_lazy("medarbetarens användarnamn"),
    "new_number": gettext_lazy("det nya mobilnumret"),
    "recipients": gettext_lazy("mottagarnas e-postadresser"),
}
_WHY: dict[str, dict[str, Promise]] = {
    "employee_name": {
        "several": gettext_lazy("Mejlet nämner flera medarbetare. Be om ett mejl för varje medarbetare."),
    },
    "employee_username": {
        "several": gettext_lazy("Mejlet nämner flera konton. Be om ett mejl för varje medarbetare."),
        "unreadable": gettext_lazy("Användarnamnet går inte att läsa ut."),
    },
    "new_number": {
        "several": gettext_lazy("Mejlet nämner flera nummer. Fråga vilket det gäller."),
        "unreadable": gettext_lazy("Det som står är inget mobilnummer som kan få koder."),
        "unclear": gettext_lazy("Mejlet nämner ett nummer, men kanske inte som det nya. Fråga."),
    },
    "recipients": {
        "several": gettext_lazy("Mejlet nämner för många adresser. Fråga vilka som ska gälla."),
        "unreadable": gettext_lazy("En av adresserna går inte att läsa."),
        "unclear": gettext_lazy("Mejlet säger inte säkert vilka alla är. Fråga vilka som ska gälla efteråt."),
    },
}


def is_about_several(unread: Mapping[str, str]) -> bool:
    """Whether a mail is about more than one employee: a ticket is about one."""
    return "several" in (unread.get("employee_name"), unread.get("employee_username"))


def in_words(fields: Iterable[str]) -> list[str]:
    """The names of these fields, in the order in which people write them."""
    wanted = set(fields)
    return [str(words) for name, words in _NAMES.items() if name in wanted]


def why(ticket: Ticket) -> dict[str, str]:
    """What the agent reads beside each blank field."""
    missing = _("Står inte i mejlet.")
    return {name: str(_WHY.get(name, {}).get(reason, missing)) for name, reason in ticket.unread.items()}


# The fields that an agent fills in. Two fields may be one thing to people.
_CHANGED: dict[str, Promise] = {
    "kind": gettext_lazy("vad det gäller"),
    "orderer": gettext_lazy("beställare"),
    "orderer_name": gettext_lazy("beställare"),
    "company": gettext_lazy("företag"),
    "company_name": gettext_lazy("företag"),
    "employee_name": gettext_lazy("medarbetarens namn"),
    "employee_username": gettext_lazy("användarnamn"),
    "new_number": gettext_lazy("nytt mobilnummer"),
    "recipients": gettext_lazy("mottagare"),
    "text": gettext_lazy("texten"),
}


def changed_words(names: Iterable[str]) -> str:
    """For the timeline: the fields that an agent changed, without their values."""
    return ", ".join(dict.fromkeys(str(_CHANGED[name]) for name in names if name in _CHANGED))


def short_name(field: str) -> str:
    """The name of a field on the agent's pages."""
    return str(_CHANGED[field])
