"""OpenLDAP with the ppolicy overlay (slapo-ppolicy(5), draft-behera-ldap-password-policy-11)."""

import time
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from accounts.directory.account import Account, DirectoryError, Expiry, Lockout, PasswordChange, PasswordCheck, Span
from accounts.directory.dialects.dialect import CLOCKS_DIFFER, POLICY_FOR, Directory
from accounts.directory.dialects.lookup import Look
from accounts.directory.ldap_client.answers import Broken, DirectoryRefused, LdapEntry
from accounts.directory.ldap_client.conditions import parent
from accounts.directory.ldap_client.connection import Connection

# pwdAccountLockedTime of a disabled account.
DISABLED = b"000001010000Z"

# Errors of the ppolicy response control.
OUTCOMES = {0: PasswordCheck.EXPIRED, 1: PasswordCheck.LOCKED}
REFUSALS = {
    3: PasswordChange.NOT_ALLOWED,  # modification not allowed
    4: PasswordChange.NOT_ALLOWED,  # the old password must be given
    5: PasswordChange.TOO_WEAK,  # low quality
    6: PasswordChange.TOO_WEAK,  # too short
    7: PasswordChange.TOO_YOUNG,
    8: PasswordChange.IN_HISTORY,
    9: PasswordChange.TOO_WEAK,  # too long
}

# Assumed where no policy is known: a strict one of the common ones.
ASSUMED_THRESHOLD, ASSUMED_WINDOW = 5, timedelta(minutes=30)

# The window for failures that slapd never forgets (pwdFailureCountInterval 0).
NEVER_FORGOTTEN = timedelta(hours=24)

# What the portal needs of a policy. An absent number, and 0, means no limit.
POLICY = [
    *("pwdMaxAge", "pwdMustChange", "pwdInHistory", "pwdLockout"),
    *("pwdMaxFailure", "pwdFailureCountInterval", "pwdLockoutDuration"),
]


