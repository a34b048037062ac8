"""The marks by which a browser presents the accounts that know it: they pick which counter counts (security.md D1)."""

from accounts.limits import BROWSER_ACCOUNTS
from accounts.privacy.encryption import digest

_MARK_LENGTH = 32  # hexadecimal digits: 128 bits
PRESENTED_LENGTH = BROWSER_ACCOUNTS * (_MARK_LENGTH + 1)


def mark(account_id: str) -> str:
    """A keyed digest: who reads the cookie finds no names."""
    return digest(account_id, "browser")[:_MARK_LENGTH]


def is_among(presented: str, account_id: str) -> bool:
    """Whether the account is among those that a browser has presented (``accounts.sessions.browsers.presented``)."""
    return mark(account_id) in presented.split()


def orderer_id(orderer_pk: int) -> str:
    """The id of an orderer, who has no account in the directory."""
    return f"orderer {orderer_pk}"
