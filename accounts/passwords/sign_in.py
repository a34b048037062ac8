"""Logging in with the current password, and the limits of all log-ins, staff's too (manual-sv.md; T1, T3)."""

import enum
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from django.contrib.auth.backends import BaseBackend
from django.core.cache import caches
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import audit, directory, limits, users
from accounts.directory import Account, Directory, Lockout, PasswordCheck
from accounts.forms import LoginForm
from accounts.models import Event, FailedTry, User
from accounts.privacy.encryption import digest
from accounts.sessions import browsers
from accounts.throttling import by_address, places, spraying
from accounts.throttling.places import Place
from idportal import clock

# The directory counts by its own clock, in whole seconds, and from its answer: up to 5 s after the try was noted.
WINDOW_EDGE = timedelta(seconds=10)

LOCK_OUT_KEPT = 600  # seconds for which each process keeps what the directory says of it
LONG = timedelta(days=1)  # a directory that never forgets wrong passwords has a longer one: no wait to tell

STOPPED, SPRAYED = "stopped before lock-out", "password tried on many accounts"  # in the trail


Knows = Callable[[str], bool]  # of an account's id: ``browsers.knows`` for the browser that asks


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


def check(username: str, password: str, address: str | None, knows: Knows) -> tuple[SignInOutcome, User | None]:
    """Checks a user name and password against the directory. The user comes with RIGHT only.

    Unknown names and protected accounts go the same way as all others, to a bind that can't succeed. ``knows``: as in
    ``try_password``. Raises DirectoryError if the directory can't tell.
    """
    accounts = directory.connect()
    found = accounts.find(username)
    account = found if found and not found.protected else None
    outcome, user = try_password(
        accounts, found, account, username=username, password=password, address=address, knows=knows
    )
    if user:
        audit.record(Event.LOGIN_DONE, account, actor=user, address=address)
    return outcome, user


def log_in_page(
    request: HttpRequest,
    template: str,
    check: Callable[[str, str, str | None, Knows], tuple[SignInOutcome, User | None]],
    proceed: Callable[[HttpRequest, User], HttpResponse],
    reasons: Sequence[str],
    *,
    reset_url: str = "",
) -> HttpResponse:
    """User name and password, and then ``proceed``. ``reasons``: words of the address for why the page comes again.

    ``reset_url``: where those who log in here choose a new password.
    """
    if request.method == "POST" and (page := by_address.over_limit(request, by_address.FAILED_LOGINS, count=False)):
        return page
    form, outcome = LoginForm(request.POST or None), ""
    if form.is_valid():
        typed, knows = form.cleaned_data, partial(browsers.knows, request)
        if page := by_address.over_names(request, by_address.LOGIN_NAMES, typed["username"]):
            return page
        result, user = check(typed["username"], typed["password"], request.META["REMOTE_ADDR"], knows)
        if user:
            return proceed(request, user)
        by_address.over_limit(request, by_address.FAILED_LOGINS, count=True)
        spraying.count_failure(request)
        if result is SignInOutcome.WRONG:
            form.refuse(clock.duration(lock_out()), reset_url)
        else:
            outcome = result.value
    again = next((why for why in reasons if why in request.GET), "")
    return render(request, template, {"form": form, "outcome": outcome, "again": again})


def lock_out() -> timedelta:
    """How long wrong passwords count, as the directory has it in general: the same for every name (E1)."""

    def read() -> timedelta:
        policy = directory.connect().lockout()
        return policy.window if policy.threshold and policy.window < LONG else limits.PASSWORD_WINDOW

    try:
        return caches["pages"].get_or_set("lock-out", read, LOCK_OUT_KEPT) or limits.PASSWORD_WINDOW
    except directory.DirectoryError:
        return limits.PASSWORD_WINDOW


