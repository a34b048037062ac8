"""Examines every part that the portal needs, and says what is wrong and how to fix it."""

import sys
from collections.abc import Iterator
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.checks import ERROR, run_checks
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError as QueueError

from accounts import directory, limits
from accounts.monitoring.checks import GROUP_UNREADABLE
from idportal.channels import mailbox

MOST_MAILS = 1000  # that are counted in the helpdesk's mailbox
STUCK_MAILS = 100  # waiting there are too many: it is emptied every minute

# What follows from a filter that the directory can't apply.
FILTERS = {
    "DIRECTORY_PROTECTED_FILTER": "nobody gets past the log-in or an accepted code",
    "DIRECTORY_HIDDEN_FILTER": "nobody is in any list or daily mail",
}

TRAIL = "accounts_auditevent"

Finding = tuple[str, bool | None, str]  # a line of the report: the part; good, bad, or None for a remark; the words


class Command(BaseCommand):
    help = "Examines every part that the portal needs. Exit code 1 if something must be fixed."
    requires_system_checks = []  # it reports them itself

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line a finding, of each part whatever the others say."""
        bad = False
        marks = {True: "ok  ", False: "FAIL", None: "note"}
        for part in (_settings, _database, _cache, _queue, _directory, _sms, _mailbox):
            for name, good, words in part():
                self.stdout.write(f"{marks[good]}  {name}: {words}")
                bad = bad or good is False
        if bad:
            sys.exit(1)


def _settings() -> Iterator[Finding]:
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        words = (
            "TRUSTED_PROXIES is empty: right if this process ends TLS itself; behind a proxy, all would be one address"
        )
        yield "settings", None, words
    found = run_checks(include_deployment_checks=not settings.DEBUG)
    problems = [problem for problem in found if problem.id != GROUP_UNREADABLE]  # the directory's part has it
    for problem in problems:
        words = f"{problem.msg} {problem.hint or ''}".strip()
        yield "settings", False if problem.level >= ERROR else None, words
    if not problems:
        yield "settings", True, "no dangerous setting"


def _database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        yield "database", False, f"does not answer ({type(error).__name__}). Check DATABASE_URL."
        return
    if missing:
        yield "database", False, f"{len(missing)} migrations are missing. Run: manage.py migrate"
        return
    yield "database", True, connection.vendor
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE relname = %s", [TRAIL])
            owner = any(row[0] for row in cursor.fetchall())
        if owner:
            words = "the portal runs as the owner of its tables, who could change the trail: docs/operations.md, Roles"
            yield "database", None, words


def _cache() -> Iterator[Finding]:
    try:
        cache.set("doctor", "1", 10)
        good = cache.get("doctor") == "1"
    except redis.RedisError:
        good = False
    yield "limits by address", good, "kept" if good else "Redis does not answer. Check REDIS_URL."


def _queue() -> Iterator[Finding]:
    if settings.CELERY_TASK_ALWAYS_EAGER:
        yield "queue", None, "none: codes are sent inside the request"
        return
    try:
        consumed = current_app.control.inspect(timeout=2).active_queues() or {}
    except (OSError, redis.RedisError, QueueError):
        yield "queue", False, "the broker does not answer. Check CELERY_BROKER_URL."
        return
    taken = {queue["name"] for queues in consumed.values() for queue in queues}
    if not consumed:
        yield "queue", False, "no worker answers. Start: celery -A idportal worker"
    elif left := sorted(set(current_app.amqp.queues) - taken):
        words = f"no worker takes {' and '.join(left)}. Start: celery -A idportal worker -Q {','.join(left)}"
        yield "queue", False, words
    else:
        yield "queue", True, f"{len(consumed)} workers"


def _directory() -> Iterator[Finding]:
    try:
        people = directory.connect()
        people.ping()
        anybody = next(iter(people.accounts()), None)
        lockout = people.lockout()
        keeps_history, groups = people.keeps_history, people.staff_groups()
        unusable = [each for each in FILTERS if not people.can_apply(getattr(settings, each))]
    except directory.DirectoryError as error:
        yield "directory", False, f"{type(error).__name__}: {error}. Check the DIRECTORY_ settings."
        return
    if anybody is None:
        words = "no account is found under DIRECTORY_USER_BASE with DIRECTORY_USER_FILTER"
        yield "directory", False, f"{words}. Check the DIRECTORY_ settings."
        return
    yield "directory", True, f"{settings.DIRECTORY_KIND} answers"
    for name in unusable:
        words = f"the directory can't apply {name}, so {FILTERS[name]}. Does the service account see its attributes?"
        yield "protected accounts", False, words
    yield from _staff_groups(groups)
    yield _lockout(lockout)
    if keeps_history:
        yield "history", True, "earlier passwords are refused on a reset"
    else:
        words = "the directory does not hold its password history on a reset; the portal refuses the present one only"
        yield "history", None, words


def _staff_groups(groups: dict[str, int | None]) -> Iterator[Finding]:
    for setting, hidden in groups.items():
        if hidden is None:
            words = "is not there or hides its members: staff do not get in by it, and every account is protected"
            yield setting, False, f"{words}. Correct the DN, or let the service account read `member`."
        elif hidden:
            words = f"{hidden} members can't be read; if one is a group, those in it are not protected"
            yield setting, None, f"{words}. Take out those that are gone, or let the service account read them."
        else:
            yield setting, True, "read, with the groups in it"


def _lockout(lockout: directory.Lockout) -> Finding:
    if not lockout.known:
        words = f"the directory does not show its policy: {lockout.threshold} wrong passwords are assumed"
        return "lock-out", None, f"{words}. Set DIRECTORY_DEFAULT_POLICY or DIRECTORY_LOCKOUT_THRESHOLD"
    strangers, most = limits.password_tries(lockout.threshold)
    if not lockout.threshold:
        return "lock-out", None, f"the directory has none; the portal stops after {strangers} wrong passwords"
    minutes = round(lockout.window.total_seconds() / 60)
    words = f"after {lockout.threshold} wrong passwords in {minutes} minutes; the portal stops after {strangers}"
    return "lock-out", True, f"{words}, in a known browser after {most}"


def _sms() -> Iterator[Finding]:
    if settings.SMS_GATEWAYS:
        words = f"{len(settings.SMS_GATEWAYS)} gateways set (none was tried: that would send a message)"
        yield "SMS", True, words


def _mailbox() -> Iterator[Finding]:
    if not settings.HELPDESK_MAILBOX:
        return
    try:
        with mailbox.open_mailbox() as box:
            waiting = len(box.waiting(MOST_MAILS))
    except mailbox.MailboxError as error:
        advice = "Is the mail server up? Try again." if error.retry else "Check the HELPDESK_MAILBOX settings."
        yield "helpdesk mailbox", False, f"{error} {advice}"
        return
    many = f"{MOST_MAILS} mails or more wait" if waiting == MOST_MAILS else f"{waiting} mails wait"
    if waiting < STUCK_MAILS:
        yield "helpdesk mailbox", True, f"opens; {many}"
    else:
        yield "helpdesk mailbox", None, f"{many}: is beat running, and a worker of the outbox?"
