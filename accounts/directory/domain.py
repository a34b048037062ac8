"""The password policies of an Active Directory domain, as far as the portal needs them."""

from __future__ import annotations

import time
from datetime import timedelta

from accounts.directory.account import Lockout
from accounts.directory.connection import Connection
from accounts.directory.dialect import POLICY_FOR
from accounts.directory.entry import LdapEntry
from accounts.directory.errors import DirectoryRefused
from accounts.directory.windows import interval

# Assumed for an account whose fine-grained policy can't be read: a strict one of the common ones.
ASSUMED_THRESHOLD, ASSUMED_WINDOW = 3, timedelta(minutes=30)

ATTRIBUTES = [
    *("lockoutThreshold", "lockOutObservationWindow", "pwdHistoryLength"),
    *("minPwdLength", "minPwdAge", "pwdProperties"),
]


def domain_of(connection: Connection) -> LdapEntry:
    """The domain's own entry, which has its password policy (MS-ADTS 3.1.1.3.2.34)."""
    dn = connection.root_dse.text("defaultNamingContext")
    return connection.read(dn, ATTRIBUTES) or LdapEntry(dn, {})


class Lockouts:
    """The lock-out policies of the domain, read again after POLICY_FOR."""

    def __init__(self) -> None:
        self._until = 0.0
        self._by_dn: dict[str, Lockout] = {}

    def of_policy(self, connection: Connection, dn: str) -> Lockout:
        """The lock-out of the fine-grained policy with this DN; for "" the strictest of all.

        The service account may usually not read fine-grained policies, nor always see whether one applies
        (MS-ADTS 3.1.1.4.5.36). DIRECTORY_LOCKOUT_THRESHOLD then says what they demand.
        """
        now = time.monotonic()
        if self._until <= now:
            self._by_dn = self._read(connection)
            self._until = now + POLICY_FOR
        policies = self._by_dn
        if dn in policies:
            return policies[dn]
        thresholds = [policy.threshold for policy in policies.values() if policy.threshold]
        window = max(policy.window for policy in policies.values())
        if dn:
            return Lockout(min([*thresholds, ASSUMED_THRESHOLD]), max(window, ASSUMED_WINDOW), known=False)
        return Lockout(min(thresholds, default=0), window)

    @staticmethod
    def _read(connection: Connection) -> dict[str, Lockout]:
        """The domain's policy and every fine-grained one that can be read, by DN."""
        domain = domain_of(connection)
        window = interval(domain.number("lockOutObservationWindow"))
        policies = {domain.dn: Lockout(domain.number("lockoutThreshold") or 0, window)}
        try:
            found = connection.search(
                f"CN=Password Settings Container,CN=System,{domain.dn}",
                "(objectClass=msDS-PasswordSettings)",
                ["msDS-LockoutThreshold", "msDS-LockoutObservationWindow"],
            )
        except DirectoryRefused:
            found = []
        for entry in found:
            window = interval(entry.number("msDS-LockoutObservationWindow"))
            policies[entry.dn] = Lockout(entry.number("msDS-LockoutThreshold") or 0, window)
        return policies
