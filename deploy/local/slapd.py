"""A private slapd in a folder: the directory of demo, stack and tests.

Configuration, certificate, data and the service account's password all lie in the folder; deleting it deletes
everything. The first start loads the cast; later ones find the data as it was left.
"""

import base64
import hashlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.local import cast, files
from deploy.local.server import HOST, LocalServer, bound, program

SUFFIX = "dc=portal,dc=example"
PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
POLICIES = f"ou=policies,{SUFFIX}"
DEFAULT_POLICY = f"cn=default,{POLICIES}"
NEVER_POLICY = f"cn=never,{POLICIES}"
SERVICE_ACCOUNT = f"cn=idportal,ou=services,{SUFFIX}"
ROOT = f"cn=root,{SUFFIX}"

MAX_AGE = timedelta(days=90)
HISTORY = 5
MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)


class Slapd(LocalServer):
    name = "slapd"
    people = cast.CAST  # loaded into an empty folder
    size = 268435456  # bytes that the data may take at most

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(folder, port)
        self.url = f"ldaps://{HOST}:{self.port}"
        self.listens = [f"{self.url}/"]

    def environment(self) -> dict[str, str]:
        return {
            "DIRECTORY_KIND": "openldap",
            "DIRECTORY_URLS": self.url,
            "DIRECTORY_CA_FILE": str(self.ca_file),
            "DIRECTORY_BIND_DN": SERVICE_ACCOUNT,
            "DIRECTORY_BIND_PASSWORD": self.secret("service-password"),
            "DIRECTORY_USER_BASE": PEOPLE,
            "DIRECTORY_PROTECTED_FILTER": f"(memberOf=cn={cast.ADMINS},{GROUPS})",
            "DIRECTORY_DEFAULT_POLICY": DEFAULT_POLICY,
            "DIRECTORY_HELPDESK_GROUP": f"cn={cast.HELPDESK},{GROUPS}",
            "DIRECTORY_ADMIN_GROUP": f"cn={cast.ADMINS},{GROUPS}",
        }

    def prepare(self) -> None:
        super().prepare()
        loaded, data = self.folder / "loaded", self.folder / "data"
        if not self.ca_file.exists():
            files.make_certificate(self.folder / "tls")
        config = self.folder / "slapd.conf"
        values = {"suffix": SUFFIX, "root": ROOT, "root_password": self.secret("root-password")}
        values |= {"service": SERVICE_ACCOUNT, "default_policy": DEFAULT_POLICY, "size": str(self.size)}
        files.write(config, files.filled("slapd.conf", folder=self.folder, **values))
        if loaded.exists():
            return
        shutil.rmtree(data, ignore_errors=True)  # half loaded: the last first start was interrupted
        data.mkdir(mode=0o700)
        subprocess.run(  # noqa: S603 - fixed program and arguments
            [program("slapadd", "slapd"), "-q", "-f", str(config)],
            input="\n".join(ldif(self.people, self.secret("service-password"), datetime.now(UTC))).encode(),
            capture_output=True,
            check=True,
        )
        loaded.touch()

    def command(self) -> list[str]:
        config = str(self.folder / "slapd.conf")
        return bound([program("slapd", "slapd"), "-f", config, "-h", " ".join(self.listens), "-d", "0"])


def ldif(people: tuple[cast.Person, ...], service_password: str, now: datetime) -> Iterator[str]:
    """The whole tree as LDIF for slapadd, one entry an item."""
    yield entry(SUFFIX, objectClass=("dcObject", "organization"), dc=("portal",), o=("Portalen",))
    for dn in (PEOPLE, GROUPS, POLICIES, f"ou=services,{SUFFIX}"):
        yield entry(dn, objectClass=("organizationalUnit",))
    for dn, max_age in ((DEFAULT_POLICY, MAX_AGE), (NEVER_POLICY, timedelta(0))):
        yield entry(dn, objectClass=("organizationalRole", "pwdPolicy"), **policy(max_age=max_age))
    yield entry(
        SERVICE_ACCOUNT,
        objectClass=("organizationalRole", "simpleSecurityObject"),
        userPassword=(ssha(service_password),),
        pwdPolicySubentry=(NEVER_POLICY,),
    )
    for person in people:
        yield entry(person_dn(person), **person_attributes(person, now))
    for group in (cast.HELPDESK, cast.ADMINS):
        members = tuple(person_dn(person) for person in people if group in person.groups)
        # groupOfNames must have a member (RFC 4519 3.5); an empty group has the service account.
        yield entry(f"cn={group},{GROUPS}", objectClass=("groupOfNames",), member=members or (SERVICE_ACCOUNT,))


def policy(*, max_age: timedelta = MAX_AGE) -> dict[str, tuple[str, ...]]:
    """The attributes of a password policy (slapo-ppolicy(5)); times in seconds."""
    return {
        "pwdAttribute": ("userPassword",),
        "pwdMaxAge": (f"{max_age.total_seconds():.0f}",),
        "pwdMinAge": ("0",),
        "pwdInHistory": (str(HISTORY),),
        "pwdMinLength": ("8",),
        "pwdCheckQuality": ("2",),
        "pwdMaxFailure": (str(MAX_FAILURES),),
        "pwdLockout": ("TRUE",),
        "pwdLockoutDuration": (f"{LOCKED_FOR.total_seconds():.0f}",),
        "pwdFailureCountInterval": (f"{LOCKED_FOR.total_seconds():.0f}",),
        "pwdMustChange": ("TRUE",),
        "pwdAllowUserChange": ("TRUE",),
    }


def person_dn(person: cast.Person) -> str:
    return f"uid={person.username},{PEOPLE}"


def person_attributes(person: cast.Person, now: datetime) -> dict[str, tuple[str, ...]]:
    """The person's entry, with the password set so long ago that the right number of days is left."""
    attributes: dict[str, tuple[str, ...]] = {
        "objectClass": ("inetOrgPerson",),
        "uid": (person.username,),
        "cn": (person.name,),
        "givenName": (person.given_name,),
        "sn": (person.surname,),
        "mail": (person.mail,),
        "o": (person.company,),
        "userPassword": (ssha(person.password),),
        "pwdChangedTime": (generalized_time(expiry_of(person, now) - MAX_AGE),),
        # slapadd runs no overlays, so that memberof has to be written out.
        "memberOf": tuple(f"cn={group},{GROUPS}" for group in person.groups),
    }
    if person.days_left is None:
        attributes["pwdPolicySubentry"] = (NEVER_POLICY,)
    return attributes


def expiry_of(person: cast.Person, now: datetime) -> datetime:
    """Noon in Stockholm on the day the password runs out: any hour of a day has the same days left."""
    noon = now.astimezone(ZoneInfo("Europe/Stockholm")).replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon + timedelta(days=person.days_left or 0)).astimezone(UTC)


def generalized_time(moment: datetime) -> str:
    """RFC 4517 3.3.13, in UTC to the second."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")


def ssha(password: str) -> str:
    """slapd's default hash, for what is loaded past ppolicy, which would have hashed it."""
    salt = secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode("ascii")


def entry(dn: str, **attributes: tuple[str, ...]) -> str:
    """One LDIF entry (RFC 2849), everything in base64, so that å and colons need no thought."""
    lines = [f"dn:: {base64.b64encode(dn.encode()).decode('ascii')}"]
    for name, values in attributes.items():
        lines += [f"{name}:: {base64.b64encode(value.encode()).decode('ascii')}" for value in values]
    return "\n".join([*lines, ""])
