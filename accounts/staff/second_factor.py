# mypy: disallow-untyped-calls=False
"""The second factor of staff: an app, connected at the first sign-in and needed at each, and recovery codes.

``accounts.staff.enrolment`` has the code without which none is connected. ``accounts.staff.passkeys`` are good in place
of both, and ``accounts.staff.sms_factor`` is what agents may have.
Sources: RFC 6238; NIST SP 800-63B-4 3.1.2 (look-up secrets) and 3.1.4 (one-time passwords); security.md K1 to K3.
"""

import logging
from datetime import timedelta

import segno
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts import audit, codes, limits, signals, users
from accounts.directory import Account, DirectoryError, connect_staff
from accounts.models import Authenticator, EnrolmentCode, Event, FailedTry, Passkey, Phone, RecoveryCodes, User

log = logging.getLogger("idportal.second_factor")

Device = Authenticator | RecoveryCodes

Kind = FailedTry.Secret
A_DAY = {Kind.FACTOR: limits.FACTOR_FAILURES_A_DAY, Kind.RECOVERY: limits.RECOVERY_FAILURES_A_DAY}


def is_enrolled(user: User) -> bool:
    """Whether the user has connected an app or a passkey; with STAFF_PASSKEYS_ONLY, a passkey."""
    return Passkey.objects.filter(user=user).exists() or (not settings.STAFF_PASSKEYS_ONLY and has_app(user))


def has_app(user: User) -> bool:
    return Authenticator.objects.filter(user=user, confirmed=True).exists()


def begin(user: User, begun: int | None) -> Authenticator:
    """The app that is being connected: the one that this sign-in has begun (its id), or a new one."""
    # A key for each sign-in: an attacker with the password may have seen a key, which the owner must not connect.
    found: Authenticator | None = Authenticator.objects.filter(pk=begun, user=user, confirmed=False).first()
    if found:
        return found
    left_behind = timezone.now() - timedelta(seconds=limits.SIGN_IN_LIFETIME)
    Authenticator.objects.filter(user=user, confirmed=False, created_at__lt=left_behind).delete()
    made: Authenticator = Authenticator.objects.create(user=user, name="app", confirmed=False)
    return made


def enrol(user: User, entered: int | None, begun: int | None, code: str, address: str | None) -> Authenticator | None:
    """Connects the app that was begun, and deletes others, if this is its code; else None.

    ``entered``: the id of the enrolment code that this sign-in has spent. Notifies the owner and the administrators.
    """
    account, administrators = users.account_to_tell(user, staff=True), users.administrators_to_tell()
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        waiting = Authenticator.objects.select_for_update().filter(pk=begun, user=person, confirmed=False)
        refused = settings.STAFF_PASSKEYS_ONLY or is_enrolled(person) or not EnrolmentCode.permits(person, entered)
        found: Authenticator | None = None if refused else waiting.first()
        if found is None or not found.verify_token(codes.plain(code)):
            audit.record(Event.SECOND_FACTOR_REFUSED, person, result="to be connected", address=address)
            return None
        found.confirmed = True
        found.save(update_fields=["confirmed"])
        Authenticator.objects.filter(user=person, confirmed=False).delete()
        EnrolmentCode.objects.filter(user=person).delete()
        RecoveryCodes.objects.filter(user=person).delete()
        audit.record(Event.SECOND_FACTOR_ADDED, person, actor=person, result="app", address=address)
        signals.second_factor_added.send(
            Authenticator, user=person, account=account, administrators=administrators, what="app"
        )
        return found


def check(user: User, code: str, address: str | None) -> Device | None:
    """The device of this code, which is then spent; else None, and the failure counts.

    After a wrong code no code is accepted for 1, 2, 4 … seconds. After FACTOR_FAILURES_A_DAY (recovery codes:
    RECOVERY_FAILURES_A_DAY) in a row none is for a day, of this kind only: the other kind is still a way in. Notifies
    the owner. The answer is the same for every reason.
    """
    account = users.account_to_tell(user, staff=True)
    typed = codes.plain(code)
    by_paper = len(typed) == limits.RECOVERY_CODE_DIGITS
    what, kind = ("recovery code", Kind.RECOVERY) if by_paper else ("app", Kind.FACTOR)
    with transaction.atomic():
        # One at a time for each user, so that each sees the count of the last.
        person = User.objects.select_for_update().get(pk=user.pk)
        model: type[Device] = RecoveryCodes if by_paper else Authenticator
        device: Device | None = model.objects.select_for_update().filter(user=person, confirmed=True).first()
        refusal = ""
        if settings.STAFF_PASSKEYS_ONLY:
            refusal = "passkeys only"
        elif _used_up(person, kind):
            refusal = limits.TOO_MANY_WRONG_CODES
        elif device and not device.verify_is_allowed()[0]:
            refusal = "too soon after a wrong code"
        elif device and device.verify_token(typed):
            forget_failures(person)
            audit.record(Event.SECOND_FACTOR_ACCEPTED, person, actor=person, result=what, address=address)
            return device
        audit.record(Event.SECOND_FACTOR_REFUSED, person, result=refusal or what, address=address)
        if not refusal:
            count_wrong_code(person, account, kind)
    return None


