"""Passkeys of staff: what to ask the browser for, and whether its answer is valid.

Source: WebAuthn Level 2 (W3C), 5.4, 5.5, 7.1 and 7.2, whose checks ``py_webauthn`` makes. User verification is
required: the device has asked for a PIN, a finger or a face. So a stolen device alone lets nobody in.
A *challenge* is random, good for one answer, and lies in the session meanwhile. All texts of bytes are base64url.
"""

import base64
import ipaddress
import json
import logging
import secrets
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, limits, signals, users
from accounts.models import Authenticator, EnrolmentCode, Event, FailedTry, Passkey, RecoveryCodes, User
from accounts.staff import second_factor
from idportal.web.identity import look

log = logging.getLogger("idportal.second_factor")

TIMEOUT = 120_000  # milliseconds for the person to find the device: a hint to the browser
# EdDSA, ECDSA and RSA with SHA-256 (IANA's COSE algorithms), as ``py_webauthn`` takes them.
ALGORITHMS = (-8, -7, -257)
VERIFICATION = "required"

Options = dict[str, Any]


def can_be_used() -> bool:
    """Whether browsers make passkeys for PORTAL_URL: it needs a host name, and https or this machine."""
    try:
        ipaddress.ip_address(_host().strip("[]"))
    except ValueError:
        return settings.PORTAL_URL.startswith("https://") or _host() == "localhost"
    return False


def _host() -> str:
    """The relying party's id: no other site's page can ask for its passkeys."""
    return urlsplit(settings.PORTAL_URL).hostname or ""


def _origin() -> str:
    parts = urlsplit(settings.PORTAL_URL)
    return f"{parts.scheme}://{parts.netloc}"


def are_had(user: User) -> bool:
    """Whether the user has a passkey that browsers can use here."""
    return can_be_used() and Passkey.objects.filter(user=user).exists()


def owned_by(user: User) -> Iterable[Passkey]:
    """The user's passkeys, the oldest one first."""
    return Passkey.objects.filter(user=user).order_by("pk")


def new_challenge() -> str:
    return secrets.token_urlsafe(32)


def to_sign_in(user: User, challenge: str) -> Options:
    """For ``navigator.credentials.get``."""
    return {
        "challenge": challenge,
        "rpId": _host(),
        "timeout": TIMEOUT,
        "userVerification": VERIFICATION,
        "allowCredentials": _known(user),
    }


def to_register(user: User, challenge: str) -> Options:
    """For ``navigator.credentials.create``. A device that has a passkey of the user makes no second one."""
    return {
        "challenge": challenge,
        "rp": {"id": _host(), "name": look.current().service_on_devices},
        # The id says nothing about the person (14.6.1 there).
        "user": {"id": _text(_handle(user)), "name": user.username, "displayName": user.username},
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in ALGORITHMS],
        "timeout": TIMEOUT,
        "attestation": "none",
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": VERIFICATION},
        "excludeCredentials": _known(user),
    }


def _known(user: User) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": passkey.credential} for passkey in owned_by(user)]


def _handle(user: User) -> bytes:
    return uuid.UUID(user.directory_id).bytes


def register(
    user: User, challenge: str, answer: str, name: str, address: str | None, *, entered: int | None = None
) -> Passkey | None:
    """Keeps a new passkey if the answer is good and the user has fewer than PASSKEYS; else None.

    ``challenge`` "": none is under way. ``entered``: the id of the enrolment code that this sign-in has spent, which
    the first second factor takes (A1). Notifies the owner and the administrators.
    """
    found = _checked("verify_registration_response", challenge, answer)
    account, administrators = users.account_to_tell(user, staff=True), users.administrators_to_tell()
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        full = Passkey.objects.filter(user=person).count() >= limits.PASSKEYS
        credential = _text(found.credential_id) if found else ""
        first = not second_factor.is_enrolled(person)
        may_not = full or (first and not EnrolmentCode.permits(person, entered))
        if not found or may_not or Passkey.objects.filter(credential=credential).exists():
            audit.record(Event.SECOND_FACTOR_REFUSED, person, result="to be connected", address=address)
            return None
        if first:
            # As with a first app: codes of an earlier one are no way in.
            Authenticator.objects.filter(user=person, confirmed=False).delete()
            RecoveryCodes.objects.filter(user=person).delete()
            EnrolmentCode.objects.filter(user=person).delete()
        made: Passkey = Passkey.objects.create(
            user=person,
            name=name,
            credential=credential,
            public_key=_text(found.credential_public_key),
            sign_count=found.sign_count,
        )
        audit.record(Event.SECOND_FACTOR_ADDED, person, actor=person, result="passkey", address=address)
        signals.second_factor_added.send(
            Passkey, user=person, account=account, administrators=administrators, what="passkey"
        )
    return made


def check(user: User, challenge: str, answer: str, address: str | None) -> Passkey | None:
    """The passkey that gave this answer to the challenge; else None, and the failure counts as a wrong code does.

    Wrong codes stop no passkey: nobody guesses one, and a thief of the password must not keep its owner out.
    """
    account = users.account_to_tell(user, staff=True)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        passkey: Passkey | None = (
            Passkey.objects.select_for_update().filter(user=person, credential=_id_in(answer)).first()
        )
        found = passkey and _checked(
            "verify_authentication_response",
            challenge,
            answer,
            credential_public_key=_bytes(passkey.public_key),
            # An answer whose count is not above the last one may come from a copied key, and is refused.
            credential_current_sign_count=passkey.sign_count,
        )
        if passkey is None or not found:
            audit.record(Event.SECOND_FACTOR_REFUSED, person, result="passkey", address=address)
            second_factor.count_wrong_code(person, account, FailedTry.Secret.FACTOR)
            return None
        passkey.sign_count, passkey.last_used_at = found.new_sign_count, timezone.now()
        passkey.save(update_fields=["sign_count", "last_used_at"])
        second_factor.forget_failures(person)
        audit.record(Event.SECOND_FACTOR_ACCEPTED, person, actor=person, result="passkey", address=address)
    return passkey


def remove(user: User, key: int, address: str | None) -> bool:
    """Deletes one of the user's own passkeys, unless it is the last second factor. Notifies as ``register``."""
    account, administrators = users.account_to_tell(user, staff=True), users.administrators_to_tell()
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        mine = Passkey.objects.filter(user=person)
        app = not settings.STAFF_PASSKEYS_ONLY and second_factor.has_app(person)
        if not (app or mine.exclude(pk=key).exists()) or not mine.filter(pk=key).delete()[0]:
            return False
        audit.record(Event.SECOND_FACTOR_REMOVED, person, actor=person, result="passkey", address=address)
        signals.second_factor_removed.send(
            Passkey, user=person, account=account, administrators=administrators, what="passkey"
        )
    return True


def _checked(verb: str, challenge: str, answer: str, **more: Any) -> Any:
    """What ``py_webauthn`` found in a good answer to the challenge, by one of its verbs; None for any other."""
    # Loaded by those who use it alone: it takes time and megabytes.
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    if not challenge:
        return None
    try:
        return getattr(webauthn, verb)(
            credential=answer,
            expected_challenge=_bytes(challenge),
            expected_rp_id=_host(),
            expected_origin=_origin(),
            require_user_verification=True,
            **more,
        )
    except (WebAuthnException, ValueError, TypeError, RecursionError) as error:
        log.warning("the answer of a passkey was refused: %s", type(error).__name__)
        return None


def _id_in(answer: str) -> str:
    """The credential's id in an answer; "" if there is none."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    named = found.get("id") if isinstance(found, dict) else None
    return named if isinstance(named, str) and "\0" not in named else ""


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
