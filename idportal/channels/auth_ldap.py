"""django-auth-ldap's settings, derived from DIRECTORY_*: an operator sets nothing twice."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import ldap
from django_auth_ldap.config import (
    ALLOWED_LDAP_MEMBERSHIP_EXCEPTIONS,
    LDAPGroupQuery,
    LDAPSearch,
    NestedActiveDirectoryGroupType,
    NestedGroupOfNamesType,
)
from ldap.dn import dn2str, str2dn
from ldap.filter import escape_filter_chars

# The bundles of Debian and of Red Hat: python-ldap has no way to ask for the system's own.
SYSTEM_CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")

# LDAP_MATCHING_RULE_TRANSITIVE_EVAL (MS-ADTS 3.1.1.3.4.4.3): members of groups in the group are members too.
IN_CHAIN = "1.2.840.113556.1.4.1941"

# Whom to look for, and by which name and id, in each kind of directory.
PEOPLE = {
    "active_directory": ("(objectCategory=person)(objectClass=user)", "sAMAccountName", "objectGUID"),
    "openldap": ("(uid=*)", "uid", "entryUUID"),
}


class NoRole(Exception):
    """The password was right, and the account is in none of the groups of staff."""


class OneOfStaff(LDAPGroupQuery):
    """What AUTH_LDAP_REQUIRE_GROUP asks, after the right password only.

    django-auth-ldap answers None both for a wrong password and for a missing group; raising tells them apart.
    """

    def resolve(self, ldap_user: Any, groups: Any = None) -> bool:
        if not super().resolve(ldap_user, groups):
            raise NoRole
        return True


class InChain(NestedActiveDirectoryGroupType):
    """Active Directory follows groups in groups itself, and is asked about the one group.

    The type as it comes would read all groups of a person, and search for hundreds of DNs at once.
    """

    def is_member(self, ldap_user: Any, group_dn: str) -> bool:
        """Whether the directory says so. A group that is not there has no members."""
        condition = f"(member:{IN_CHAIN}:={escape_filter_chars(ldap_user.dn)})"
        try:
            return bool(ldap_user.connection.search_s(group_dn, ldap.SCOPE_BASE, condition, ["1.1"]))
        except (*ALLOWED_LDAP_MEMBERSHIP_EXCEPTIONS, ldap.INVALID_DN_SYNTAX):
            return False


class SameDn(NestedGroupOfNamesType):
    """Compares DNs however they are written: the type as it comes takes ``a\\,b`` and ``a\\2Cb`` for two groups."""

    def user_groups(self, ldap_user: Any, group_search: LDAPSearch) -> list[tuple[str, Any]]:
        return [(one_way(dn), attributes) for dn, attributes in super().user_groups(ldap_user, group_search)]


def derived(directory: Mapping[str, Any]) -> dict[str, Any]:
    """The AUTH_LDAP_* of these DIRECTORY_*. ``accounts.staff.backend`` asks the first server that answers."""
    people, username, identifier = PEOPLE.get(directory["DIRECTORY_KIND"], PEOPLE["active_directory"])
    base, condition = directory["DIRECTORY_STAFF_BASE"], ""
    if not base:
        base, condition = directory["DIRECTORY_USER_BASE"], directory["DIRECTORY_USER_FILTER"].strip()
    if condition and not condition.startswith("("):
        condition = f"({condition})"
    condition = condition.replace("%", "%%")  # the name is filled in with Python's %
    helpdesk, admin = (one_way(directory[f"DIRECTORY_{each}_GROUP"]) for each in ("HELPDESK", "ADMIN"))
    groups = [group for group in (helpdesk, admin) if group]
    in_chain = directory["DIRECTORY_KIND"] == "active_directory"
    where = above([base, *groups])
    nobody = ~LDAPGroupQuery()
    return {
        "AUTH_LDAP_SERVER_URI": " ".join(directory["DIRECTORY_URLS"]),
        "AUTH_LDAP_BIND_DN": directory["DIRECTORY_BIND_DN"],
        "AUTH_LDAP_BIND_PASSWORD": directory["DIRECTORY_BIND_PASSWORD"],
        "AUTH_LDAP_CONNECTION_OPTIONS": connection_options(directory),
        "AUTH_LDAP_USER_SEARCH": LDAPSearch(
            base, ldap.SCOPE_SUBTREE, f"(&{people}{condition}({username}=%(user)s))", [username, identifier]
        ),
        "AUTH_LDAP_GROUP_SEARCH": LDAPSearch(where, ldap.SCOPE_SUBTREE, "(member=*)", ["1.1"]),
        "AUTH_LDAP_GROUP_TYPE": InChain() if in_chain else SameDn(),
        "AUTH_LDAP_REQUIRE_GROUP": OneOfStaff(reduce(or_, map(LDAPGroupQuery, groups), nobody)),
        "AUTH_LDAP_USER_FLAGS_BY_GROUP": dict.fromkeys(("is_staff", "is_superuser"), admin) if admin else {},
    }


def connection_options(directory: Mapping[str, Any]) -> dict[int, Any]:
    """Of each connection to the directory, in their order. The portal's own (``accounts.directory``) has them, too."""
    bundle = directory["DIRECTORY_CA_FILE"] or next((file for file in SYSTEM_CA_FILES if Path(file).is_file()), "")
    return {
        ldap.OPT_REFERRALS: ldap.OPT_OFF,
        ldap.OPT_NETWORK_TIMEOUT: directory["DIRECTORY_CONNECT_TIMEOUT"],
        ldap.OPT_TIMEOUT: directory["DIRECTORY_OPERATION_TIMEOUT"],
        ldap.OPT_X_TLS_REQUIRE_CERT: ldap.OPT_X_TLS_DEMAND,
        ldap.OPT_X_TLS_PROTOCOL_MIN: ldap.OPT_X_TLS_PROTOCOL_TLS1_2,
        **({ldap.OPT_X_TLS_CACERTFILE: bundle} if bundle else {}),
        ldap.OPT_X_TLS_NEWCTX: 0,  # last: it makes the options above count
    }


def one_way(dn: str) -> str:
    """The DN as ``SameDn`` writes it, in small letters. A text that is no DN stays as it is; checks complain of it."""
    try:
        return str(dn2str([sorted(rdn) for rdn in str2dn(dn)])).lower()
    except ldap.DECODING_ERROR:
        return dn.lower()


def above(dns: list[str]) -> str:
    """The DN under which all of these lie: groups in groups are looked for there."""
    try:
        paths = [str2dn(one_way(dn))[::-1] for dn in dns]
    except ldap.DECODING_ERROR:
        return dns[0]
    common = []
    for rdns in zip(*paths, strict=False):
        if any(rdn != rdns[0] for rdn in rdns):
            break
        common.append(rdns[0])
    return str(dn2str(common[::-1])) or dns[0]
