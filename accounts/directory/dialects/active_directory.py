"""Active Directory: Windows Server 2012 and later, and Samba AD DC (MS-ADTS, MS-SAMR)."""

import re
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import ldap
from django.views.decorators.debug import sensitive_variables
from ldap.filter import escape_filter_chars

from accounts.directory.account import Account, Expiry, Lockout, PasswordChange, PasswordCheck, Span
from accounts.directory.dialects.dialect import CLOCKS_DIFFER, POLICY_FOR, Directory
from accounts.directory.dialects.filetime import LAST, NEVER, filetime, interval, moment
from accounts.directory.dialects.lookup import Look
from accounts.directory.ldap_client.answers import DirectoryRefused, LdapEntry
from accounts.directory.ldap_client.conditions import parent
from accounts.directory.ldap_client.connection import Connection

# LDAP_SERVER_POLICY_HINTS_OID (MS-ADTS 3.1.1.3.4.1.27): history holds for a reset too.
POLICY_HINTS = "1.2.840.113556.1.4.2239"
# PolicyHintsRequestValue ::= SEQUENCE { Flags INTEGER } with Flags 1, in BER.
FULL_POLICY = bytes.fromhex("3003020101")

# userAccountControl and msDS-User-Account-Control-Computed (MS-ADTS 2.2.16, 3.1.1.4.5.17).
ACCOUNT_DISABLED = 0x2
LOCKED_OUT = 0x10

# The Windows error in the text of a refused bind (result 49), in hex (MS-ERREF 2.2).
DATA = re.compile(r"\bdata ([0-9a-f]+)", re.IGNORECASE)
OUTCOMES = {
    0x530: PasswordCheck.DISABLED,  # not at this hour
    0x531: PasswordCheck.DISABLED,  # not from this workstation
    0x532: PasswordCheck.EXPIRED,
    0x533: PasswordCheck.DISABLED,
    0x701: PasswordCheck.DISABLED,  # the account itself has expired
    0x773: PasswordCheck.MUST_CHANGE,
    0x775: PasswordCheck.LOCKED,
}

# Samba's words in a refusal. Windows says 0000052D for all of them.
REFUSALS = {
    "in history": PasswordChange.IN_HISTORY,
    "previous password": PasswordChange.IN_HISTORY,
    "too young": PasswordChange.TOO_YOUNG,
    "too short": PasswordChange.TOO_WEAK,
    "complexity": PasswordChange.TOO_WEAK,
}
PASSWORD_RESTRICTION = "0000052d"  # noqa: S105 - ERROR_PASSWORD_RESTRICTION, in lower case
REFUSED_BY_POLICY = frozenset({ldap.CONSTRAINT_VIOLATION.errnum, ldap.UNWILLING_TO_PERFORM.errnum})

DOMAIN_PASSWORD_COMPLEX = 0x1
KINDS_REQUIRED = 3

# Assumed for an account whose fine-grained policy can't be read: a strict one of the common ones.
ASSUMED_THRESHOLD, ASSUMED_WINDOW = 3, timedelta(minutes=30)

DOMAIN_POLICY = [
    *("lockoutThreshold", "lockOutObservationWindow", "pwdHistoryLength"),
    *("minPwdLength", "minPwdAge", "pwdProperties"),
]

RUNS_OUT = "msDS-UserPasswordExpiryTimeComputed"


