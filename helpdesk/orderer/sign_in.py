"""Signs an orderer in: a link or a code by mail, then a code by SMS. No password (security.md E1 to E3, S1).

Asking for a link does the same for every typed address: one row, one task. The task finds out whose address it is, and
whether to send a link.
"""

import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from accounts import audit, codes, limits
from accounts.models import Challenge, Event, Orderer, Purpose, SendQuota
from accounts.privacy.encryption import digest
from accounts.throttling import by_address, known_browsers
from helpdesk.models import SignInLink
from helpdesk.orderer import mailed_codes
from notifications import outbox
from notifications.models import Message

LIFETIME = timedelta(seconds=limits.LINK_LIFETIME)
FRESH = timedelta(seconds=limits.LINK_FRESH)


@transaction.atomic
def ask(typed: str, *, language: str, address: str | None, presented: str = "") -> SignInLink:
    """Notes that a link was asked for, and queues the task on commit. Raises kombu.exceptions.OperationalError.

    ``presented``: by the browser, of the accounts that know it (``accounts.sessions.browsers``).
    """
    link = SignInLink.objects.create(asked_for=typed, language=language, address=address, presented=presented)
    audit.record(Event.LINK_REQUESTED, address=address)
    # A link that has expired on its way only confuses.
    transaction.on_commit(lambda: deliver.apply_async((link.pk,), expires=limits.LINK_LIFETIME))
    return link


@shared_task(name="helpdesk.tasks.send_sign_in_link")
@sensitive_variables()
@transaction.atomic
def deliver(link_id: int) -> None:
    """Mails a link and a code, if an active orderer has the address and the limits allow it. No retry by the queue."""
    link = SignInLink.objects.select_for_update().get(pk=link_id)
    typed, presented, link.asked_for, link.presented = link.asked_for, link.presented, "", ""
    if not typed or timezone.now() - link.asked_at >= LIFETIME:
        return
    orderer = Orderer.objects.filter(email__iexact=typed).first()
    link.known = orderer is not None and known_browsers.is_among(presented, known_browsers.orderer_id(orderer.pk))
    withheld = _reason_to_withhold(orderer, link)
    if orderer is None or withheld:
        link.save(update_fields=["asked_for", "presented"])
        if orderer and withheld == limits.CONTACT_WAITS:
            # In the orderer's own mailbox, where it tells nobody else that the address is an orderer's (E1).
            waits = {"asked": link.asked_at, "until": orderer.waits_until}
            _mail("sign_in_waits", waits, orderer, link, useful=LIFETIME)
        audit.record(Event.LINK_WITHHELD, orderer, result=withheld, address=link.address)
        return
    token = secrets.token_urlsafe(32)
    link.orderer, link.digest = orderer, _digest(token, orderer.email)
    code = mailed_codes.make(link)
    link.save(update_fields=["asked_for", "presented", "orderer", "digest", "code_digest", "known"])
    url = f"{settings.PORTAL_URL}{reverse('orderer-link', query={'nyckel': token})}"
    until = link.asked_at + LIFETIME
    words = {"until": until, "link": url, "mailed_code": code}
    _mail("sign_in_link", words, orderer, link, useful=until - timezone.now())
    result = "to the outbox" if code else limits.TOO_MANY_WRONG_CODES  # then with the link alone
    audit.record(Event.LINK_SENT, orderer, result=result, address=link.address)


def _mail(event: str, words: dict[str, Any], orderer: Orderer, link: SignInLink, *, useful: timedelta) -> None:
    topic = Message.Topic.SIGN_IN_LINK
    mail = outbox.letter(
        event,
        words,
        purpose=topic,
        to=orderer.email,
        language=link.language,
        useful=useful,
        key=f"{topic} {link.pk}",
    )
    outbox.enqueue([mail])