def count_wrong_code(user: User, account: Account | None, kind: FailedTry.Secret) -> None:
    """Counts it and, at a limit, warns the owner: the right password with wrong codes may be a stolen one."""
    FailedTry.objects.create(subject=user.directory_id, kind=kind)
    if kind in A_DAY:
        stopped, in_a_row = _used_up(user, kind), _failures(user).count()
    else:
        stopped, in_a_row = False, FailedTry.count(user.directory_id, kind, timedelta(seconds=limits.DAY))
    if stopped or in_a_row == limits.FACTOR_FAILURES_TOLD:
        # Robustly: a failed notice must not undo the count, or guesses would have no end.
        signals.second_factor_attacked.send_robust(
            Authenticator, user=user, account=account, kind=kind, stopped=stopped
        )


def forget_failures(user: User) -> None:
    """After a right answer. The wrong ones before it were mistypes."""
    FailedTry.objects.filter(subject=user.directory_id, kind__in=[*A_DAY, Kind.SMS]).delete()


def _used_up(user: User, kind: FailedTry.Secret) -> bool:
    """Whether the wrong codes of this kind have reached the limit of a day."""
    return FailedTry.count(user.directory_id, kind, timedelta(seconds=limits.DAY)) >= A_DAY[kind]


def make_recovery_codes(user: User, address: str | None, first: bool = False) -> list[str]:
    """Ten new codes in place of the earlier ones. Only hashes are kept, so they can be shown once. Notifies the owner.

    ``first``: the codes after an app was connected. Returns none if they exist: of two parallel requests one gets them,
    and the other must not replace them.
    """
    account = users.account_to_tell(user, staff=True)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        # Connecting an app deletes the row: without one, the first codes are still to be made.
        if first and RecoveryCodes.objects.filter(user=person).exists():
            return []
        row, _made = RecoveryCodes.objects.get_or_create(user=person, defaults={"name": "paper"})
        codes: list[str] = row.make()
        audit.record(Event.SECOND_FACTOR_ADDED, person, actor=person, result="recovery codes", address=address)
        signals.second_factor_added.send(
            RecoveryCodes, user=person, account=account, administrators=(), what="recovery codes"
        )
    return codes


def recovery_codes_left(user: User) -> int:
    """How many codes are unspent."""
    row = RecoveryCodes.objects.filter(user=user).first()
    return len(row.digests) if row else 0


def remove(user: User, *, actor: User | None = None, address: str | None = None) -> bool:
    """Deletes app, passkeys and recovery codes, and ends every session. Anew only with a new enrolment code.

    With HELPDESK_SMS_FACTOR also an agent's number, which is a second factor too: a stolen telephone has both. Notifies
    the owner and the administrators. False if there was nothing to delete; the sessions end all the same. ``actor``
    None: a command.
    """
    account, administrators = users.account_to_tell(user, staff=True), users.administrators_to_tell()
    agent = settings.HELPDESK_SMS_FACTOR and _is_agent(account)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        apps, _ = Authenticator.objects.filter(user=person).delete()
        EnrolmentCode.objects.filter(user=person).delete()
        papers, _ = RecoveryCodes.objects.filter(user=person).delete()
        passkeys, _ = Passkey.objects.filter(user=person).delete()
        numbers = 0
        if settings.HELPDESK_SMS_FACTOR and (agent or apps or papers or passkeys):
            numbers, _ = Phone.objects.filter(user=person).delete()
        if numbers:
            codes.end_challenges(person)
            audit.record(Event.PHONE_FORGOTTEN, person, actor=actor, result="second factor removed", address=address)
        _failures(person).delete()
        users.end_sessions(person)
        gone = bool(apps or papers or passkeys or numbers)
        if gone:
            audit.record(Event.SECOND_FACTOR_REMOVED, person, actor=actor, address=address)
            signals.second_factor_removed.send(
                Authenticator, user=person, account=account, administrators=administrators
            )
        return gone


def _is_agent(account: Account | None) -> bool:
    """Whether the account is an agent's; False if the directory can't tell."""
    group = settings.DIRECTORY_HELPDESK_GROUP
    try:
        return bool(group and account and connect_staff().groups_of(account, [group]))
    except DirectoryError as error:
        log.error("the directory does not say whether an account is an agent's: %s", type(error).__name__)
        return False


def _failures(user: User) -> models.QuerySet[FailedTry]:
    """The wrong codes of both kinds since the last right one."""
    return FailedTry.objects.filter(subject=user.directory_id, kind__in=A_DAY)


def picture(text: str) -> SafeString:
    """The text as a QR code in SVG, with error correction of level M."""
    return SafeString(segno.make_qr(text, error="m").svg_inline(omitsize=True))
