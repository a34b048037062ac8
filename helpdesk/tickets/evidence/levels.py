"""Everything that can be odd about a ticket, and how serious each is. Only this module decides which flag is a stop."""

import enum
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    """The gravest first. Neither blocks an approval: that is for ``blockers``."""

    STOP = "stop", _("Stopp")  # do nothing before it is cleared up: this is how an account is stolen
    LOOK = "look", _("Se upp")  # ask about it: it is often as it should be


class Odd(enum.Enum):
    """Each oddity once, with its level."""

    level: Level

    # Who asks may be somebody else.
    FORGED_SENDER = "the mail server calls the sender forged", Level.STOP
    OTHER_SENDER = "another address mailed in the orderer's name", Level.STOP
    UNVERIFIED_SENDER = "nobody vouches for the sender", Level.LOOK
    BY_PROGRAM = "a program wrote it, so the orderer was not told", Level.STOP
    NEW_MOBILE = "a code may reach another than the orderer", Level.STOP
    NEW_ADDRESS = "the orderer's mail may reach another", Level.LOOK
    NEW_ORDERER = "authorised since lately", Level.LOOK
    WRONG_CODES = "the caller can't read the SMS", Level.STOP
    # The number may reach somebody else than the account's owner.
    OTHER_NAME = "the account has another name", Level.STOP
    ORDERERS_MOBILE = "the orderer would get the employee's codes", Level.STOP
    STOPPED_BEFORE = "somebody stopped an earlier number", Level.STOP
    SHARED_NUMBER = "other accounts have the number", Level.LOOK
    # It may not be needed.
    CORRECTED = "not as the orderer wrote it", Level.LOOK
    DOUBTS = "the mail says more", Level.LOOK
    PASSWORD_WORKS = "the employee can register a number", Level.LOOK
    NUMBER_CHANGED = "the number was changed lately", Level.LOOK
    NUMBER_REMOVED = "the helpdesk removed the number lately", Level.LOOK
    ASKED_BEFORE = "other tickets about the account", Level.LOOK
    # Recipients.
    OTHER_DOMAIN = "not the company's domain", Level.LOOK
    BOUNCED = "mail to the address came back", Level.LOOK

    def __init__(self, _words: str, level: Level) -> None:
        self.level = level


class Flag(NamedTuple):
    """``text``: what is odd; ``advice``: what the agent should do."""

    odd: Odd
    text: str
    advice: str

    @property
    def level(self) -> Level:
        return self.odd.level

    @property
    def stop(self) -> bool:
        return self.level == Level.STOP


def gravest_first(flags: Iterable[Flag]) -> list[Flag]:
    """Within a level, in the order in which they came."""
    return sorted(flags, key=lambda flag: list(Level).index(flag.level))


def worst(flags: Iterable[Flag]) -> Flag | None:
    """The first of the gravest; None: there is no flag."""
    return next(iter(gravest_first(flags)), None)
