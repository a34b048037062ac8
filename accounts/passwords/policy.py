"""The rules for a new password. Source: manual-sv.md, "Återställa/byta lösenord", point 6; security.md P1, P2."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from unicodedata import category, normalize

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.limits import LONGEST_PASSWORD
from accounts.passwords.breached import is_breached
from accounts.passwords.common import is_common
from idportal.text import fold

CONTEXT_WORD_LENGTH = 4  # shorter words are in too much by chance


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that gets the password, as far as the rules need it."""

    username: str = ""
    given_name: str = ""
    surname: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``holds(password, owner)`` is whether a password follows it."""

    key: str
    sentence: Callable[[], str]  # called for each page, in its language and with the settings of the moment
    holds: Callable[[str, Owner], bool]

    @property
    def text(self) -> str:
        return self.sentence()


def kinds(password: str) -> int:
    """How many of the four kinds occur: A to Z, a to z, 0 to 9, special characters (a space is one). ASCII only."""
    special = r"[ -/:-@\[-`{-~]"
    return sum(re.search(kind, password) is not None for kind in ("[A-Z]", "[a-z]", "[0-9]", special))


def _has_no_context_word(password: str, owner: Owner) -> bool:
    texts = [*settings.PASSWORD_CONTEXT_WORDS, owner.given_name, owner.surname, owner.company]
    words = re.split(r"[\W_]+", fold(" ".join(texts)))
    return not any(word in fold(password) for word in words if len(word) >= CONTEXT_WORD_LENGTH)


def forbidden_listed() -> str:
    """ "å, ä eller ö": each letter once, in lower case."""
    letters = list(dict.fromkeys(settings.PASSWORD_FORBIDDEN_CHARACTERS.lower()))
    return ", ".join(letters[:-1]) + (f" {_('eller')} " if len(letters) > 1 else "") + letters[-1] if letters else ""


RULES = (
    Rule(
        "length",
        lambda: _("Lösenordet ska ha minst %d tecken.") % settings.PASSWORD_MIN_LENGTH,
        lambda password, owner: len(password) >= settings.PASSWORD_MIN_LENGTH,
    ),
    Rule(
        "kinds",
        lambda: (
            _(
                "Lösenordet ska ha minst %d av de här fyra: stora bokstäver (A–Z), små bokstäver (a–z), siffror, "
                "specialtecken (till exempel %%&/#)."
            )
            % settings.PASSWORD_KINDS
        ),
        lambda password, owner: kinds(password) >= settings.PASSWORD_KINDS,
    ),
    Rule(
        "letters",
        lambda: _("Lösenordet får inte innehålla %s.") % forbidden_listed(),
        # "å" may also come as "a" and a combining ring: one letter, two characters.
        lambda password, owner: set(settings.PASSWORD_FORBIDDEN_CHARACTERS).isdisjoint(normalize("NFC", password)),
    ),
    Rule(
        "username",
        lambda: _("Lösenordet får inte innehålla ditt användarnamn."),
        lambda password, owner: not owner.username or owner.username.casefold() not in password.casefold(),
    ),
    Rule(
        "common",
        lambda: _("Välj ett lösenord som är svårt att gissa, inget vanligt ord som i Sommar2026! eller P@ssw0rd1."),
        lambda password, owner: not is_common(password),
    ),
    Rule(
        "context",
        lambda: _("Lösenordet får inte innehålla ditt namn, företagets namn eller kommunens namn."),
        _has_no_context_word,
    ),
    # Only the directory knows. The portal asks it last.
    Rule("history", lambda: _("Du kan inte återanvända ett tidigare lösenord."), lambda password, owner: True),
)

MAXIMUM = Rule(
    "maximum",
    lambda: _("Lösenordet får ha högst %d tecken.") % LONGEST_PASSWORD,
    lambda password, owner: len(password) <= LONGEST_PASSWORD,
)

# Rules that are not in the list: shown only when one is broken.
SILENT_RULES = (
    Rule(
        "printable",
        lambda: _("Lösenordet får inte innehålla osynliga tecken, som radbrytning eller tabb."),
        # U+FFFD replaces bytes that are no text.
        lambda password, owner: "\ufffd" not in password and not {"Cc", "Cs"} & set(map(category, password)),
    ),
    MAXIMUM,
)

# Asked about passwords that break no other rule: it reads a large file.
BREACHED = Rule(
    "breached",
    lambda: _("Lösenordet finns i en lista över lösenord som har läckt ut på nätet. Välj ett annat."),
    lambda password, owner: not is_breached(password),
)


# The parts of the list below the field: what a page shows as one part, by rule.
OTHER = ("username", "common", "context", "history")


def parts(broken: Iterable[str]) -> set[str]:
    """Those of the list that hold these rules."""
    return {"other" if key in OTHER else key for key in broken}


def rules() -> list[Rule]:
    """The rules that everybody is told of, in order."""
    return [rule for rule in RULES if rule.key != "letters" or settings.PASSWORD_FORBIDDEN_CHARACTERS]


def sentence(key: str) -> str:
    """The sentence of a rule."""
    return next(rule.text for rule in (*RULES, *SILENT_RULES, BREACHED) if rule.key == key)


def broken_rules(password: str, owner: Owner) -> list[Rule]:
    """The rules that the password breaks, in order; without history, which only the directory knows."""
    # A password that is too long is checked no further: to fold a long run of accents takes minutes.
    if not MAXIMUM.holds(password, owner):
        return [MAXIMUM]
    broken = [rule for rule in (*RULES, *SILENT_RULES) if not rule.holds(password, owner)]
    return broken or [rule for rule in (BREACHED,) if not rule.holds(password, owner)]


class PolicyValidator:
    """The same rules as one of Django's password validators (AUTH_PASSWORD_VALIDATORS)."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError with one sentence for each broken rule; its code is the rule's key."""
        owner = Owner(**{name: str(getattr(user, name, "") or "") for name in Owner.__slots__})
        broken = broken_rules(password, owner)
        if broken:
            raise ValidationError([ValidationError(rule.text, code=rule.key) for rule in broken])

    def get_help_text(self) -> str:
        return " ".join(rule.text for rule in rules())
