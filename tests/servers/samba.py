"""A Samba Active Directory domain controller alone in a folder, with the cast and a delegated service account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ldap
from ldap.dn import escape_dn_chars
from ldap.filter import escape_filter_chars

from deploy.local import slapd
from deploy.local.cast import ADMINS, HELPDESK, Person
from tests.servers.directory import KeepsCast
from tests.servers.samba_process import ADMINISTRATOR_PASSWORD, SambaProcess

DOMAIN = "DC=ad,DC=example,DC=test"
STAFF = f"OU=Staff,{DOMAIN}"
SERVICE_ACCOUNT = f"CN=svc-idportal,CN=Users,{DOMAIN}"
GROUPS = f"OU=Groups,{DOMAIN}"
SERVICE_PASSWORD = "Portalens-Konto-24"
ADMINISTRATOR = f"CN=Administrator,CN=Users,{DOMAIN}"
SETTINGS_CONTAINER = f"CN=Password Settings Container,CN=System,{DOMAIN}"

MAX_AGE = slapd.MAX_AGE

NORMAL_ACCOUNT, DISABLED, NEVER_EXPIRES = 0x200, 0x2, 0x10000
FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)

# Schema ids of what is delegated on users, and of the class user (MS-ADSC, MS-ADA).
USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"
PWD_LAST_SET = "bf967a0a-0de6-11d0-a285-00aa003049e2"
LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"


class PrivateSamba(KeepsCast, SambaProcess):
    """A :class:`tests.servers.directory.DirectoryServer`: Active Directory. A :meth:`copy` of it runs on ``twin``."""

    lockout_threshold = 3
    lockout_window = timedelta(minutes=30)

    def __init__(self, folder: Path, address: str, twin: str = "") -> None:
        KeepsCast.__init__(self)
        SambaProcess.__init__(self, folder, address, twin)
        self._root: Any = None

    def start(self) -> None:
        self._root = None
        SambaProcess.start(self)

    def stop(self) -> None:
        SambaProcess.stop(self)

    def fill(self) -> None:
        """The policy, the service account with what it is delegated, and the cast. Needs a running server."""
        self._replace(
            DOMAIN,
            {
                "minPwdLength": "8",
                "pwdHistoryLength": "5",
                "minPwdAge": "0",
                "maxPwdAge": _interval(MAX_AGE),
                "lockoutThreshold": str(self.lockout_threshold),
                "lockoutDuration": _interval(self.lockout_window),
                "lockOutObservationWindow": _interval(self.lockout_window),
            },
        )
        for unit in (STAFF, GROUPS):
            self.root.add_s(unit, [("objectClass", [b"organizationalUnit"])])
        for group in (ADMINS, HELPDESK):
            self.root.add_s(f"CN={group},{GROUPS}", [("objectClass", [b"group"])])
        self._add_user(
            SERVICE_ACCOUNT,
            {"sAMAccountName": "svc-idportal", "userAccountControl": str(NORMAL_ACCOUNT | NEVER_EXPIRES)},
            SERVICE_PASSWORD,
        )
        sid = _sid(self._read(SERVICE_ACCOUNT, "objectSid"))
        self.past_server("allow", STAFF, _delegation(sid))
        self.reset()

    def settings(self) -> dict[str, Any]:
        return {
            "DIRECTORY_KIND": "active_directory",
            "DIRECTORY_URLS": [self.url],
            "DIRECTORY_CA_FILE": str(self.ca_file),
            "DIRECTORY_BIND_DN": SERVICE_ACCOUNT,
            "DIRECTORY_BIND_PASSWORD": SERVICE_PASSWORD,
            "DIRECTORY_USER_BASE": STAFF,
            "DIRECTORY_USER_FILTER": "",
            "DIRECTORY_COMPANY_ATTRIBUTE": "",
            "DIRECTORY_PROTECTED_FILTER": "",
            "DIRECTORY_DEFAULT_POLICY": "",
            "DIRECTORY_LOCKOUT_THRESHOLD": None,
            "DIRECTORY_HELPDESK_GROUP": f"CN={HELPDESK},{GROUPS}",
            "DIRECTORY_ADMIN_GROUP": f"CN={ADMINS},{GROUPS}",
        }

    def put(
        self,
        person: Person,
        *,
        must_change: bool = False,
        disabled: bool = False,
        locked: bool = False,
        protected: bool = False,
        common_name: str = "",
    ) -> None:
        self.remove(person.username)  # a new entry has no history and no failures
        never = person.days_left is None
        control = NORMAL_ACCOUNT | (NEVER_EXPIRES if never else 0) | (DISABLED if disabled else 0)
        dn = f"CN={escape_dn_chars(common_name or person.username)},{STAFF}"
        attributes = {
            "sAMAccountName": person.username,
            "givenName": person.given_name,
            "sn": person.surname,
            "mail": person.mail,
            "company": person.company,
            "userAccountControl": str(control),
        }
        if protected or ADMINS in person.groups:
            attributes["adminCount"] = "1"
        if must_change:
            attributes["pwdLastSet"] = "0"
        self._add_user(dn, attributes, person.password)
        for group in person.groups:
            self.root.modify_s(f"CN={group},{GROUPS}", [(ldap.MOD_ADD, "member", [dn.encode()])])
        if not must_change:
            last_set = slapd.expiry_of(person, datetime.now(UTC)) - MAX_AGE
            self.past_server("replace", dn, "pwdLastSet", str(_filetime(last_set)))
        if locked:
            for _ in range(self.lockout_threshold):
                self._bind_wrongly(dn)

    def put_many(self, count: int, prefix: str) -> None:
        for number in range(count):
            name = f"{prefix}{number}"
            attributes = {"sAMAccountName": name, "userAccountControl": str(NORMAL_ACCOUNT | DISABLED)}
            self._add_user(f"CN={name},{STAFF}", attributes, "")

    def set_value(self, username: str, name: str, value: str) -> None:
        """Give somebody an attribute's value."""
        self._replace(self.dn(username) or "", {name: value})

    def remove(self, username: str) -> None:
        dn = self.dn(username)
        if dn is not None:
            self.root.delete_s(dn)

    def failures(self, username: str) -> int:
        return int(self._read(self.dn(username) or "", "badPwdCount") or b"0")

    @contextmanager
    def min_age(self, age: timedelta) -> Iterator[None]:
        self._replace(DOMAIN, {"minPwdAge": _interval(age)})
        try:
            yield
        finally:
            self._replace(DOMAIN, {"minPwdAge": "0"})

    @contextmanager
    def stricter_policy(self, person: Person, max_age: timedelta) -> Iterator[None]:
        dn = self.add_policy("Stricter", max_age, [self.dn(person.username) or ""])
        try:
            yield
        finally:
            self.root.delete_s(dn)

    def add_policy(self, name: str, max_age: timedelta, holds_for: list[str]) -> str:
        """A fine-grained policy for people and groups, by DN; returns its own."""
        dn = f"CN={name},{SETTINGS_CONTAINER}"
        attributes = {
            "objectClass": "msDS-PasswordSettings",
            "msDS-PasswordSettingsPrecedence": "10",
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
            "msDS-PasswordHistoryLength": "5",
            "msDS-PasswordComplexityEnabled": "TRUE",
            "msDS-MinimumPasswordLength": "8",
            "msDS-MinimumPasswordAge": "0",
            "msDS-MaximumPasswordAge": _interval(max_age),
            "msDS-LockoutThreshold": "2",
            "msDS-LockoutObservationWindow": _interval(self.lockout_window),
            "msDS-LockoutDuration": _interval(self.lockout_window),
        }
        values = [(each, [value.encode()]) for each, value in attributes.items()]
        self.root.add_s(dn, [*values, ("msDS-PSOAppliesTo", [each.encode() for each in holds_for])])
        return dn

    def dn(self, username: str) -> str | None:
        condition = f"(sAMAccountName={escape_filter_chars(username)})"
        found = self.root.search_s(STAFF, ldap.SCOPE_SUBTREE, condition, ["1.1"])
        return found[0][0] if found else None

    @property
    def root(self) -> Any:
        """A connection as the domain's administrator."""
        if self._root is None:
            self._root = self._connection()
            self._root.simple_bind_s(ADMINISTRATOR, ADMINISTRATOR_PASSWORD)
        return self._root

    def _connection(self) -> Any:
        connection = ldap.initialize(self.url)
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self.ca_file))
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        connection.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
        return connection

    def _add_user(self, dn: str, attributes: dict[str, str], password: str) -> None:
        values = [(name, [value.encode()]) for name, value in attributes.items() if value]
        if password:
            values.append(("unicodePwd", [f'"{password}"'.encode("utf-16-le")]))
        self.root.add_s(dn, [("objectClass", [b"user"]), *values])

    def _replace(self, dn: str, attributes: dict[str, str]) -> None:
        changes = [(ldap.MOD_REPLACE, name, [value.encode()]) for name, value in attributes.items()]
        self.root.modify_s(dn, changes)

    def _read(self, dn: str, name: str) -> bytes:
        values: list[bytes] = self.root.search_s(dn, ldap.SCOPE_BASE, attrlist=[name])[0][1].get(name, [b""])
        return values[0]

    def _people(self) -> dict[str, Any]:
        changing = ["uSNChanged", "badPwdCount", "lockoutTime", "pwdLastSet", "memberOf"]
        return dict(self.root.search_s(STAFF, ldap.SCOPE_ONELEVEL, attrlist=changing))

    def _usual_dn(self, person: Person) -> str:
        return f"CN={person.username},{STAFF}"

    def _put_all(self, people: list[Person]) -> None:
        for person in people:
            self.put(person)

    def _delete(self, dn: str) -> None:
        self.root.delete_s(dn)

    def _bind_wrongly(self, dn: str) -> None:
        with suppress(ldap.INVALID_CREDENTIALS):
            self._connection().simple_bind_s(dn, "not the password")


def _delegation(sid: str) -> str:
    """What the portal needs on the users below, and nothing else."""
    reset = f"(OA;CIIO;CR;{RESET_PASSWORD};{USER_CLASS};{sid})"
    last_set = f"(OA;CIIO;RPWP;{PWD_LAST_SET};{USER_CLASS};{sid})"
    lockout = f"(OA;CIIO;RPWP;{LOCKOUT_TIME};{USER_CLASS};{sid})"
    return reset + last_set + lockout


def _sid(raw: bytes) -> str:
    """objectSid as text (MS-DTYP 2.4.2)."""
    authority = int.from_bytes(raw[2:8], "big")
    parts = [int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4)]
    return "-".join(["S", str(raw[0]), str(authority), *map(str, parts)])


def _filetime(moment: datetime) -> int:
    return int((moment - FILETIME_EPOCH) / timedelta(microseconds=1)) * 10


def _interval(length: timedelta) -> str:
    return str(-int(length / timedelta(microseconds=1)) * 10)
