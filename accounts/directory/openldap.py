"""OpenLDAP with the ppolicy overlay (slapo-ppolicy(5), draft-behera-ldap-password-policy-11)."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain

import ldap
from django.views.decorators.debug import sensitive_variables

from accounts.directory.account import (
    Account,
    DirectoryError,
    Expiry,
    Lockout,
    PasswordChange,
    PasswordCheck,
    Span,
)
from accounts.directory.attributes import Names, parent
from accounts.directory.conditions import between, within
from accounts.directory.config import Config
from accounts.directory.connection import Connection
from accounts.directory.dialect import CLOCKS_DIFFER, POLICY_FOR, Directory
from accounts.directory.entry import Attributes, LdapEntry
from accounts.directory.errors import Broken, DirectoryRefused
from accounts.directory.generalized_time import before, moment
from accounts.directory.policy import Policy

# pwdAccountLockedTime of a disabled account.
DISABLED = b"000001010000Z"

# Errors of the ppolicy response control.
EXPIRED, LOCKED, CHANGE_AFTER_RESET, MOD_NOT_ALLOWED, MUST_SUPPLY_OLD = 0, 1, 2, 3, 4
LOW_QUALITY, TOO_SHORT, TOO_YOUNG, IN_HISTORY, TOO_LONG = 5, 6, 7, 8, 9

REFUSALS = {
    MOD_NOT_ALLOWED: PasswordChange.NOT_ALLOWED,
    MUST_SUPPLY_OLD: PasswordChange.NOT_ALLOWED,
    LOW_QUALITY: PasswordChange.TOO_WEAK,
    TOO_SHORT: PasswordChange.TOO_WEAK,
    TOO_LONG: PasswordChange.TOO_WEAK,
    TOO_YOUNG: PasswordChange.TOO_YOUNG,
    IN_HISTORY: PasswordChange.IN_HISTORY,
}

# Assumed where no policy is known: a strict one of the common ones.
ASSUMED_THRESHOLD, ASSUMED_WINDOW = 5, timedelta(minutes=30)

# The window for failures that slapd never forgets (pwdFailureCountInterval 0).
NEVER_FORGOTTEN = timedelta(hours=24)

NO_POLICY = [b""]

# As slapd writes it; any other form is converted.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OpenLdap(Directory):
    """OpenLDAP with ppolicy."""

    names = Names(
        people="(uid=*)",
        username="uid",
        identifier="entryUUID",
        company="o",
        attributes=("pwdChangedTime", "pwdReset", "pwdAccountLockedTime", "pwdPolicySubentry"),
    )

    spaces_count = False  # caseIgnoreMatch (RFC 4518 2.6.1)

    failures = ("pwdFailureTime",)

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._policies: dict[str, tuple[float, Policy]] = {}

    @property
    def keeps_history(self) -> bool:
        return self._policy(self._config.default_policy).history > 0

    def _account(self, entry: LdapEntry) -> Account:
        policy = self._policy_of(entry)
        username = entry.text("uid")
        if not username:
            raise LookupError("it has no uid")
        locked = entry.raw("pwdAccountLockedTime")
        changed = entry.raw("pwdChangedTime")
        last_set = moment(changed) if changed else None
        expires: datetime | Expiry = Expiry.NEVER
        if policy.must_change and entry.text("pwdReset") == "TRUE":
            expires = Expiry.MUST_CHANGE
        elif policy.max_age and last_set:
            expires = last_set + policy.max_age
        return Account(
            id=self._identifier(entry),
            username=username,
            given_name=entry.text("givenName"),
            surname=entry.text("sn"),
            mail=entry.text("mail"),
            company=entry.text(self._company),
            enabled=locked != DISABLED,
            protected=False,
            locked=locked is not None and locked != DISABLED and _still_locked(locked, policy),
            expires=expires,
            password_last_set=last_set,
            unit=parent(entry.dn),
        )

    def _identifier(self, entry: LdapEntry) -> str:
        identifier = entry.text("entryUUID")
        return identifier if UUID.fullmatch(identifier) else str(uuid.UUID(identifier))

    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Callable[[Attributes], bool]]:
        # slapd's times compare as texts do. Parsing each would take longer than all the rest.
        edges: dict[bytes, list[bytes]] = {}

        def edges_of(policy: bytes) -> list[bytes]:
            """When the passwords of this policy that run out within the spans were set: first and last in turn."""
            if policy not in edges:
                max_age = self._policy(policy.decode() or self._config.default_policy).max_age
                second = timedelta(seconds=1)  # as fractions are left off
                pairs = [(before(first, max_age), before(last, max_age - second)) for first, last in spans]
                edges[policy] = list(chain(*pairs)) if max_age else []
            return edges[policy]

        def may(attributes: Attributes) -> bool:
            changed = attributes.get("pwdChangedTime")
            policy = attributes.get("pwdPolicySubentry", NO_POLICY)[0]
            return changed is not None and within(changed[0], edges_of(policy))

        # Few accounts have a policy of their own, or all have: the filter lets them through, the look decides.
        usual = edges_of(NO_POLICY[0])
        set_then = map(partial(between, "pwdChangedTime"), usual[::2], usual[1::2])
        return f"(|(pwdPolicySubentry=*){''.join(set_then)})", may

    def _identifier_filter(self, identifier: uuid.UUID) -> str:
        return f"(entryUUID={identifier})"

    def _outcome(self, refused: DirectoryRefused) -> PasswordCheck | None:
        if refused.code != ldap.INVALID_CREDENTIALS.errnum:
            return None
        # A disabled account is LOCKED here: slapd says so before it looks at the password.
        return {EXPIRED: PasswordCheck.EXPIRED, LOCKED: PasswordCheck.LOCKED}.get(
            -1 if refused.policy is None else refused.policy, PasswordCheck.WRONG
        )

    def _outcome_of(self, policy: int) -> PasswordCheck:
        return PasswordCheck.MUST_CHANGE if policy == CHANGE_AFTER_RESET else PasswordCheck.RIGHT

    @sensitive_variables("password")
    def _set_password(
        self, connection: Connection, entry: LdapEntry, account: Account, password: str
    ) -> PasswordChange:
        policy = self._policy_of(entry)
        if not policy.history and self._is_present(entry, password):
            # slapd counts a failed bind here, and forgets it when the password is set next.
            return PasswordChange.IN_HISTORY
        try:
            connection.modify_password(entry.dn, password)
        except DirectoryRefused as refused:
            return self._refusal(refused)
        if policy.must_change:
            # With pwdMustChange slapd marks a password from a service account as to be changed at next logon.
            try:
                connection.delete_value(entry.dn, "pwdReset", b"TRUE")
            except Broken as broken:  # a second deletion does no harm, so it is tried again
                self._service.close()  # the kept ones are probably broken too
                try:
                    self._service.run(lambda again: again.delete_value(entry.dn, "pwdReset", b"TRUE"))
                except DirectoryError:
                    raise broken from None
        return PasswordChange.DONE

    def _refusal(self, refused: DirectoryRefused) -> PasswordChange:
        return REFUSALS[refused.policy] if refused.policy in REFUSALS else self._unexplained(refused)

    def _unlock(self, connection: Connection, entry: LdapEntry) -> None:
        since = entry.raw("pwdAccountLockedTime")
        if since:
            # Only the lock that was read: an administrator's lock that came meanwhile stays. slapd drops the counted
            # failures with it.
            connection.delete_value(entry.dn, "pwdAccountLockedTime", since)

    def _read_lockout(self, connection: Connection, entry: LdapEntry) -> Lockout:
        failures = [moment(at) for at in entry.attributes.get("pwdFailureTime", [])]
        if not self._policy_name(entry):
            # slapd may have a ppolicy_default of its own, which it does not show.
            return Lockout(ASSUMED_THRESHOLD, ASSUMED_WINDOW, len(failures), known=False)
        policy = self._policy_of(entry)
        threshold = policy.max_failures if policy.locks else 0
        if not policy.failure_window:
            # Only a right password forgets the wrong ones then (slapo-ppolicy(5), pwdFailureCountInterval).
            return Lockout(threshold, NEVER_FORGOTTEN, len(failures))
        since = datetime.now(UTC) - policy.failure_window - CLOCKS_DIFFER
        return Lockout(threshold, policy.failure_window, sum(at > since for at in failures))

    def _policy_name(self, entry: LdapEntry) -> str:
        """The DN of an entry's policy, or "" if none is known."""
        return entry.text("pwdPolicySubentry") or self._config.default_policy

    def _policy_of(self, entry: LdapEntry) -> Policy:
        return self._policy(self._policy_name(entry))

    def _policy(self, dn: str) -> Policy:
        """The policy with this DN. A missing one sets no limits, as in slapd."""
        now = time.monotonic()
        until, policy = self._policies.get(dn, (0.0, Policy()))
        if until <= now:
            # On another connection than a search in pages, which slapd would cut short.
            entry = self._ask(lambda connection: connection.read(dn, Policy.ATTRIBUTES)) if dn else None
            policy = Policy.from_entry(entry) if entry else Policy()
            self._policies[dn] = (now + POLICY_FOR, policy)
        return policy


def _still_locked(since: bytes, policy: Policy) -> bool:
    if not policy.locks:
        return False  # slapd does not look at the lock then
    return not policy.locked_for or datetime.now(UTC) < moment(since) + policy.locked_for