class ActiveDirectory(Directory):
    """Active Directory, or Samba as one."""

    kind = "active_directory"
    people = "(objectCategory=person)(objectClass=user)"
    username = "sAMAccountName"
    identifier = "objectGUID"
    identifier_is_guid = True
    company = "company"
    principal = "userPrincipalName"
    # A server gives the two computed ones only by name, and can't filter on them.
    attributes = (
        *("userAccountControl", "accountExpires", "adminCount"),
        *("msDS-User-Account-Control-Computed", RUNS_OUT),
    )
    spaces_count = follows_groups = True
    failures = ("badPwdCount", "badPasswordTime", "msDS-ResultantPSO")

    def __init__(self) -> None:
        super().__init__()
        self._lockouts: tuple[float, dict[str, Lockout]] = (0.0, {})  # read again then; by the policy's DN

    @property
    def keeps_history(self) -> bool:
        return self._ask(lambda asked: asked.offers(POLICY_HINTS) and bool(domain_of(asked).number("pwdHistoryLength")))

    def _account(self, entry: LdapEntry) -> Account:
        username, runs_out = entry.text("sAMAccountName"), entry.number(RUNS_OUT)
        control, computed = entry.number("userAccountControl"), entry.number("msDS-User-Account-Control-Computed")
        if not username or control is None or computed is None or runs_out is None:
            raise LookupError("it lacks an attribute that every user has, or the service account can't read it")
        ends = self._moment(entry, "accountExpires")
        return Account(
            id=self._identifier(entry),
            username=username,
            company=entry.text(self._company),
            enabled=not control & ACCOUNT_DISABLED and (ends is None or ends > datetime.now(UTC)),
            protected=entry.number("adminCount") == 1,
            locked=bool(computed & LOCKED_OUT),
            expires=Expiry.MUST_CHANGE if runs_out == 0 else moment(runs_out) or Expiry.NEVER,
            unit=parent(entry.dn),
            **self._plain_values(entry),
        )

    def _has_none(self, connection: Connection, group: LdapEntry) -> bool:
        # Members that the service account may not see in the group still say themselves that they are in it.
        domain, member = connection.root_dse.text("defaultNamingContext"), f"(memberOf={escape_filter_chars(group.dn)})"
        return not connection.first(domain, member, ["1.1"], limit=1)

    def _moment(self, entry: LdapEntry, name: str) -> datetime | None:
        return moment(entry.number(name) or NEVER)

    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Look]:
        # From 1, as 0 means "must change", to LAST, as later times mean never.
        edges = [min(max(filetime(moment), 1), LAST) for span in spans for moment in span]

        def may(entry: LdapEntry) -> bool:
            runs_out = entry.number(RUNS_OUT)
            return runs_out is None or bisect_right(edges, runs_out) % 2 == 1

        # No filter: the computed time can't be filtered on. With pwdLastSet, accounts would be lost silently if the
        # service account may not read their fine-grained policy (MS-ADTS 3.1.1.4.5.36).
        return "", may

    def _outcome(self, refused: DirectoryRefused) -> PasswordCheck:
        data = DATA.search(refused.text)
        return OUTCOMES.get(int(data[1], 16), PasswordCheck.WRONG) if data else PasswordCheck.WRONG

    @sensitive_variables("password", "quoted")
    def _set_password(
        self, connection: Connection, entry: LdapEntry, account: Account, password: str
    ) -> PasswordChange:
        hints = connection.offers(POLICY_HINTS)
        if not hints and self._is_present(entry, password):
            # P3: without the control the portal refuses at least the present password. This bind counts as a failed
            # log-in if the password is another one; lockoutTime 0, below in both cases, resets the count.
            return PasswordChange.IN_HISTORY
        quoted = f'"{password}"'.encode("utf-16-le")
        try:
            # One modify, all or none: a reset alone does not unlock. It sets pwdLastSet to now, so that "must change
            # at next logon" is gone too (MS-SAMR 3.1.1.8.5).
            connection.replace(
                entry.dn, {"unicodePwd": quoted, "lockoutTime": b"0"}, {POLICY_HINTS: FULL_POLICY} if hints else None
            )
        except DirectoryRefused as refused:
            if not hints and not account.locked:
                self._unlock(connection, entry)
            return self._refusal(connection, entry, refused, password)
        return PasswordChange.DONE

    @sensitive_variables("password")
    def _refusal(
        self, connection: Connection, entry: LdapEntry, refused: DirectoryRefused, password: str
    ) -> PasswordChange:
        text, by_policy = refused.text.lower(), refused.code in REFUSED_BY_POLICY
        named = [change for words, change in REFUSALS.items() if words in text]
        if by_policy and named:
            return named[0]
        if not by_policy or PASSWORD_RESTRICTION not in text:
            return self._unexplained(refused)
        # Windows gives no reason. What the domain's policy can't explain is history, or a fine-grained policy that is
        # stricter than the domain's and the portal's own rules.
        domain, changed = domain_of(connection), moment(entry.number("pwdLastSet") or NEVER)
        if changed and changed + interval(domain.number("minPwdAge")) > datetime.now(UTC):
            return PasswordChange.TOO_YOUNG
        complex_enough = not (domain.number("pwdProperties") or 0) & DOMAIN_PASSWORD_COMPLEX or _complex(password)
        if len(password) < (domain.number("minPwdLength") or 0) or not complex_enough:
            return PasswordChange.TOO_WEAK
        return PasswordChange.IN_HISTORY

    def _unlock(self, connection: Connection, entry: LdapEntry) -> None:
        connection.replace(entry.dn, {"lockoutTime": b"0"})

    def _read_lockout(self, connection: Connection, entry: LdapEntry) -> Lockout:
        policy = self._policy(connection, entry.text("msDS-ResultantPSO"))
        at = moment(entry.number("badPasswordTime") or NEVER)
        forgotten = at is None or datetime.now(UTC) - at > policy.window + CLOCKS_DIFFER
        return replace(policy, failures=0 if forgotten else entry.number("badPwdCount") or 0)

    def _policy(self, connection: Connection, dn: str) -> Lockout:
        """The lock-out of the fine-grained policy with this DN; for "" the strictest of all.

        The service account may usually not read fine-grained policies, nor always see whether one applies
        (MS-ADTS 3.1.1.4.5.36). DIRECTORY_LOCKOUT_THRESHOLD then says what they demand.
        """
        until, policies = self._lockouts
        if until <= time.monotonic():
            policies = lockouts(connection)
            self._lockouts = (time.monotonic() + POLICY_FOR, policies)
        if dn in policies:
            return policies[dn]
        thresholds = [policy.threshold for policy in policies.values() if policy.threshold]
        window = max(policy.window for policy in policies.values())
        if dn:
            return Lockout(min([*thresholds, ASSUMED_THRESHOLD]), max(window, ASSUMED_WINDOW), known=False)
        return Lockout(min(thresholds, default=0), window)


