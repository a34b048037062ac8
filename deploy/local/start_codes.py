"""Enrolment codes of the sample agent and administrator, kept in clear text in the demo's folder only."""

from pathlib import Path

from django.conf import settings

from accounts import directory, users
from accounts.models import EnrolmentCode, User
from accounts.staff import enrolment, second_factor
from deploy.local.cast import EVA, PER, Person

STAFF = (PER, EVA)


def provide() -> None:
    """Makes a code for each who has neither an app nor a code that still works."""
    for person in STAFF:
        user = _user(person)
        if user and not second_factor.is_enrolled(user) and not shown(person):
            _make(person)


def renew(username: str) -> Person | None:
    """A new code for this person, whose app is disconnected first. None for everybody else."""
    person = next((each for each in STAFF if each.username == username), None)
    if person and (user := _user(person)):
        second_factor.remove(user)
        _make(person)
    return person


def shown(person: Person) -> str:
    """The code that the person can still use; "" if it is used, too old, or another one was made by the command."""
    try:
        code = _file(person).read_text(encoding="ascii")
    except FileNotFoundError:
        return ""
    row = EnrolmentCode.objects.filter(user__username=person.username).first()
    return f"{code[:4]} {code[4:]}" if row and row.live and row.matches(code) else ""


def _make(person: Person) -> None:
    issued = enrolment.issue(person.username)
    if isinstance(issued, enrolment.Issued):
        _file(person).parent.mkdir(mode=0o700, exist_ok=True)
        _file(person).write_text(issued.code, encoding="ascii")


def _user(person: Person) -> User | None:
    account = directory.connect_staff().find(person.username)
    return users.for_account(account) if account else None


def _file(person: Person) -> Path:
    return Path(settings.DEMO_FOLDER, "start-codes", person.username)
