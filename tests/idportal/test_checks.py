"""System checks: each dangerous or missing setting alone, and what must not raise a false alarm."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from pytest_django import Settings

from tests.idportal.conftest import PRODUCTION

LOCAL = {"PORTAL_URL": "http://127.0.0.1:8000"}
ON_ONES_OWN = {**LOCAL, "DEBUG": True, "ALLOWED_HOSTS": ["*"], "SECRET_KEY": "short"}
MAILBOX = {
    "HELPDESK_MAILBOX": "imaps://helpdesk:canary@mail.kommunen.example/INBOX",
    "HELPDESK_AUTHSERV_ID": "mx.kommunen.example",
}
TOKEN = {
    **MAILBOX,
    "HELPDESK_MAILBOX": "imaps://helpdesk%40kommunen.example@outlook.office365.com/INBOX",
    "HELPDESK_MAILBOX_TOKEN_URL": "https://login.example/tenant/token",
    "HELPDESK_MAILBOX_CLIENT_ID": "the-portal",
    "HELPDESK_MAILBOX_CLIENT_SECRET": "canary",
}
AGENTS_BY_SMS = {"HELPDESK_SMS_FACTOR": True, "DIRECTORY_HELPDESK_GROUP": "cn=helpdesk"}


@pytest.fixture(autouse=True)
def production(settings: Settings) -> None:
    """What the checks look at, as a good production environment would set it."""
    settings.DEBUG = False
    settings.SECRET_KEY = PRODUCTION["SECRET_KEY"]
    settings.PORTAL_URL = PRODUCTION["PORTAL_URL"]
    settings.REGISTER_HOST, settings.RESET_HOST = PRODUCTION["REGISTER_HOST"], PRODUCTION["RESET_HOST"]
    settings.ALLOWED_HOSTS = ["losenord.kommunen.example", ".kommunen.example"]
    settings.TRUSTED_PROXIES = ["192.0.2.10", "198.51.100.0/28", "2001:db8::/64"]
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.DIRECTORY_KIND = "openldap"
    settings.DIRECTORY_URLS = ["ldaps://ldap1.example", "ldap://ldap2.example:389"]
    settings.DIRECTORY_BIND_DN = "cn=idportal"
    settings.DIRECTORY_BIND_PASSWORD = "secret"
    settings.DIRECTORY_USER_BASE = "ou=people"
    settings.SMS_GATEWAYS = ["json://user:password@provider.example/{to}", "file:///srv/sms"]


def problems() -> list[CheckMessage]:
    """What the portal's own checks find, without Django's and without what only `--deploy` asks."""
    found = [*run_checks(tags=[Tags.security]), *run_checks()]
    return list({message.id: message for message in found if str(message.id).startswith(("idportal", "acc"))}.values())


def of_each(found: str, name: str, *values: Any, **others: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(found, {**others, name: value}) for value in values]


# What is found, and the settings with which it is.
FOUND = [
    *of_each("E012", "ENCRYPTION_KEYS", [PRODUCTION["SECRET_KEY"], "short"]),
    *of_each("E013", "PASSWORD_MIN_LENGTH", 7, 0),
    *of_each("E001", "PORTAL_URL", "losenord.kommunen.example", "https://", "ftp://losenord.kommunen.example", ""),
    *of_each("E001", "PORTAL_URL", "https://a.example/portal", "https://a.example:port", "https://a.example:99999"),
    *of_each("E002", "PORTAL_URL", "http://losenord.kommunen.example", "http://192.0.2.1:8000"),
    *of_each("E002", "PORTAL_URL", "http://127.0.0.1.evil.example"),
    *of_each("E014", "REGISTER_HOST", "https://pwreg.kommunen.example", "pwreg.kommunen.example/"),
    *of_each("E014", "RESET_HOST", "https://pwreset.kommunen.example"),
    *of_each("E011", "REGISTER_HOST", "pw.elsewhere.example"),
    *of_each("E011", "RESET_HOST", "pw.elsewhere.example"),
    *of_each("E003", "DEBUG", True),
    *of_each("E004", "ALLOWED_HOSTS", ["*"], ["losenord.kommunen.example", "*"]),
    *of_each("E005", "SECRET_KEY", "canary", PRODUCTION["SECRET_KEY"][:31]),
    *of_each("accounts.E001", "RESET_HOST", "a" * 60 + ".kommunen.example"),  # too long for one SMS
    *of_each("E007", "TRUSTED_PROXIES", ["192.0.2.1", "proxy.example"], ["192.0.2"], ["192.0.2.0/33"]),
    *of_each("E008", "TRUSTED_PROXIES", ["0.0.0.0/0"], ["::/0"], ["192.0.2.1/0"]),
    *of_each("E020", "DIRECTORY_KIND", "", "ldap", "Active_Directory"),
    *(("E021", {name: ""}) for name in ("DIRECTORY_BIND_DN", "DIRECTORY_BIND_PASSWORD", "DIRECTORY_USER_BASE")),
    *of_each("E021", "DIRECTORY_URLS", []),
    *of_each("E022", "DIRECTORY_URLS", ["ldaps://ldap1.example", "ldap1.example"], ["https://ldap1.example"]),
    *of_each("E022", "DIRECTORY_URLS", ["ldaps://"], ["ldapi:///"], ["ldaps:///x"]),
    *of_each("E023", "DIRECTORY_CA_FILE", "/nonexistent/ca.pem"),
    *of_each("E030", "SMS_GATEWAYS", []),
    *of_each("E031", "SMS_GATEWAYS", ["file://srv/sms"], ["file:srv/sms"], ["file://"]),
    *of_each("E032", "SMS_GATEWAYS", ["json://canary:canary@h.example/"], ["json://h/{ to }"], ["json://h/?to={TO}"]),
    *of_each("E033", "SMS_GATEWAYS", ["nosuchprovider://canary/{to}"], ["json:///{to}"], ["twilio://canary/{to}"]),
    *of_each("E033", "SMS_GATEWAYS", ["{to}"], ["://{to}"]),
    *of_each("E030 E040", "SMS_GATEWAYS", [], **AGENTS_BY_SMS),
    *of_each("W042", "DIRECTORY_HELPDESK_GROUP", "", HELPDESK_SMS_FACTOR=True),
    *of_each("E050", "HELPDESK_MAILBOX", "mail.example", "https://h:canary@m.example/INBOX", "imaps://m.example/I"),
    *of_each("E050", "HELPDESK_MAILBOX", "imaps://:canary@m.example/I", "imaps://h:canary@/I", "imaps://h:canary@m/"),
    *of_each(
        "E050", "HELPDESK_MAILBOX", "imaps://h:canary@m:port/I", "imaps://h:canary@m:0/I", "imaps://h:[canary@m/I"
    ),
    *of_each("E050", "HELPDESK_MAILBOX", *(f"imaps://h:canary{sign}1@m.example/INBOX" for sign in "#?/")),
    *of_each("E051", "HELPDESK_MAILBOX", "imaps://helpdesk@mail.kommunen.example/INBOX"),
    *of_each("E052", "HELPDESK_MAILBOX_TOKEN_URL", "http://a.example/", "a.example", "https://", "https://[a", **TOKEN),
    *of_each("E053", "HELPDESK_MAILBOX_CLIENT_ID", "", **TOKEN),
    *of_each("E053", "HELPDESK_MAILBOX_CLIENT_SECRET", "", **TOKEN),
    *of_each("E054", "HELPDESK_MAILBOX_CA_FILE", "/nonexistent/ca.pem", **MAILBOX),
    *of_each("W055", "HELPDESK_AUTHSERV_ID", "", HELPDESK_MAILBOX=MAILBOX["HELPDESK_MAILBOX"]),
    *of_each("W010", "CELERY_TASK_ALWAYS_EAGER", True),
]


@pytest.mark.parametrize(("found", "values"), FOUND)
def test_x1_a_setting_that_is_dangerous_or_missing_is_found(
    settings: Settings, found: str, values: dict[str, Any]
) -> None:
    """It alone, with what to do, and without a secret."""
    for name, value in values.items():
        if name.startswith("HELPDESK_MAILBOX"):
            settings.HELPDESK_AUTHSERV_ID = values.get("HELPDESK_AUTHSERV_ID", "mx.kommunen.example")
        setattr(settings, name, value)
    messages = problems()
    assert [str(each.id).removeprefix("idportal.") for each in messages] == found.split()
    assert all(each.hint for each in messages)
    assert "canary" not in str(messages)


FINE: list[dict[str, Any]] = [
    {},
    *({"PORTAL_URL": url} for url in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000")),
    ON_ONES_OWN,
    {"SECRET_KEY": PRODUCTION["SECRET_KEY"][:32]},
    {**LOCAL, "CELERY_TASK_ALWAYS_EAGER": True},
    AGENTS_BY_SMS,
    {
        "SMS_GATEWAYS": [
            "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@+46701740699/{to}"
        ]
    },
    {"SMS_GATEWAYS": ["form://user:password@127.0.0.1/send?:to={to}&:message=text"]},
    MAILBOX,
    {**MAILBOX, "HELPDESK_MAILBOX": "imap://h:canary@[::1]:1143/Delade/IT"},
    TOKEN,
]


@pytest.mark.parametrize("values", FINE)
def test_x1_a_good_environment_is_fine(settings: Settings, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    assert problems() == []


def test_a3_passkeys_alone_where_no_browser_makes_one_are_an_error(settings: Settings) -> None:
    settings.STAFF_PASSKEYS_ONLY = True
    assert problems() == []
    settings.PORTAL_URL = "https://10.0.0.5"
    assert [each.id for each in problems()] == ["accounts.E003"]


def test_a_message_says_which_setting_and_which_gateway_it_is(settings: Settings) -> None:
    settings.SMS_GATEWAYS = ["json://provider.example/{to}", "json://provider.example/"]
    settings.DIRECTORY_BIND_DN, settings.DIRECTORY_CA_FILE = "", "/nonexistent/ca.pem"
    said = " ".join(each.msg for each in problems())
    assert "SMS gateway 2 " in said
    assert "DIRECTORY_BIND_DN is not set." in said
    assert "DIRECTORY_CA_FILE is '/nonexistent/ca.pem'" in said


def test_mail_that_reaches_nobody_is_a_warning_at_deployment(settings: Settings) -> None:
    for backend, found in (("smtp", False), ("console", True)):
        settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
        ids = {each.id for each in run_checks(include_deployment_checks=True)}
        assert ("idportal.W015" in ids) == found
