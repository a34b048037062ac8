"""One LDAP connection; the only module that calls python-ldap. Its errors are in ``answers``, beside it."""

import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import ldap
from django.conf import settings
from django.views.decorators.debug import sensitive_variables
from ldap.controls import LDAPControl, SimplePagedResultsControl
from ldap.controls.ppolicy import PasswordPolicyControl

from accounts.directory.account import DirectoryMisconfigured
from accounts.directory.ldap_client.answers import Broken, DirectoryRefused, LdapEntry, converted, entries, policy_error
from idportal.channels.deadline import is_silent
from idportal.env import is_loopback

PAGE = 500  # half of what Active Directory gives at most in one page (MaxPageSize)

PROVEN_FOR = 1.0  # seconds after an answer: from the look-up to the change, and much less than a firewall waits

# The server has found more than it may give.
ENOUGH = frozenset({ldap.SIZELIMIT_EXCEEDED.errnum, ldap.ADMINLIMIT_EXCEEDED.errnum})


def is_cleartext(server: str) -> bool:
    """Without TLS, as on loopback in DEBUG only. Elsewhere ldap:// means StartTLS and nothing before it."""
    return server.startswith("ldap:") and settings.DEBUG and is_loopback(server)


def starts_tls(server: str) -> bool:
    """Whether TLS is begun on a connection in clear text, before anything else is sent."""
    return server.startswith("ldap:") and not is_cleartext(server)


