"""Logging in with the current password, and the limits of all log-ins, staff's too (manual-sv.md; T1, T3)."""

import enum
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import audit, directory, limits, users
from accounts.directory import Account, Directory, Lockout, PasswordCheck
from accounts.encryption import digest
from accounts.forms import LoginForm
from accounts.models import Event, FailedTry, User

# The directory counts by its own clock, in whole seconds, and from its answer: up to 5 s after the try was noted.
WINDOW_EDGE = timedelta(seconds=10)

STOPPED = "stopped before lock-out"  # in the trail


class SignInOutcome(enum.Enum):
    """By the names of ``PasswordCheck``. WRONG is for wrong, unknown, locked, protected and stopped alike."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    MUST_CHANGE = "must_change"
    DISABLED = "disabled"
    NO_ROLE = "no_role"  # only at staff's log-in


class SessionBackend(BaseBackend):
    """Finds the user of a session. It checks no password: the verbs of this module do."""

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


def check(username: str, password: str, address: str | None) -> tuple[SignInOutcome, User | None]:
    """Checks a user name and password against the directory. The user comes with RIGHT only.

    Unknown names and protected accounts go the same way as all others, to a bind that can't succeed. Raises
    DirectoryError if the directory can't tell.
    """
    accounts = directory.connect()
    found = accounts.find(username)
    account = found if found and not found.protected else None
    outcome, user = try_password(accounts, found, account, username=username, password=password, address=address)
    if user:
        audit.record(Event.LOGIN_DONE, account, actor=user, address=address)
    return outcome, user


def log_in_page(
    request: HttpRequest,
    template: str,
    check: Callable[[str, str, str | None], tuple[SignInOutcome, User | None]],
    proceed: Callable[[HttpRequest, User], HttpResponse],
    reasons: Sequence[str],
) -> HttpResponse:
    """User name and password, and then ``proceed``. ``reasons``: words of the address for why the page comes again."""
    if request.method == "POST" and (page := limits.over_limit(request, limits.FAILED_LOGINS, count=False)):
        return page
    form = LoginForm(request.POST or None)
    outcome = ""
    if form.is_valid():
        result, user = check(form.cleaned_data["username"], form.cleaned_data["password"], request.META["REMOTE_ADDR"])
        if user:
            return proceed(request, user)
        limits.over_limit(request, limits.FAILED_LOGINS, count=True)
        if result is SignInOutcome.WRONG:
            form.refuse()
        else:
            outcome = result.value
    again = next((why for why in reasons if why in request.GET), "")
    return render(request, template, {"form": form, "outcome": outcome, "again": again})


def try_password(
    accounts: Directory,
    found: Account | None,
    account: Account | None,
    *,
    username: str,
    password: str,
    address: str | None,
) -> tuple[SignInOutcome, User | None]:
    """Checks a password with the directory, within the limits of the account (T1, T3). The user comes with RIGHT only.

    ``found``: the account of the name, for the trail; ``account``: the same, or None if no password may be tried for
    it, with the same queries. Notes the try before it is made, under the account's lock, so that parallel tries count.
    Records a refusal; the caller records a success. Raises DirectoryError if the directory can't tell.
    """
    subject = account.id if account else f"name {digest(username.casefold(), 'name')[:30]}"
    user = users.for_account(account) if account else User.objects.filter(directory_id=subject).first()
    with transaction.atomic():
        User.locked(subject)
        tries = FailedTry.objects.filter(subject=subject, kind=FailedTry.Secret.PASSWORD)
        before = list(tries.order_by("-at"))
        this_one = tries.filter(pk=FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.PASSWORD).pk)
        audit.record(Event.LOGIN_ATTEMPTED, found, address=address)
    try:
        allowed = _may_try(before, accounts.lockout(account))
        if not allowed:
            this_one.delete()
        answer = accounts.check_password(account if allowed else None, password)
        if answer is PasswordCheck.UNAVAILABLE:
            raise directory.DirectoryUnavailable("no answer to a password check")
    except directory.DirectoryError:
        this_one.delete()
        raise
    disabled = answer is PasswordCheck.RIGHT and account and not account.enabled
    outcome = SignInOutcome.__members__.get("DISABLED" if disabled else answer.name, SignInOutcome.WRONG)
    if outcome is SignInOutcome.RIGHT:
        # The directory forgets earlier failures now. So does the portal, except for tries that are under way.
        (tries.filter(answered=True) | this_one).delete()
    elif outcome is not SignInOutcome.WRONG:
        this_one.delete()  # no failure; but Active Directory keeps earlier ones after a password that doesn't log in
    else:
        this_one.update(answered=True)
    if outcome is SignInOutcome.RIGHT and user:
        return outcome, user
    audit.record(Event.LOGIN_REFUSED, found, result=answer.value if allowed else STOPPED, address=address)
    return outcome, None


def _may_try(before: list[FailedTry], policy: Lockout) -> bool:
    """Whether one more wrong password would still not make the directory lock the account (T3).

    ``before``: the earlier tries, newest first. Tries since the last pause of the window's length count: Active
    Directory's window begins anew with each failure (MS-SAMR 3.1.5.14.6); OpenLDAP's slides and counts no more than
    that. The directory's own count includes tries elsewhere, at a workstation for example. Tries that are under way
    at this moment come on top.
    """
    if policy.threshold:
        # One below the directory's own threshold; a threshold of one leaves no room to be careful.
        room, window = max(1, policy.threshold - 1), policy.window
    else:
        room, window = limits.PASSWORD_TRIES, limits.PASSWORD_WINDOW
    later, answered, under_way = timezone.now(), 0, 0
    for tried in before:
        if later - tried.at > window + WINDOW_EDGE:
            break
        later = tried.at
        answered, under_way = answered + tried.answered, under_way + (not tried.answered)
    elsewhere = policy.failures if policy.threshold else 0  # a directory that never locks may never forget either
    return under_way + max(answered, elsewhere) < room