def _reason_to_withhold(orderer: Orderer | None, link: SignInLink) -> str:
    """Why no link is sent; "" for one that is sent, and counted.

    A browser in which the orderer has signed in before has counts of its own (D3). Others count for the asking network
    too: a stranger who asks all day from few networks can't use up the orderer's own links.
    """
    if orderer is None:
        return "no such orderer"
    if not orderer.active:
        return "orderer not active"
    if not _has_company(orderer):
        return "no active company"
    mail = orderer.email.lower()
    if link.known:
        counted = [(f"{mail} known browser", limits.LINK_SENDS)]
    else:
        network = by_address.network_of(link.address) if link.address else ""
        counted = [(f"{mail} {network}", limits.LINK_SENDS), (mail, limits.LINK_SENDS_IN_ALL)]
    with transaction.atomic():
        allowed = all(SendQuota.take(digest(who, "mail address"), Purpose.SIGN_IN, most) for who, most in counted)
        transaction.set_rollback(not allowed)  # one that is refused counts against none of them
    if not allowed:
        return limits.TOO_MANY_LINKS
    return limits.CONTACT_WAITS if orderer.waiting else ""


def _refusal(orderer: Orderer | None, number: str = "") -> str:
    """Why this orderer may not sign in now; "" if they may. ``number``: the one that the code went to."""
    if orderer is None or not orderer.active or number not in ("", orderer.mobile) or not _has_company(orderer):
        return "orderer not active"
    return limits.CONTACT_WAITS if orderer.waiting else ""


def _has_company(orderer: Orderer) -> bool:
    return orderer.companies.filter(active=True).exists()


def _digest(token: str, email: str) -> str:
    """Contains the address: the link stops working once the orderer has another one."""
    return digest(f"{token}/{email.lower()}", "sign-in link")


Used = tuple[int, Challenge]  # the link, and the code by SMS that follows


@sensitive_variables("token")
def press(
    link_ids: Collection[int], token: str, *, language: str, address: str | None, presented: str = ""
) -> Used | None:
    """Uses up the link with this token, and queues a code by SMS. None for a wrong, old or used link.

    ``link_ids``: the session's links; ``presented``: as in ``codes.ask``. Of parallel uses, one wins. A wrong token
    costs the same work whether or not a link was ever sent (E2).
    """
    rows = _open(link_ids).values_list("pk", "digest", "orderer__email")
    right = [key for key, kept, email in rows if constant_time_compare(kept, _digest(token, email or ""))]
    with transaction.atomic():
        return _use(right[0] if right else None, language, address, presented)


@sensitive_variables("code")
def enter_mailed(
    link_ids: Collection[int], code: str, *, language: str, address: str | None, presented: str = ""
) -> Used | None:
    """As ``press``, with the code that stood beside the link."""
    with transaction.atomic():
        return _use(mailed_codes.check(_open(link_ids), code), language, address, presented)


def _open(link_ids: Collection[int]) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(pk__in=link_ids, used_at=None, asked_at__gt=timezone.now() - LIFETIME)


def _use(link_id: int | None, language: str, address: str | None, presented: str) -> Used | None:
    """Uses up a link, with its code, and queues a code by SMS. None for no link, or one that was used meanwhile."""
    if link_id is None or _open([link_id]).update(used_at=timezone.now()) != 1:
        audit.record(Event.LINK_REFUSED, result="wrong, old or used", address=address)
        return None
    orderer = SignInLink.objects.select_related("orderer").get(pk=link_id).orderer
    refusal = _refusal(orderer)
    if orderer is None or refusal:
        audit.record(Event.LINK_REFUSED, orderer, result=refusal, address=address)
        return None
    challenge = codes.ask(
        Purpose.SIGN_IN,
        language=language,
        address=address,
        orderer=orderer,
        number=orderer.mobile,
        presented=presented,
    )
    return link_id, challenge


def is_fresh(link_id: int | None) -> bool:
    """Whether the link was used less than LINK_FRESH ago: after that, no more codes are sent."""
    return link_id is not None and SignInLink.objects.filter(pk=link_id, used_at__gt=timezone.now() - FRESH).exists()


def enter(challenge_id: int, code: str, address: str | None) -> Orderer | None:
    """The orderer, if the code is right and they still have the number and a company; else None, which hides why."""
    with transaction.atomic():
        challenge = codes.check(challenge_id, code, address)
        if challenge is None:
            return None
        orderer = challenge.orderer
        refusal = _refusal(orderer, challenge.number)
        if orderer is None or refusal:
            audit.record(Event.LOGIN_REFUSED, orderer, result=refusal, address=address)
            return None
        audit.record(Event.LOGIN_DONE, orderer, actor=orderer, result="orderer", address=address)
    return orderer
