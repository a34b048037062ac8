"""One LDAP connection: the only place that calls python-ldap.

What goes wrong on it is either :class:`Broken` (no answer: the connection is of no more use) or
:class:`Refused` (the server answered with an error). Neither carries what was sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import ldap
from django.views.decorators.debug import sensitive_variables
from ldap.controls import DecodeControlTuples, LDAPControl, SimplePagedResultsControl
from ldap.controls.ppolicy import PasswordPolicyControl

from accounts.directory.account import DirectoryMisconfigured, DirectoryUnavailable
from accounts.directory.config import Config, Server
from accounts.directory.entry import Attributes, LdapEntry, entries

PAGE = 500  # half of what Active Directory gives at most in one page (MaxPageSize)

NO_ANSWER = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.DECODING_ERROR)
# What a server says that has found more than it may give.
ENOUGH = frozenset({ldap.SIZELIMIT_EXCEEDED.errnum, ldap.ADMINLIMIT_EXCEEDED.errnum})
# The bundles of Debian and of Red Hat: python-ldap has no way to ask for the system's own.
SYSTEM_CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


class Broken(DirectoryUnavailable):
    """No answer. ``timed_out``: the server keeps silent; ``unsure``: a change was on its way to it."""

    def __init__(self, reason: str, *, timed_out: bool = False, unsure: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.unsure = unsure


class DirectoryRefused(Exception):
    """The server's answer is an error. ``code``: RFC 4511 4.1.9; ``policy``: ppolicy's reason, if any."""

    def __init__(self, code: int, text: str, policy: int | None = None) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.policy = policy


class Connection:
    """Opens on creation: when that returns, the server has answered, over TLS that was checked.

    Raises :class:`Broken` if it did not. Not for two threads at the same time.
    """

    def __init__(self, server: Server, config: Config) -> None:
        self.server = server
        self.opened = time.monotonic()
        self._timeout = config.operation_timeout
        self._paging = False
        # Trace level 0 whatever PYTHON_LDAP_TRACE_LEVEL says: a trace holds passwords.
        self._ldap = ldap.initialize(server.url, trace_level=0)
        self._ldap.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
        self._ldap.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
        self._ldap.set_option(ldap.OPT_NETWORK_TIMEOUT, config.connect_timeout)
        # For StartTLS, which is a part of connecting; operations are waited for with a limit of their own.
        self._ldap.set_option(ldap.OPT_TIMEOUT, config.connect_timeout)
        try:
            if not server.cleartext:
                self._trust(config.ca_file)
            if server.scheme == "ldap" and not server.cleartext:
                self._start_tls()
            self._greet(config.connect_timeout)
        except BaseException:
            self.close()
            raise

    @sensitive_variables("password")
    def bind(self, dn: str, password: str) -> int | None:
        """Bind; returns the ppolicy error that a *successful* bind came with (change after reset)."""
        _, controls = self._call(lambda: self._ldap.simple_bind(dn, password, serverctrls=[PasswordPolicyControl()]))
        return _policy_error(controls)

    def search(
        self,
        base: str,
        filterstr: str,
        attributes: list[str],
        *,
        scope: int = ldap.SCOPE_SUBTREE,
        limit: int = 0,
    ) -> list[LdapEntry]:
        data, _ = self._call(lambda: self._ldap.search_ext(base, scope, filterstr, attributes, sizelimit=limit))
        return [LdapEntry(dn, found) for dn, found in entries(data, attributes)]

    def first(self, base: str, filterstr: str, attributes: list[str], *, limit: int) -> list[LdapEntry]:
        """As many as the limit allows, or the server's own if that is less; which of them is the server's choice."""
        with _told(changes=False):
            message = self._ldap.search_ext(base, ldap.SCOPE_SUBTREE, filterstr, attributes, sizelimit=limit)
        found: list[Any] = []
        try:
            while True:
                # One by one: with all at once, python-ldap gives the error alone, and not what came before it.
                with _told(changes=False):
                    kind, data, _, _ = self._ldap.result3(message, 0, self._timeout)
                if kind == ldap.RES_SEARCH_RESULT:
                    break
                found += data
        except DirectoryRefused as refused:
            if refused.code not in ENOUGH:
                raise
        return [LdapEntry(dn, one) for dn, one in entries(found, attributes)][:limit]

    def read(self, dn: str, attributes: list[str], filterstr: str = "(objectClass=*)") -> LdapEntry | None:
        """The entry with this DN if it exists, may be read and matches."""
        try:
            found = self.search(dn, filterstr, attributes, scope=ldap.SCOPE_BASE)
        except DirectoryRefused as refused:
            if refused.code == ldap.NO_SUCH_OBJECT.errnum:
                return None
            raise
        return found[0] if found else None

    def pages(self, base: str, filterstr: str, attributes: list[str]) -> Iterator[list[tuple[str, Attributes]]]:
        """Every match as its DN and attributes, a page at a time (RFC 2696).

        The server is asked for the next page before one is handed out, and works on it while the caller works on
        this one; how long it may take counts from when it is waited for. At most two pages are under way.

        For a connection of one's own, which can do nothing else until the last page has come, and if left half-way
        nothing at all: slapd loses its place if it is asked for anything in between, and says that that was all.
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
        """What the server says of itself (RFC 4512 5.1)."""
        return self.read("", ["supportedControl", "defaultNamingContext"]) or LdapEntry("", {})

    def offers(self, control: str) -> bool:
        return control.encode() in self.root_dse.attributes.get("supportedControl", [])

    def replace(self, dn: str, values: dict[str, bytes], controls: dict[str, bytes] | None = None) -> None:
        """Replace attributes, all or none. ``controls`` (OID: BER value) are critical."""
        changes = [(ldap.MOD_REPLACE, name, [value]) for name, value in values.items()]
        sent = [
            LDAPControl(oid, criticality=True, encodedControlValue=value) for oid, value in (controls or {}).items()
        ]
        self._call(lambda: self._ldap.modify_ext(dn, changes, serverctrls=sent), changes=True)

    def delete_value(self, dn: str, name: str, value: bytes) -> None:
        """Delete just this value; one that is gone meanwhile, or another one, is left as it is."""
        try:
            self._call(lambda: self._ldap.modify_ext(dn, [(ldap.MOD_DELETE, name, [value])]), changes=True)
        except DirectoryRefused as refused:
            if refused.code not in (ldap.NO_SUCH_ATTRIBUTE.errnum, ldap.NO_SUCH_OBJECT.errnum):
                raise

    @sensitive_variables("password")
    def modify_password(self, dn: str, password: str) -> None:
        """Password Modify (RFC 3062). A refusal carries ppolicy's reason."""
        self._call(
            lambda: self._ldap.passwd(dn, None, password, serverctrls=[PasswordPolicyControl()]),
            changes=True,
        )

    def close(self) -> None:
        try:
            self._ldap.unbind_ext()
        except ldap.LDAPError:
            return  # it was closed or broken already, which is what is wanted

    def _trust(self, ca_file: str) -> None:
        bundle = ca_file or next((file for file in SYSTEM_CA_FILES if Path(file).is_file()), "")
        self._ldap.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        self._ldap.set_option(ldap.OPT_X_TLS_PROTOCOL_MIN, ldap.OPT_X_TLS_PROTOCOL_TLS1_2)
        try:
            if bundle:
                self._ldap.set_option(ldap.OPT_X_TLS_CACERTFILE, bundle)
            self._ldap.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        except (ldap.LDAPError, ValueError):
            raise DirectoryMisconfigured(f"DIRECTORY_CA_FILE: {bundle} holds no certificate") from None

    def _start_tls(self) -> None:
        try:
            self._ldap.start_tls_s()
        except NO_ANSWER as error:
            raise _broken(error) from None
        except ldap.LDAPError as error:
            raise Broken(f"StartTLS is not offered: {_text(error)}") from None

    def _greet(self, timeout: float) -> None:
        """Connect by asking for nothing, so that a later failure is known to be no failure to connect."""
        try:
            self._call(
                lambda: self._ldap.search_ext("", ldap.SCOPE_BASE, "(objectClass=*)", ["1.1"]),
                timeout=timeout,
            )
        except DirectoryRefused:
            return  # a server that answers nothing before a bind has answered

    def _call(
        self, send: Callable[[], int], *, changes: bool = False, timeout: float | None = None
    ) -> tuple[list[Any], list[Any]]:
        if self._paging:
            raise RuntimeError("asked in the middle of a search in pages")
        return self._answer(self._send(send, changes=changes), changes=changes, timeout=timeout)

    def _send(self, send: Callable[[], int], *, changes: bool = False) -> int:
        with _told(changes=changes):
            return send()

    def _answer(
        self, message: int, *, changes: bool = False, timeout: float | None = None
    ) -> tuple[list[Any], list[Any]]:
        """Wait for the whole answer to a request: what was found, and the controls that came with it."""
        with _told(changes=changes):
            _, data, _, controls = self._ldap.result3(message, 1, timeout or self._timeout)
        return data or [], controls


@contextmanager
def _told(*, changes: bool) -> Iterator[None]:
    """Turns python-ldap's errors into :class:`Broken` and :class:`Refused`."""
    try:
        yield
    except NO_ANSWER as error:
        raise _broken(error, unsure=changes) from None
    except ldap.LDAPError as error:
        raise _refused(error) from None


def _broken(error: ldap.LDAPError, *, unsure: bool = False) -> Broken:
    return Broken(_text(error), timed_out=isinstance(error, ldap.TIMEOUT), unsure=unsure)


def _refused(error: ldap.LDAPError) -> DirectoryRefused:
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    controls = DecodeControlTuples(details.get("ctrls"))
    return DirectoryRefused(details.get("result", getattr(error, "errnum", -1)), _text(error), _policy_error(controls))


def _policy_error(controls: list[Any]) -> int | None:
    return next((c.error for c in controls if c.controlType == PasswordPolicyControl.controlType), None)


def _text(error: ldap.LDAPError) -> str:
    """The server's or the library's words; never the request."""
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return ": ".join(filter(None, [details.get("desc"), details.get("info")])) or type(error).__name__