def try_password(
    accounts: Directory,
    found: Account | None,
    account: Account | None,
    *,
    username: str,
    password: str,
    address: str | None,
    knows: Knows,
    ask: Callable[[Account | None, str], PasswordCheck] | None = None,
) -> tuple[SignInOutcome, User | None]:
    """Checks a password with the directory, within the limits of the account (T1, T3). The user comes with RIGHT only.

    ``found``: the account of the name, for the trail; ``account``: the same, or None if no password may be tried for
    it, with the same queries. ``knows``: known browsers have the last tries (D1), and any password (D4). ``ask``: how
    the directory is asked, if not by ``accounts.check_password``. Records a refusal; the caller a success. Only the
    right password makes a row of a person (Q1). Raises DirectoryError if the directory can't tell.
    """
    subject = account.id if account else f"name {digest(username.casefold(), 'name')[:30]}"
    tries, known = FailedTry.objects.filter(subject=subject, kind=FailedTry.Secret.PASSWORD), knows(subject)
    place = Place("known browser") if known else spraying.take_place(password, subject)
    with transaction.atomic():
        noted = FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.PASSWORD, known=known)
        this_one = tries.filter(pk=noted.pk)
        audit.record(Event.LOGIN_ATTEMPTED, found, address=address)
    # Noted and committed first, and the others read then: of parallel tries each sees those that were noted before.
    before = list(tries.exclude(pk=noted.pk).order_by("-at"))
    try:
        stopped = not _may_try(before, accounts.lockout(account), known)
        if refused := STOPPED if stopped else "" if place.key else SPRAYED:
            this_one.delete()
        answer = (ask or accounts.check_password)(None if refused else account, password)
        if answer is PasswordCheck.UNAVAILABLE:
            raise directory.DirectoryUnavailable("no answer to a password check")
    except directory.DirectoryError:
        this_one.delete()
        places.give_back(place)
        raise
    disabled = answer is PasswordCheck.RIGHT and account and not account.enabled
    outcome = SignInOutcome.__members__.get("DISABLED" if disabled else answer.name, SignInOutcome.WRONG)
    _settle(outcome, tries, this_one, place)
    if outcome is SignInOutcome.RIGHT and account:
        return outcome, users.for_account(account)
    audit.record(Event.LOGIN_REFUSED, found, result=refused or answer.value, address=address)
    return outcome, None


def _settle(outcome: SignInOutcome, tries: QuerySet[FailedTry], this_one: QuerySet[FailedTry], place: Place) -> None:
    """Counts the answered try among the account's and the password's, or forgets it."""
    if outcome is not SignInOutcome.WRONG:
        places.give_back(place)
    if outcome is SignInOutcome.RIGHT:
        # The directory forgets earlier failures now. So does the portal, except for tries that are under way.
        (tries.filter(answered=True) | this_one).delete()
    elif outcome is not SignInOutcome.WRONG:
        this_one.delete()  # no failure; but Active Directory keeps earlier ones after a password that doesn't log in
    else:
        this_one.update(answered=True)


def _may_try(before: list[FailedTry], policy: Lockout, known: bool) -> bool:
    """Whether one more wrong password would still not make the directory lock the account (T3).

    ``before``: the earlier tries, newest first. Tries since the last pause of the window's length count: Active
    Directory's window begins anew with each failure (MS-SAMR 3.1.5.14.6); OpenLDAP's slides and counts no more than
    that. The directory's own count includes tries elsewhere, at a workstation for example. Tries that are under way
    at this moment come on top.

    Strangers stop earlier, so that a *known* browser still gets in (D1).
    """
    strangers, most = limits.password_tries(policy.threshold)
    window = policy.window if policy.threshold else limits.PASSWORD_WINDOW
    later, counted = timezone.now(), Counter[tuple[bool, bool]]()
    for tried in before:
        if later - tried.at > window + WINDOW_EDGE:
            break
        later = tried.at
        counted[tried.known, tried.answered] += 1
    # A directory that never locks may never forget either.
    elsewhere = max(0, policy.failures - counted[True, True] - counted[False, True]) if policy.threshold else 0
    others, own = (counted[kind, True] + counted[kind, False] for kind in (False, True))
    if not known:
        return others + own + elsewhere < strangers
    # Of many strangers' tries that are under way, no more than their share reaches the directory.
    return min(others, strangers) + own + elsewhere < most
