"""The demo's slapd, with a hand on it that sets people to the state a test wants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ldap
from ldap.controls.simple import RelaxRulesControl

from accounts.demo import tree
from accounts.demo.cast import ADMINS, CAST, Person
from accounts.demo.slapd import PrivateSlapd
from tests.servers import ports

ADMIN_GROUP = f"cn={ADMINS},{tree.GROUPS}"
DISABLED = "000001010000Z"
LIST_SETTINGS = ("DIRECTORY_URLS",)


class TestSlapd:
    """A :class:`tests.servers.directory.DirectoryServer`: OpenLDAP with ppolicy."""

    __test__ = False
    lockout_threshold = tree.MAX_FAILURES
    lockout_window = tree.LOCKED_FOR

    def __init__(self, folder: Path) -> None:
        self.slapd = PrivateSlapd(folder, ports.free(), ports.free())
        self._root: Any = None

    def start(self) -> None:
        self.slapd.start()
        self._root = None

    def stop(self) -> None:
        self.slapd.stop()

    def copy(self, folder: Path) -> TestSlapd:
        """A second server with the same people, ids, certificate and service account. Copied while stopped."""
        shutil.copytree(self.slapd.folder, folder, ignore=shutil.ignore_patterns("slapd.pid", "slapd.log"))
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
        wanted = {**tree.person_attributes(person, datetime.now(UTC)), "uid": (person.username,)}
        del wanted["memberOf"]
        operational = {
            "pwdChangedTime": wanted.pop("pwdChangedTime"),
            "pwdPolicySubentry": wanted.pop("pwdPolicySubentry", ()),
            "pwdReset": ("TRUE",) if must_change else (),
            "pwdAccountLockedTime": _locked(disabled=disabled, locked=locked),
            "pwdHistory": (),
            "pwdFailureTime": (),
        }
        dn = self.dn(person.username)
        if dn is None:
            rdn = f"cn={ldap.dn.escape_dn_chars(common_name)}" if common_name else f"uid={person.username}"
            dn = f"{rdn},{tree.PEOPLE}"
            if common_name:
                wanted["cn"] = (common_name,)
            self.root.add_s(dn, [(name, _values(values)) for name, values in wanted.items()])
        else:
            wanted = {name: wanted[name] for name in ("givenName", "sn", "mail", "o", "userPassword")}
            self._replace(dn, wanted)
        # The second time, because setting a password past the portal writes some of them itself.
        self._replace(dn, operational)
        self._member(dn, protected or ADMINS in person.groups)

    def put_many(self, count: int, prefix: str) -> None:
        for number in range(count):
            name = f"{prefix}{number}"
            attributes = {"objectClass": ("inetOrgPerson",), "uid": (name,), "cn": (name,), "sn": (name,)}
            self.root.add_s(
                f"uid={name},{tree.PEOPLE}", [(key, _values(values)) for key, values in attributes.items()]
            )

    def remove(self, username: str) -> None:
        dn = self.dn(username)
        if dn is not None:
            self.root.delete_s(dn)

    def failures(self, username: str) -> int:
        found = self.root.search_s(tree.PEOPLE, ldap.SCOPE_SUBTREE, f"(uid={username})", ["pwdFailureTime"])
        return len(found[0][1].get("pwdFailureTime", []))

    @contextmanager
    def min_age(self, age: timedelta) -> Iterator[None]:
        self._replace(tree.DEFAULT_POLICY, {"pwdMinAge": (f"{age.total_seconds():.0f}",)})
        yield
        self._replace(tree.DEFAULT_POLICY, {"pwdMinAge": ("0",)})

    @contextmanager
    def stricter_policy(self, person: Person, max_age: timedelta) -> Iterator[None]:
        dn = f"cn=stricter,{tree.POLICIES}"
        attributes = {"objectClass": ("organizationalRole", "pwdPolicy"), **tree.policy(max_age=max_age)}
        self.root.add_s(dn, [(name, _values(values)) for name, values in attributes.items()])
        self._replace(self.dn(person.username) or "", {"pwdPolicySubentry": (dn,)})
        yield
        self._replace(self.dn(person.username) or "", {"pwdPolicySubentry": ()})
        self.root.delete_s(dn)

    @property
    def root(self) -> Any:
        if self._root is None:
            self._root = ldap.initialize(self.slapd.plain_url)
            self._root.simple_bind_s(tree.ROOT, self.slapd.secret("root"))
        return self._root

    def reset_cast(self) -> None:
        for person in CAST:
            self.put(person)

    def dn(self, username: str) -> str | None:
        found = self.root.search_s(
            tree.PEOPLE, ldap.SCOPE_SUBTREE, f"(uid={ldap.filter.escape_filter_chars(username)})", ["1.1"]
        )
        return found[0][0] if found else None

    def _replace(self, dn: str, attributes: dict[str, tuple[str, ...]]) -> None:
        self.root.modify_ext_s(
            dn,
            [(ldap.MOD_REPLACE, name, _values(values) or None) for name, values in attributes.items()],
            serverctrls=[RelaxRulesControl()],
        )

    def _member(self, dn: str, wanted: bool) -> None:
        operation = ldap.MOD_ADD if wanted else ldap.MOD_DELETE
        with suppress(ldap.TYPE_OR_VALUE_EXISTS, ldap.NO_SUCH_ATTRIBUTE):
            self.root.modify_s(ADMIN_GROUP, [(operation, "member", [dn.encode()])])


def _locked(*, disabled: bool, locked: bool) -> tuple[str, ...]:
    if disabled:
        return (DISABLED,)
    return (tree.generalized_time(datetime.now(UTC)),) if locked else ()


def _values(values: tuple[str, ...]) -> list[bytes]:
    return [value.encode() for value in values]