def _complex(password: str) -> bool:
    """Three of the five kinds that Windows counts (MS-SAMR 3.1.1.7.2)."""
    kinds = (
        any(c.isupper() for c in password),
        any(c.islower() for c in password),
        any(c in "0123456789" for c in password),
        any(c in "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/" for c in password),
        any(c.isalpha() and not c.isupper() and not c.islower() for c in password),
    )
    return sum(kinds) >= KINDS_REQUIRED


def domain_of(connection: Connection) -> LdapEntry:
    """The domain's own entry, which has its password policy (MS-ADTS 3.1.1.3.2.34)."""
    dn = connection.root_dse.text("defaultNamingContext")
    return connection.read(dn, DOMAIN_POLICY) or LdapEntry(dn, {})


def lockouts(connection: Connection) -> dict[str, Lockout]:
    """The domain's policy and every fine-grained one that can be read, by DN."""
    domain = domain_of(connection)
    policies = {domain.dn: _lockout(domain, "lockoutThreshold", "lockOutObservationWindow")}
    fine_grained = ["msDS-LockoutThreshold", "msDS-LockoutObservationWindow"]
    container = f"CN=Password Settings Container,CN=System,{domain.dn}"
    try:
        found = connection.search(container, "(objectClass=msDS-PasswordSettings)", fine_grained)
    except DirectoryRefused:
        found = []
    return policies | {entry.dn: _lockout(entry, *fine_grained) for entry in found}


def _lockout(policy: LdapEntry, threshold: str, window: str) -> Lockout:
    return Lockout(policy.number(threshold) or 0, interval(policy.number(window)))