class OpenLdap(Directory):
    """OpenLDAP with ppolicy."""

    kind = "openldap"
    people = "(uid=*)"
    username = "uid"
    identifier = "entryUUID"
    identifier_is_guid = False
    company = "o"
    attributes = ("pwdReset", "pwdAccountLockedTime", "pwdPolicySubentry")
    spaces_count = False  # caseIgnoreMatch (RFC 4518 2.6.1)
    failures = ("pwdFailureTime",)

    def __init__(self) -> None:
        super().__init__()
        self._policies: dict[str, tuple[float, LdapEntry]] = {}

    @property
    def keeps_history(self) -> bool:
        return bool(self._policy(settings.DIRECTORY_DEFAULT_POLICY).number("pwdInHistory"))

    def _account(self, entry: LdapEntry) -> Account:
        policy = self._policy_of(entry)
        username = entry.text("uid")
        if not username:
            raise LookupError("it has no uid")
        locked = entry.raw("pwdAccountLockedTime")
        plain = self._plain_values(entry)
        last_set = plain["password_last_set"]
        expires: datetime | Expiry = Expiry.NEVER
        if policy.text("pwdMustChange") == "TRUE" and entry.text("pwdReset") == "TRUE":
            expires = Expiry.MUST_CHANGE
        elif last_set and (max_age := seconds(policy, "pwdMaxAge")):
            expires = last_set + max_age
        locked_for = seconds(policy, "pwdLockoutDuration")
        # Without pwdLockout slapd does not look at the lock.
        is_locked = bool(locked) and locked != DISABLED and policy.text("pwdLockout") == "TRUE"
        if locked and is_locked and locked_for:
            is_locked = datetime.now(UTC) < moment(locked) + locked_for
        return Account(
            id=self._identifier(entry),
            username=username,
            company=entry.text(self._company),
            enabled=locked != DISABLED,
            protected=False,
            locked=is_locked,
            expires=expires,
            unit=parent(entry.dn),
            **plain,
        )

    def _has_none(self, connection: Connection, group: LdapEntry) -> bool:
        may = b"groupOfMembers" in group.attributes.get("objectClass", [])
        # What the service account may not see neither matches nor does not (RFC 4511 4.5.1.7).
        return may and self._group(connection, group.dn, "(!(member=*))", "1.1") is not None

    def _moment(self, entry: LdapEntry, name: str) -> datetime | None:
        value = entry.raw(name)
        return moment(value) if value else None

    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Look]:
        # slapd's times compare as texts do. Parsing each would take longer than all the rest.
        edges: dict[str, list[bytes]] = {}

        def edges_of(policy: str) -> list[bytes]:
            """When the passwords of this policy that run out within the spans were set: first and last in turn."""
            if policy not in edges:
                max_age = seconds(self._policy(policy or settings.DIRECTORY_DEFAULT_POLICY), "pwdMaxAge")
                second = timedelta(seconds=1)  # as fractions are left off
                pairs = [(before(first, max_age), before(last, max_age - second)) for first, last in spans]
                edges[policy] = list(chain(*pairs)) if max_age else []
            return edges[policy]

        def may(entry: LdapEntry) -> bool:
            changed = entry.raw("pwdChangedTime")
            if changed is None:
                return False
            return bisect_right(edges_of(entry.text("pwdPolicySubentry")), changed) % 2 == 1

        # Few accounts have a policy of their own, or all have: the filter lets them through, the look decides.
        usual = edges_of("")
        set_then = map(_between, usual[::2], usual[1::2])
        return f"(|(pwdPolicySubentry=*){''.join(set_then)})", may

    def _outcome(self, refused: DirectoryRefused) -> PasswordCheck:
        # A disabled account is LOCKED here: slapd says so before it looks at the password.
        return OUTCOMES.get(-1 if refused.policy is None else refused.policy, PasswordCheck.WRONG)

    @sensitive_variables("password")
    def _set_password(
        self, connection: Connection, entry: LdapEntry, account: Account, password: str
    ) -> PasswordChange:
        policy = self._policy_of(entry)
        if not policy.number("pwdInHistory") and self._is_present(entry, password):
            # slapd counts a failed bind here, and forgets it when the password is set next.
            return PasswordChange.IN_HISTORY
        try:
            connection.modify_password(entry.dn, password)
        except DirectoryRefused as refused:
            return REFUSALS[refused.policy] if refused.policy in REFUSALS else self._unexplained(refused)
        if policy.text("pwdMustChange") == "TRUE":
            # With pwdMustChange slapd marks a password from a service account as to be changed at next logon.
            try:
                connection.delete_value(entry.dn, "pwdReset", b"TRUE")
            except Broken as broken:  # a second deletion does no harm, so it is tried again
                self._pool.close()  # the kept ones are probably broken too
                try:
                    self._pool.run(lambda again: again.delete_value(entry.dn, "pwdReset", b"TRUE"))
                except DirectoryError:
                    raise broken from None
        return PasswordChange.DONE

    def _unlock(self, connection: Connection, entry: LdapEntry) -> None:
        since = entry.raw("pwdAccountLockedTime")
        if since:
            # Only the lock that was read: an administrator's lock that came meanwhile stays. slapd drops the counted
            # failures with it.
            connection.delete_value(entry.dn, "pwdAccountLockedTime", since)

    def _read_lockout(self, connection: Connection, entry: LdapEntry) -> Lockout:
        failures = [moment(at) for at in entry.attributes.get("pwdFailureTime", [])]
        policy = self._policy_of(entry)
        if not policy.dn:
            # slapd may have a ppolicy_default of its own, which it does not show.
            return Lockout(ASSUMED_THRESHOLD, ASSUMED_WINDOW, len(failures), known=False)
        threshold = (policy.number("pwdMaxFailure") or 0) if policy.text("pwdLockout") == "TRUE" else 0
        window = seconds(policy, "pwdFailureCountInterval")
        if not window:
            # Only a right password forgets the wrong ones then (slapo-ppolicy(5), pwdFailureCountInterval).
            return Lockout(threshold, NEVER_FORGOTTEN, len(failures))
        since = datetime.now(UTC) - window - CLOCKS_DIFFER
        return Lockout(threshold, window, sum(at > since for at in failures))

    def _policy_of(self, entry: LdapEntry) -> LdapEntry:
        """The policy of an entry, with the DN "" if none is known."""
        return self._policy(entry.text("pwdPolicySubentry") or settings.DIRECTORY_DEFAULT_POLICY)

    def _policy(self, dn: str) -> LdapEntry:
        """The policy with this DN. A missing one is empty and sets no limits, as in slapd."""
        now = time.monotonic()
        until, policy = self._policies.get(dn, (0.0, LdapEntry(dn, {})))
        if until <= now:
            # On another connection than a search in pages, which slapd would cut short.
            policy = (self._ask(lambda connection: connection.read(dn, POLICY)) if dn else None) or LdapEntry(dn, {})
            self._policies[dn] = (now + POLICY_FOR, policy)
        return policy


def seconds(policy: LdapEntry, name: str) -> timedelta:
    return timedelta(seconds=policy.number(name) or 0)


def moment(value: bytes) -> datetime:
    """From generalized time, with or without fractions (RFC 4517 3.3.13), to the second. Raises ValueError."""
    text = value.decode("ascii").partition(".")[0].removesuffix("Z")
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}+00:00")  # strptime takes twenty times as long


def before(moment: datetime, age: timedelta) -> bytes:
    """The time that lies ``age`` before a moment, to the second. Such times compare as texts do."""
    try:
        return b"%04d%02d%02d%02d%02d%02d" % (moment.astimezone(UTC) - age).timetuple()[:6]
    except OverflowError:
        return b""  # before all times


def _between(first: bytes, last: bytes) -> str:
    """A filter for passwords that were set from ``first`` to ``last``, both included."""
    from_first = f"(pwdChangedTime>={first.decode()}Z)" if first else ""
    return f"(&{from_first}(pwdChangedTime<={last.decode()}Z))" if last else ""
