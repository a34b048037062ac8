"""The slapd of demo and stack, with helpers to put people into the state that a test needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ldap
from ldap.controls.simple import RelaxRulesControl
from ldap.dn import escape_dn_chars
from ldap.filter import escape_filter_chars

from deploy.local import slapd
from deploy.local.cast import ADMINS, HELPDESK, Person
from tests.servers.directory import KeepsCast
from tests.servers.private import PrivateSlapd
from tests.servers.processes import copy_folder, suspended

ADMIN_GROUP = f"cn={ADMINS},{slapd.GROUPS}"
DISABLED = "000001010000Z"


STRICTER = f"cn=stricter,{slapd.POLICIES}"


class TestSlapd(KeepsCast):
    """A :class:`tests.servers.directory.DirectoryServer`: OpenLDAP with ppolicy."""

    __test__ = False
    lockout_threshold = slapd.MAX_FAILURES
    lockout_window = slapd.LOCKED_FOR

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.slapd = PrivateSlapd(folder)
        self.url = self.slapd.url
        self.plain_url = self.slapd.plain_url
        self._root: Any = None

    def start(self) -> None:
        self.slapd.start()
        self._root = None
        # A group must have a member, also between two tests.
        for group in (ADMINS, HELPDESK):
            with suppress(ldap.TYPE_OR_VALUE_EXISTS):
                self.root.modify_s(f"cn={group},{slapd.GROUPS}", [(ldap.MOD_ADD, "member", [slapd.ROOT.encode()])])

    def stop(self) -> None:
        self.slapd.stop()

    def kill(self) -> None:
        self.slapd.kill()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        with suspended(self.slapd.pid):
            yield

    def copy(self, folder: Path) -> TestSlapd:
        self.stop()
        copy_folder(self.slapd.folder, folder)
        self.start()
        return TestSlapd(folder)

    def settings(self) -> dict[str, Any]:
        return {
            "DIRECTORY_USER_FILTER": "",
            "DIRECTORY_COMPANY_ATTRIBUTE": "",
            "DIRECTORY_LOCKOUT_THRESHOLD": None,
            **self.slapd.environment(),
            "DIRECTORY_URLS": [self.slapd.url],
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
        wanted = slapd.person_attributes(person, datetime.now(UTC))
        del wanted["memberOf"]
        if common_name:
            wanted["cn"] = (common_name,)
        wanted["pwdReset"] = ("TRUE",) if must_change else ()
        wanted["pwdAccountLockedTime"] = _locked(disabled=disabled, locked=locked)
        rdn = f"cn={escape_dn_chars(common_name)}" if common_name else f"uid={person.username}"
        dn = f"{rdn},{slapd.PEOPLE}"
        self.root.add_ext_s(dn, _modlist(wanted), serverctrls=[RelaxRulesControl()])
        self._leave_groups(dn)  # of a namesake who is gone: slapd would take the new entry for no member
        for group in {*person.groups, *([ADMINS] if protected else [])}:
            with suppress(ldap.TYPE_OR_VALUE_EXISTS):
                self.root.modify_s(f"cn={group},{slapd.GROUPS}", [(ldap.MOD_ADD, "member", [dn.encode()])])

    def put_many(self, count: int, prefix: str) -> None:
        for number in range(count):
            name = f"{prefix}{number}"
            attributes = {"objectClass": ("inetOrgPerson",), "uid": (name,), "cn": (name,), "sn": (name,)}
            self.root.add_s(f"uid={name},{slapd.PEOPLE}", _modlist(attributes))

    def add_value(self, username: str, name: str, value: bytes) -> None:
        """Give somebody an attribute of any kind."""
        self.root.modify_s(self.dn(username), [(ldap.MOD_ADD, name, [value])])

    def remove(self, username: str) -> None:
        dn = self.dn(username)
        if dn is not None:
            self._delete(dn)

    def failures(self, username: str) -> int:
        found = self.root.search_s(slapd.PEOPLE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["pwdFailureTime"])
        return len(found[0][1].get("pwdFailureTime", []))

    def forget_failures(self, username: str) -> None:
        """As if the policy's window had passed."""
        change = [(ldap.MOD_DELETE, "pwdFailureTime", None)]
        self.root.modify_ext_s(self.dn(username), change, serverctrls=[RelaxRulesControl()])

    @contextmanager
    def min_age(self, age: timedelta) -> Iterator[None]:
        with self.policy(pwdMinAge=f"{age.total_seconds():.0f}"):
            yield

    @contextmanager
    def policy(self, **values: str) -> Iterator[None]:
        """While this lasts, the default policy says so."""
        usual = slapd.policy()
        for name, value in values.items():
            self._replace(slapd.DEFAULT_POLICY, name, value)
        try:
            yield
        finally:
            for name in values:
                self._replace(slapd.DEFAULT_POLICY, name, "".join(usual.get(name, ())))

    @contextmanager
    def stricter_policy(self, person: Person, max_age: timedelta) -> Iterator[None]:
        dn = STRICTER
        attributes = {"objectClass": ("organizationalRole", "pwdPolicy"), **slapd.policy(max_age=max_age)}
        self.root.add_s(dn, _modlist(attributes))
        self._replace(self.dn(person.username) or "", "pwdPolicySubentry", dn)
        try:
            yield
        finally:
            self._replace(self.dn(person.username) or "", "pwdPolicySubentry", "")
            self.root.delete_s(dn)

    @contextmanager
    def own_threshold(self, failures: int) -> Iterator[None]:
        """While this lasts, the stricter policy locks after so many."""
        self._replace(STRICTER, "pwdMaxFailure", str(failures))
        yield

    @property
    def root(self) -> Any:
        if self._root is None:
            self._root = ldap.initialize(self.slapd.plain_url)
            self._root.simple_bind_s(slapd.ROOT, self.slapd.secret("root-password"))
        return self._root

    def dn(self, username: str) -> str | None:
        found = self.root.search_s(slapd.PEOPLE, ldap.SCOPE_SUBTREE, f"(uid={escape_filter_chars(username)})", ["1.1"])
        return found[0][0] if found else None

    def _people(self) -> dict[str, Any]:
        return dict(self.root.search_s(slapd.PEOPLE, ldap.SCOPE_ONELEVEL, attrlist=["*", "+"]))

    def _usual_dn(self, person: Person) -> str:
        return slapd.person_dn(person)

    def _put_all(self, people: list[Person]) -> None:
        for person in people:
            self.put(person)

    def _delete(self, dn: str) -> None:
        self._leave_groups(dn)
        self.root.delete_s(dn)

    def _leave_groups(self, dn: str) -> None:
        for group in (ADMINS, HELPDESK):
            with suppress(ldap.NO_SUCH_ATTRIBUTE):
                self.root.modify_s(f"cn={group},{slapd.GROUPS}", [(ldap.MOD_DELETE, "member", [dn.encode()])])

    def _replace(self, dn: str, name: str, value: str) -> None:
        """Set the attribute, or remove it for ""."""
        self.root.modify_s(dn, [(ldap.MOD_REPLACE, name, [value.encode()] if value else None)])


def _locked(*, disabled: bool, locked: bool) -> tuple[str, ...]:
    if disabled:
        return (DISABLED,)
    return (slapd.generalized_time(datetime.now(UTC)),) if locked else ()


def _modlist(attributes: Mapping[str, tuple[str, ...]]) -> list[tuple[str, list[bytes]]]:
    present = {name: [value.encode() for value in values if value] for name, values in attributes.items()}
    return [(name, values) for name, values in present.items() if values]
