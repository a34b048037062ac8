"""Directories with as many people as a municipality's, loaded past the servers: 10,000 accounts in seconds."""

from __future__ import annotations

import base64
import dataclasses
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.directory.dialects.filetime import filetime
from deploy.local import cast, slapd
from tests.servers.private import PrivateSlapd
from tests.servers.samba import GROUPS, MAX_AGE, NORMAL_ACCOUNT, STAFF, PrivateSamba
from tests.servers.samba_process import free_addresses, run

# ldbadd's word for: the hashes are given, make none (DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID).
READY_HASHES = "--controls=local_oid:1.3.6.1.4.1.7165.4.3.12:0"

COMPANIES = [f"Hemtjänst {number:03d} AB" for number in range(200)]
GIVEN_NAMES = ("Stefan", "Karl", "Anna", "Maria", "Åsa", "Örjan", "Ängla", "Per", "Eva", "Carin")
SURNAMES = ("Lind", "Berg", "Sund", "Nilsson", "Dahl", "Ek", "Åberg", "Öst", "Ängström")


def crowd(count: int) -> tuple[cast.Person, ...]:
    """So many people in 200 companies, whose passwords run out evenly over the 91 days from today."""
    return tuple(
        dataclasses.replace(
            cast.STEFAN,
            username=f"lovmassa{number}",
            given_name=GIVEN_NAMES[number % len(GIVEN_NAMES)],
            surname=SURNAMES[number % len(SURNAMES)],
            mail=f"lovmassa{number}@hemtjanst.example",
            company=COMPANIES[number % len(COMPANIES)],
            days_left=number * 37 % 91,
        )
        for number in range(count)
    )


class CrowdedSlapd(PrivateSlapd):
    """OpenLDAP with room for more than the demo's."""

    size = 4294967296

    def settings(self) -> dict[str, Any]:
        return {
            "DIRECTORY_USER_FILTER": "",
            "DIRECTORY_COMPANY_ATTRIBUTE": "",
            "DIRECTORY_LOCKOUT_THRESHOLD": None,
            **self.environment(),
            "DIRECTORY_URLS": [self.url],
        }


@contextmanager
def slapd_with(people: tuple[cast.Person, ...]) -> Iterator[CrowdedSlapd]:
    """OpenLDAP with these people."""
    with (
        tempfile.TemporaryDirectory(prefix="idportal-slapd-") as folder,
        CrowdedSlapd(Path(folder), people) as server,
    ):
        yield server


@contextmanager
def samba_with(people: tuple[cast.Person, ...]) -> Iterator[PrivateSamba]:
    """Samba with these people and three fine-grained policies: two for a group each, one for a few people."""
    with tempfile.TemporaryDirectory(prefix="idportal-samba-") as folder:
        server = PrivateSamba(Path(folder), *free_addresses(1))
        server.provision()
        server.start()
        try:
            server.fill()
            _fill(server, people)
            yield server
        finally:
            server.stop()


def _fill(server: PrivateSamba, people: tuple[cast.Person, ...]) -> None:
    for person in cast.CAST:
        server.remove(person.username)
    now = datetime.now(UTC)
    run("ldbadd", "-H", str(server.sam), READY_HASHES, given="\n".join(_entry(person, now) for person in people))
    for name, days, some in (("sixty", 60, people[::20]), ("year", 365, people[7::20])):
        group, members = f"CN={name},{GROUPS}", [_dn(person).encode() for person in some]
        server.root.add_s(group, [("objectClass", [b"group"]), ("member", members)])
        server.add_policy(name, timedelta(days), [group])
    server.add_policy("thirty", timedelta(30), [_dn(person) for person in people[3::1000]])


def _dn(person: cast.Person) -> str:
    return f"CN={person.username},{STAFF}"


def _entry(person: cast.Person, now: datetime) -> str:
    """For ldbadd. Passwords that nobody knows: to hash one takes longer than all the rest."""
    text = slapd.entry(
        _dn(person),
        objectClass=("user",),
        sAMAccountName=(person.username,),
        givenName=(person.given_name,),
        sn=(person.surname,),
        mail=(person.mail,),
        company=(person.company,),
        userAccountControl=(str(NORMAL_ACCOUNT),),
        pwdLastSet=(str(filetime(slapd.expiry_of(person, now) - MAX_AGE)),),
    )
    hashed = base64.b64encode(secrets.token_bytes(16)).decode("ascii")
    return f"{text}unicodePwd:: {hashed}\nntPwdHistory:: {hashed}\n"
