"""`manage.py doctor`: checks every part and says in words what is wrong (security.md P3, U1; design.md, commands)."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import override_settings
from pytest_django import Settings

from accounts import directory
from deploy.local import slapd
from tests.servers.dovecot import TestDovecot
from tests.servers.redis import PrivateRedis
from tests.servers.samba import PrivateSamba
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

REDIS = "django.core.cache.backends.redis.RedisCache"


def report() -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and for each part its mark and words (of the last line about it)."""
    out = StringIO()
    code = 0
    try:
        call_command("doctor", stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    found = {}
    for line in out.getvalue().splitlines():
        mark, _, rest = line.partition("  ")
        part, _, words = rest.strip().partition(": ")
        found[part] = (mark.strip(), words)
    return code, found


@pytest.fixture
def on_this_machine(settings: Settings) -> None:
    """As one develops: without what production must have."""
    settings.DEBUG = True


@pytest.mark.usefixtures("on_this_machine")
def test_all_is_well(openldap_settings: TestSlapd) -> None:
    code, found = report()
    assert code == 0
    assert found["database"][0] == "ok"
    assert found["directory"] == ("ok", "openldap answers")
    assert found["lock-out"] == (
        "ok",
        "after 5 wrong passwords in 15 minutes; the portal stops after 3, in a known browser after 4",
    )
    assert found["history"] == ("ok", "earlier passwords are refused on a reset")
    assert found["queue"] == ("note", "none: codes are sent inside the request")


@pytest.mark.usefixtures("on_this_machine")
def test_active_directory(active_directory_settings: PrivateSamba) -> None:
    """P3: whether the directory offers policy hints."""
    code, found = report()
    assert code == 0
    assert found["directory"] == ("ok", "active_directory answers")
    assert found["lock-out"] == (
        "ok",
        "after 3 wrong passwords in 30 minutes; the portal stops after 2, in a known browser after 2",
    )
    assert found["history"][0] == "ok"


@pytest.mark.usefixtures("on_this_machine")
def test_p3_a_directory_without_history_is_told(openldap_settings: TestSlapd, settings: Settings) -> None:
    """P3: where it does not hold, doctor says so; it is no reason to fail."""
    settings.DIRECTORY_DEFAULT_POLICY = ""
    code, found = report()
    assert code == 0
    assert found["history"] == (
        "note",
        "the directory does not hold its password history on a reset; the portal refuses the present one only",
    )
    assert found["lock-out"][0] == "note"
    assert "DIRECTORY_LOCKOUT_THRESHOLD" in found["lock-out"][1]


@pytest.mark.usefixtures("on_this_machine")
@pytest.mark.parametrize("what", ["down", "bind", "base", "ca"])
def test_a_directory_that_can_not_be_used(openldap_settings: TestSlapd, settings: Settings, what: str) -> None:
    """U1: a bounded wait, words that lead on, exit code 1; never the service account's password."""
    if what == "down":
        settings.DIRECTORY_URLS = ["ldaps://127.0.0.1:9"]
    elif what == "bind":
        settings.DIRECTORY_BIND_PASSWORD = "not the password of the service account"
    elif what == "ca":
        settings.DIRECTORY_CA_FILE = "/nonexistent/ca.pem"
    else:
        settings.DIRECTORY_USER_BASE = "ou=nobody,dc=portal,dc=example"
    directory.reset()
    code, found = report()
    assert code == 1
    mark, words = found["directory"]
    assert mark == "FAIL"
    assert "Check the DIRECTORY_ settings." in words
    assert settings.DIRECTORY_BIND_PASSWORD not in str(found)


@pytest.mark.usefixtures("on_this_machine")
@pytest.mark.parametrize(
    ("protected", "told"),
    [("", False), ("(description=no service)", False), ("(uid=*)", False), ("(noSuchAttribute=yes)", True)],
)
def test_a_filter_that_the_directory_cannot_apply(
    openldap_settings: TestSlapd, settings: Settings, protected: str, told: bool
) -> None:
    """R6, Q1: it would protect, or hide, everybody."""
    for name in ("DIRECTORY_PROTECTED_FILTER", "DIRECTORY_HIDDEN_FILTER"):
        setattr(settings, name, protected)
        code, found = report()
        assert (code, "protected accounts" in found) == (int(told), told)
        setattr(settings, name, "")


@pytest.mark.usefixtures("on_this_machine")
@pytest.mark.parametrize("setting", ["DIRECTORY_ADMIN_GROUP", "DIRECTORY_HELPDESK_GROUP"])
@pytest.mark.parametrize("group", ["cn=felstavad,dc=portal,dc=example", "administrators", slapd.PEOPLE])
def test_a2_a_staff_group_that_can_not_be_read(
    openldap_settings: TestSlapd, settings: Settings, setting: str, group: str
) -> None:
    """Mistyped, no DN, or an entry that shows no members. It protects everybody."""
    assert report()[0] == 0
    setattr(settings, setting, group)
    code, found = report()
    assert code == 1
    mark, words = found[setting]
    assert mark == "FAIL"
    assert "every account is protected" in words


@pytest.mark.usefixtures("on_this_machine")
def test_redis_that_is_down(openldap_settings: TestSlapd, redis_server: PrivateRedis, settings: Settings) -> None:
    """T1."""
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": REDIS, "LOCATION": redis_server.url}}
    assert report()[1]["limits by address"] == ("ok", "kept")
    redis_server.stop()
    code, found = report()
    assert code == 1
    assert found["limits by address"] == ("FAIL", "Redis does not answer. Check REDIS_URL.")


@override_settings(SMS_GATEWAYS=["json://127.0.0.1/no-receiver"])
def test_settings_that_are_dangerous(openldap_settings: TestSlapd) -> None:
    """X1: what the system checks say, deployment included, with how to mend it."""
    code, found = report()
    assert code == 1
    assert found["settings"][0] in ("FAIL", "note")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    lines = out.getvalue()
    assert "SMS gateway 1 has no {to}" in lines
    assert "CELERY_BROKER_URL is not set" in lines


@pytest.mark.usefixtures("on_this_machine")
def test_the_helpdesks_mailbox_is_opened_and_counted(openldap_settings: TestSlapd, mailbox: TestDovecot) -> None:
    for _ in range(3):
        mailbox.append(b"Subject: Koppla nytt mobil nr\r\n\r\n")
    code, found = report()
    assert (code, found["helpdesk mailbox"]) == (0, ("ok", "opens; 3 mails wait"))
    assert mailbox.flags() == [set(), set(), set()]


@pytest.mark.usefixtures("on_this_machine", "mailbox")
def test_a_mailbox_that_lies_full_is_told(openldap_settings: TestSlapd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody should look whether beat and the worker run; the portal itself is well."""
    monkeypatch.setattr("accounts.management.commands.doctor.STUCK_MAILS", 0)
    code, found = report()
    assert code == 0
    assert found["helpdesk mailbox"] == ("note", "0 mails wait: is beat running, and a worker of the outbox?")


@pytest.mark.usefixtures("on_this_machine")
def test_a_mailbox_that_lets_nobody_in_is_told_without_the_password(
    openldap_settings: TestSlapd, mailbox: TestDovecot, settings: Settings
) -> None:
    settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace(mailbox.dovecot.secret(), "canary")
    code, found = report()
    words = "The mail server refused the log-in (LoginError). Check the HELPDESK_MAILBOX settings."
    assert (code, found["helpdesk mailbox"]) == (1, ("FAIL", words))
    mailbox.stop()
    code, found = report()
    assert code == 1
    assert found["helpdesk mailbox"][1].endswith("Is the mail server up? Try again.")
    assert "canary" not in str(found)


@pytest.mark.usefixtures("on_this_machine")
def test_nothing_is_said_of_a_mailbox_that_is_not_set(openldap_settings: TestSlapd) -> None:
    assert "helpdesk mailbox" not in report()[1]
