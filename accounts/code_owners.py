"""Whose a code is: a user's of the directory; or an orderer's, who has no account there."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import Challenge, Orderer, Purpose, User

Owner = User | Orderer


def of(challenge: Challenge) -> Owner | None:
    """Whose code it is, once that is known. Asks no more of the database for a user than for nobody (E2)."""
    return challenge.orderer if challenge.orderer_id else challenge.user


def asker(owner: Owner | None, purpose: str) -> Owner | None:
    """Who does what is done with a code, as far as the code tells: what is read to the helpdesk, an agent enters."""
    return None if purpose == Purpose.VERIFY else owner


def subject(owner: Owner, purpose: str) -> str:
    """As what wrong codes are counted: the directory's id; or "orderer", its key, and what the code is for.

    Whoever can ask for an orderer's codes to sign in must not keep the helpdesk from verifying that orderer.
    """
    return f"orderer {owner.pk} {purpose!s}" if isinstance(owner, Orderer) else owner.directory_id


def lock(owner: Owner) -> Owner:
    """The owner as they are now; within a transaction, in which others wait for this one."""
    if isinstance(owner, Orderer):
        return Orderer.objects.select_for_update().get(pk=owner.pk)
    return User.objects.select_for_update().get(pk=owner.pk)


def gone(challenge: Challenge, owner: Owner) -> str:
    """Why an orderer gets no code any more, as the register has them now; "" if they do."""
    if not isinstance(owner, Orderer):
        return ""
    if not owner.active:
        return "orderer not active"
    return "" if owner.mobile == challenge.number else "another number on file"


def theirs(owner: Owner) -> Q:
    """Their challenges."""
    return Q(orderer=owner) if isinstance(owner, Orderer) else Q(user=owner)