class Connection:
    """Opens, over TLS that is checked, when it is made, or raises Broken. Not for two threads at the same time."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.opened = self._answered = time.monotonic()
        self._paging = False
        # Trace level 0 whatever PYTHON_LDAP_TRACE_LEVEL says: a trace holds passwords.
        self._ldap = ldap.initialize(server, trace_level=0)
        try:
            self._set_options()
            if starts_tls(server):
                self._start_tls()
            # Connects with an empty search, so that a later failure is no failure to connect.
            self._call(lambda: self._ldap.search_ext("", ldap.SCOPE_BASE, "(objectClass=*)", ["1.1"]), connects=True)
        except DirectoryRefused:
            return  # a server that answers nothing before a bind has answered
        except BaseException:
            self.close()
            raise

    @sensitive_variables("password")
    def bind(self, dn: str, password: str) -> int | None:
        """Binds; returns the ppolicy error that came with a *successful* bind (change after reset)."""
        _, controls = self._call(lambda: self._ldap.simple_bind(dn, password, serverctrls=[PasswordPolicyControl()]))
        return policy_error(controls)

    def search(
        self, base: str, filterstr: str, attributes: list[str], *, scope: int = ldap.SCOPE_SUBTREE, limit: int = 0
    ) -> list[LdapEntry]:
        data, _ = self._call(lambda: self._ldap.search_ext(base, scope, filterstr, attributes, sizelimit=limit))
        return entries(data, attributes)

    def first(self, base: str, filterstr: str, attributes: list[str], *, limit: int) -> list[LdapEntry]:
        """At most ``limit`` entries, or the server's own limit if that is less; the server chooses which."""
        with converted():
            message = self._ldap.search_ext(base, ldap.SCOPE_SUBTREE, filterstr, attributes, sizelimit=limit)
        found: list[Any] = []
        try:
            while True:
                # One by one: with all at once, python-ldap gives the error without the entries that came before it.
                with converted():
                    kind, data, _, _ = self._ldap.result3(message, 0, settings.DIRECTORY_OPERATION_TIMEOUT)
                if kind == ldap.RES_SEARCH_RESULT:
                    break
                found += data
        except DirectoryRefused as refused:
            if refused.code not in ENOUGH:
                raise
        return entries(found, attributes)[:limit]

    def read(self, dn: str, attributes: list[str], filterstr: str = "(objectClass=*)") -> LdapEntry | None:
        """The entry with this DN if it exists, may be read and matches."""
        try:
            found = self.search(dn, filterstr, attributes, scope=ldap.SCOPE_BASE)
        except DirectoryRefused as refused:
            if refused.code == ldap.NO_SUCH_OBJECT.errnum:
                return None
            raise
        return found[0] if found else None

    def pages(self, base: str, filterstr: str, attributes: list[str]) -> Iterator[list[LdapEntry]]:
        """Every match, a page at a time (RFC 2696).

        The server prepares the next page while the caller works on this one. Its time limit starts when the caller
        waits for it. At most two pages are under way.

        Needs a connection of its own, which can do nothing else before the last page has come, and nothing at all if
        the caller stops half-way: asked for anything in between, slapd loses its place and says that that was all.
        """

        def ask(cookie: bytes) -> int:
            paging = SimplePagedResultsControl(True, size=PAGE, cookie=cookie)
            return self._send(
                lambda: self._ldap.search_ext(base, ldap.SCOPE_SUBTREE, filterstr, attributes, serverctrls=[paging])
            )

        message: int | None = ask(b"")
        while message is not None:
            data, controls = self._answer(message)
            cookie = next((c.cookie for c in controls if c.controlType == SimplePagedResultsControl.controlType), b"")
            message = ask(cookie) if cookie else None
            self._paging = message is not None
            yield entries(data, attributes)

    @cached_property
    def root_dse(self) -> LdapEntry:
        """The server's description of itself (RFC 4512 5.1)."""
        return self.read("", ["supportedControl", "defaultNamingContext"]) or LdapEntry("", {})

    def offers(self, control: str) -> bool:
        return control.encode() in self.root_dse.attributes.get("supportedControl", [])

    def replace(self, dn: str, values: dict[str, bytes], controls: dict[str, bytes] | None = None) -> None:
        """Replaces attributes, all or none. ``controls`` (OID: BER value) are critical."""
        changes = [(ldap.MOD_REPLACE, name, [value]) for name, value in values.items()]
        sent = [
            LDAPControl(oid, criticality=True, encodedControlValue=value) for oid, value in (controls or {}).items()
        ]
        self._call(lambda: self._ldap.modify_ext(dn, changes, serverctrls=sent), changes=True)

    def delete_value(self, dn: str, name: str, value: bytes) -> None:
        """Deletes this value. Does nothing if the value is gone or another one."""
        try:
            self._call(lambda: self._ldap.modify_ext(dn, [(ldap.MOD_DELETE, name, [value])]), changes=True)
        except DirectoryRefused as refused:
            if refused.code not in (ldap.NO_SUCH_ATTRIBUTE.errnum, ldap.NO_SUCH_OBJECT.errnum):
                raise

    @sensitive_variables("password")
    def modify_password(self, dn: str, password: str) -> None:
        """Password Modify (RFC 3062). A refusal carries ppolicy's reason."""
        controls = [PasswordPolicyControl()]
        self._call(lambda: self._ldap.passwd(dn, None, password, serverctrls=controls), changes=True)

    def prove(self) -> None:
        """Finds out whether the connection works, with a query unless it has just worked and nobody hung up since."""
        if not is_silent(self._ldap.fileno()) or time.monotonic() - self._answered > PROVEN_FOR:
            self.read("", ["1.1"])

    def close(self) -> None:
        try:
            self._ldap.unbind_ext()
        except ldap.LDAPError:
            return  # it is closed or broken already

    def _set_options(self) -> None:
        """Those of staff's sign-in: certificates are checked from now on."""
        try:
            for option, value in settings.AUTH_LDAP_CONNECTION_OPTIONS.items():
                self._ldap.set_option(option, value)
        except (ldap.LDAPError, ValueError):
            raise DirectoryMisconfigured(
                f"DIRECTORY_CA_FILE: {settings.DIRECTORY_CA_FILE} holds no certificate"
            ) from None
        # For StartTLS, which is a part of connecting; operations have a limit of their own.
        self._ldap.set_option(ldap.OPT_TIMEOUT, settings.DIRECTORY_CONNECT_TIMEOUT)

    def _start_tls(self) -> None:
        try:
            with converted():
                self._ldap.start_tls_s()
        except DirectoryRefused as refused:
            raise Broken(f"StartTLS is not offered: {refused.text}") from None

    def _call(
        self, send: Callable[[], int], *, changes: bool = False, connects: bool = False
    ) -> tuple[list[Any], list[Any]]:
        if self._paging:
            raise RuntimeError("called in the middle of a search in pages")
        return self._answer(self._send(send, changes=changes), changes=changes, connects=connects)

    def _send(self, send: Callable[[], int], *, changes: bool = False) -> int:
        with converted(changes=changes):
            return send()

    def _answer(self, message: int, *, changes: bool = False, connects: bool = False) -> tuple[list[Any], list[Any]]:
        """Waits for the whole answer: the entries, and the controls that came with them."""
        with converted(changes=changes):
            limit = settings.DIRECTORY_CONNECT_TIMEOUT if connects else settings.DIRECTORY_OPERATION_TIMEOUT
            _, data, _, controls = self._ldap.result3(message, 1, limit)
        self._answered = time.monotonic()
        return data or [], controls
