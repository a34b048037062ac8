"""An Active Directory domain: how it writes times, and durations; and its password policies."""

from datetime import UTC, datetime, timedelta

from accounts.directory.account import Lockout
from accounts.directory.answers import DirectoryRefused, LdapEntry
from accounts.directory.connection import Connection

# FILETIME (MS-DTYP 2.3.3): 100 ns since 1601-01-01 UTC; the largest value means never.
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
NEVER = 0x7FFF_FFFF_FFFF_FFFF
LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 10

POLICY = [
    *("lockoutThreshold", "lockOutObservationWindow", "pwdHistoryLength"),
    *("minPwdLength", "minPwdAge", "pwdProperties"),
]


def moment(filetime: int) -> datetime | None:
    """``None`` for never, and for times after the year 9999."""
    return None if filetime >= LAST else EPOCH + timedelta(microseconds=filetime // 10)


def filetime(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 10


def interval(value: int | None) -> timedelta:
    """A duration, from negative steps of 100 ns (MS-ADTS 2.2.17). At most a year, also for "for ever"."""
    return min(timedelta(microseconds=abs(value or 0) // 10), timedelta(days=365))


def domain_of(connection: Connection) -> LdapEntry:
    """The domain's own entry, which has its password policy (MS-ADTS 3.1.1.3.2.34)."""
    dn = connection.root_dse.text("defaultNamingContext")
    return connection.read(dn, POLICY) or LdapEntry(dn, {})


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
