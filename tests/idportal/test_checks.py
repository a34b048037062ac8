"""The system checks: each dangerous or missing setting alone, and what must not be taken for one."""

from __future__ import annotations

import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from pytest_django import Settings

from tests.idportal.conftest import PRODUCTION


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


def ids() -> list[str]:
    """Their ids; each must say how to mend it."""
    found = problems()
    assert all(message.hint for message in found), found
    return [str(message.id) for message in found]


def test_x1_a_good_environment_is_fine() -> None:
    assert ids() == []


# --- Keys and rules ------------------------------------------------------------------------------


def test_a_short_key_for_the_numbers_is_an_error(settings: Settings) -> None:
    """The hashes of codes are keyed with it too."""
    settings.ENCRYPTION_KEYS = [PRODUCTION["SECRET_KEY"], "short"]
    assert ids() == ["idportal.E012"]


def test_a_rule_that_lets_short_passwords_through_is_an_error(settings: Settings) -> None:
    settings.PASSWORD_MIN_LENGTH = 7
    assert ids() == ["idportal.E013"]


# --- Where the portal is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "losenord.kommunen.example",
        "https://",
        "ftp://losenord.kommunen.example",
        "https://losenord.kommunen.example/portal",
        "https://losenord.kommunen.example:port",
        "https://losenord.kommunen.example:99999",
        "https://losenord.kommunen.example?x",
        "",
    ],
)
def test_a_portal_url_that_is_no_site_is_an_error(settings: Settings, url: str) -> None:
    """Links in messages begin with it."""
    settings.PORTAL_URL = url
    assert ids() == ["idportal.E001"]


@pytest.mark.parametrize(
    "url", ["http://losenord.kommunen.example", "http://192.0.2.1:8000", "http://127.0.0.1.evil.example"]
)
def test_clear_text_to_others_is_an_error(settings: Settings, url: str) -> None:
    settings.PORTAL_URL = url
    assert ids() == ["idportal.E002"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_clear_text_on_this_machine_is_fine(settings: Settings, url: str) -> None:
    settings.PORTAL_URL = url
    assert ids() == []


@pytest.mark.parametrize("name", ["REGISTER_HOST", "RESET_HOST"])
@pytest.mark.parametrize("host", ["https://pwreg.kommunen.example", "pwreg.kommunen.example/"])
def test_a_journeys_host_that_is_none_is_an_error(settings: Settings, name: str, host: str) -> None:
    setattr(settings, name, host)
    assert ids() == ["idportal.E014"]


@pytest.mark.parametrize("name", ["REGISTER_HOST", "RESET_HOST"])
def test_a_journeys_host_that_would_be_refused_is_an_error(settings: Settings, name: str) -> None:
    setattr(settings, name, "pw.elsewhere.example")
    assert ids() == ["idportal.E011"]


def test_debug_for_others_is_an_error(settings: Settings) -> None:
    settings.DEBUG = True
    assert ids() == ["idportal.E003"]


def test_debug_on_this_machine_is_fine(settings: Settings) -> None:
    settings.DEBUG, settings.PORTAL_URL, settings.ALLOWED_HOSTS = True, "http://127.0.0.1:8000", ["*"]
    settings.SECRET_KEY = "short"
    assert ids() == []


@pytest.mark.parametrize("hosts", [["*"], ["losenord.kommunen.example", "*"]])
def test_every_host_name_is_an_error(settings: Settings, hosts: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts
    assert ids() == ["idportal.E004"]


@pytest.mark.parametrize(("length", "found"), [(1, ["idportal.E005"]), (31, ["idportal.E005"]), (32, [])])
def test_a_secret_key_that_can_be_guessed_is_an_error(settings: Settings, length: int, found: list[str]) -> None:
    settings.SECRET_KEY = PRODUCTION["SECRET_KEY"][:length]
    assert ids() == found


def test_the_secret_key_is_in_no_message(settings: Settings) -> None:
    settings.SECRET_KEY = "canary"
    assert "canary" not in str(problems())


def test_a_host_name_too_long_for_one_sms_is_an_error(settings: Settings) -> None:
    settings.RESET_HOST = "a" * 60 + ".kommunen.example"
    assert ids() == ["accounts.E001"]


@pytest.mark.parametrize(
    ("url", "found"),
    [("https://10.0.0.5", ["accounts.E003"]), ("https://losenord.kommunen.example", [])],
)
def test_a3_passkeys_alone_where_no_browser_makes_one_are_an_error(
    settings: Settings, url: str, found: list[str]
) -> None:
    settings.PORTAL_URL = url
    assert "accounts.E003" not in ids()
    settings.STAFF_PASSKEYS_ONLY = True
    assert [each for each in ids() if each == "accounts.E003"] == found


# --- Proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", ["proxy.example", "192.0.2", "192.0.2.0/33", "2001:db8::/129", "http://192.0.2.1"])
def test_a_proxy_that_is_no_address_is_an_error(settings: Settings, junk: str) -> None:
    settings.TRUSTED_PROXIES = ["192.0.2.1", junk]
    assert ids() == ["idportal.E007"]


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0", "192.0.2.1/0"])
def test_trusting_everybody_as_proxy_is_an_error(settings: Settings, everybody: str) -> None:
    settings.TRUSTED_PROXIES = [everybody]
    assert ids() == ["idportal.E008"]


# --- The directory -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "ldap", "Active_Directory"])
def test_an_unknown_kind_of_directory_is_an_error(settings: Settings, kind: str) -> None:
    settings.DIRECTORY_KIND = kind
    assert ids() == ["idportal.E020"]


@pytest.mark.parametrize(
    ("name", "empty"),
    [
        ("DIRECTORY_URLS", []),
        ("DIRECTORY_BIND_DN", ""),
        ("DIRECTORY_BIND_PASSWORD", ""),
        ("DIRECTORY_USER_BASE", ""),
    ],
)
def test_a_missing_directory_setting_is_an_error(settings: Settings, name: str, empty: object) -> None:
    setattr(settings, name, empty)
    assert ids() == ["idportal.E021"]
    assert problems()[0].msg == f"{name} is not set."


@pytest.mark.parametrize("url", ["ldap1.example", "https://ldap1.example", "ldaps://", "ldapi:///", "ldaps:///x"])
def test_a_directory_url_that_is_none_is_an_error(settings: Settings, url: str) -> None:
    settings.DIRECTORY_URLS = ["ldaps://ldap1.example", url]
    assert ids() == ["idportal.E022"]


def test_a_certificate_authority_file_that_is_missing_is_an_error(settings: Settings) -> None:
    """Else the first person who comes finds out, by a page that says that the directory does not answer."""
    settings.DIRECTORY_CA_FILE = "/nonexistent/ca.pem"
    assert len(ids()) == 1
    assert "DIRECTORY_CA_FILE" in problems()[0].msg


# --- SMS -----------------------------------------------------------------------------------------


def test_no_gateway_is_an_error(settings: Settings) -> None:
    settings.SMS_GATEWAYS = []
    assert ids() == ["idportal.E030"]


@pytest.mark.parametrize("url", ["file://srv/sms", "file:srv/sms", "file://"])
def test_a_gateway_that_names_no_folder_is_an_error(settings: Settings, url: str) -> None:
    settings.SMS_GATEWAYS = [url]
    assert ids() == ["idportal.E031"]


@pytest.mark.parametrize("url", ["json://provider.example/", "json://provider.example/{ to }", "json://h/?to={TO}"])
def test_a_gateway_without_a_place_for_the_number_is_an_error(settings: Settings, url: str) -> None:
    settings.SMS_GATEWAYS = [url]
    assert ids() == ["idportal.E032"]


@pytest.mark.parametrize(
    "url", ["nosuchprovider://canary-token/{to}", "json:///{to}", "twilio://canary-token/{to}", "{to}", "://{to}"]
)
def test_a_gateway_that_apprise_cannot_read_is_an_error_without_secrets(settings: Settings, url: str) -> None:
    settings.SMS_GATEWAYS = [url]
    assert ids() == ["idportal.E033"]
    assert "canary-token" not in str(problems())


@pytest.mark.parametrize(
    "url",
    [
        "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@+46701740699/{to}",
        "vonage://AbCdEfGh:0123456789abcdef@46701740699/{to}",
        "form://user:password@127.0.0.1/send?:to={to}&:message=text",
    ],
)
def test_a_providers_url_is_fine(settings: Settings, url: str) -> None:
    settings.SMS_GATEWAYS = [url]
    assert ids() == []


def test_the_message_says_which_gateway_it_is(settings: Settings) -> None:
    settings.SMS_GATEWAYS = ["json://provider.example/{to}", "json://canary:canary@provider.example/"]
    (problem,) = problems()
    assert "SMS gateway 2 " in problem.msg
    assert "canary" not in str(problem)


# --- The helpdesk --------------------------------------------------------------------------------


def test_agents_who_sign_in_by_sms_need_a_gateway_and_a_group(settings: Settings) -> None:
    settings.HELPDESK_SMS_FACTOR = True
    settings.DIRECTORY_HELPDESK_GROUP = "cn=helpdesk"
    assert ids() == []
    settings.SMS_GATEWAYS = []
    assert ids() == ["idportal.E030", "idportal.E040"]
    settings.SMS_GATEWAYS, settings.DIRECTORY_HELPDESK_GROUP = ["file:///srv/sms"], ""
    assert ids() == ["idportal.W042"]


@pytest.mark.parametrize(("seconds", "found"), [(0, ["idportal.W041"]), (59, ["idportal.W041"]), (60, [])])
def test_a_linked_number_that_nobody_could_stop_is_a_warning(
    settings: Settings, seconds: int, found: list[str]
) -> None:
    settings.PHONE_LINK_HOLD = seconds
    assert ids() == found
    settings.DEBUG, settings.PORTAL_URL, settings.ALLOWED_HOSTS = True, "http://127.0.0.1:8000", ["*"]
    assert ids() == [], "on one's own machine nobody waits"


# --- The helpdesk's mailbox ------------------------------------------------------------------------

TOKEN = {
    "HELPDESK_MAILBOX": "imaps://helpdesk%40kommunen.example@outlook.office365.com/INBOX",
    "HELPDESK_MAILBOX_TOKEN_URL": "https://login.example/tenant/token",
    "HELPDESK_MAILBOX_CLIENT_ID": "the-portal",
    "HELPDESK_MAILBOX_CLIENT_SECRET": "canary",
}


@pytest.fixture
def with_mailbox(settings: Settings) -> None:
    settings.HELPDESK_MAILBOX = "imaps://helpdesk:canary@mail.kommunen.example/INBOX"
    settings.HELPDESK_AUTHSERV_ID = "mx.kommunen.example"


@pytest.mark.usefixtures("with_mailbox")
@pytest.mark.parametrize("values", [{}, {"HELPDESK_MAILBOX": "imap://h:canary@[::1]:1143/Delade/IT"}, TOKEN])
def test_a_mailbox_is_fine(settings: Settings, values: dict[str, str]) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    assert ids() == []


@pytest.mark.usefixtures("with_mailbox")
@pytest.mark.parametrize(
    "url",
    [
        "mail.kommunen.example",
        "https://helpdesk:canary@mail.kommunen.example/INBOX",
        "pop3://helpdesk:canary@mail.kommunen.example/INBOX",
        "imaps://mail.kommunen.example/INBOX",
        "imaps://:canary@mail.kommunen.example/INBOX",
        "imaps://helpdesk:canary@/INBOX",
        "imaps://helpdesk:canary@mail.kommunen.example",
        "imaps://helpdesk:canary@mail.kommunen.example/",
        "imaps://helpdesk:canary@mail.kommunen.example:port/INBOX",
        "imaps://helpdesk:canary@mail.kommunen.example:0/INBOX",
        "imaps://helpdesk:canary#1@mail.kommunen.example/INBOX",
        "imaps://helpdesk:canary?1@mail.kommunen.example/INBOX",
        "imaps://helpdesk:canary/1@mail.kommunen.example/INBOX",
        "imaps://helpdesk:[canary@mail.kommunen.example/INBOX",
    ],
)
def test_a_mailbox_that_cannot_be_read_is_an_error_without_secrets(settings: Settings, url: str) -> None:
    settings.HELPDESK_MAILBOX = url
    assert ids() == ["idportal.E050"]
    assert "canary" not in str(problems())


@pytest.mark.usefixtures("with_mailbox")
def test_a_mailbox_without_a_way_in_is_an_error(settings: Settings) -> None:
    settings.HELPDESK_MAILBOX = "imaps://helpdesk@mail.kommunen.example/INBOX"
    assert ids() == ["idportal.E051"]


@pytest.mark.usefixtures("with_mailbox")
@pytest.mark.parametrize(
    "url", ["http://login.example/token", "login.example/token", "https://", "https://[login/token"]
)
def test_a_client_secret_in_clear_text_is_an_error(settings: Settings, url: str) -> None:
    for name, value in TOKEN.items():
        setattr(settings, name, value)
    settings.HELPDESK_MAILBOX_TOKEN_URL = url
    assert ids() == ["idportal.E052"]
    assert "canary" not in str(problems())


@pytest.mark.usefixtures("with_mailbox")
@pytest.mark.parametrize("name", ["HELPDESK_MAILBOX_CLIENT_ID", "HELPDESK_MAILBOX_CLIENT_SECRET"])
def test_a_token_that_nobody_may_ask_for_is_an_error(settings: Settings, name: str) -> None:
    for each, value in TOKEN.items():
        setattr(settings, each, value)
    setattr(settings, name, "")
    assert ids() == ["idportal.E053"]


@pytest.mark.usefixtures("with_mailbox")
def test_a_mail_servers_authority_that_is_missing_is_an_error(settings: Settings) -> None:
    settings.HELPDESK_MAILBOX_CA_FILE = "/nonexistent/ca.pem"
    assert ids() == ["idportal.E054"]


@pytest.mark.usefixtures("with_mailbox")
def test_a_mailbox_whose_senders_nobody_vouches_for_is_a_warning(settings: Settings) -> None:
    settings.HELPDESK_AUTHSERV_ID = ""
    assert ids() == ["idportal.W055"]


# --- The queue -----------------------------------------------------------------------------------


def test_a_missing_broker_is_a_warning(settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    assert ids() == ["idportal.W010"]


@pytest.mark.parametrize(("debug", "url"), [(True, "http://127.0.0.1:8000"), (False, "http://127.0.0.1:8000")])
def test_a_missing_broker_on_ones_own_machine_is_fine(settings: Settings, debug: bool, url: str) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER, settings.DEBUG, settings.PORTAL_URL = True, debug, url
    assert ids() == []


# --- What only a production installation must not lack ---------------------------------------------


def at_deployment() -> set[str]:
    """The ids of what `check --deploy` finds of the portal's own."""
    found = run_checks(include_deployment_checks=True)
    return {str(message.id) for message in found if str(message.id).startswith("idportal")}


def test_mail_that_reaches_nobody_is_a_warning(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "idportal.W015" not in at_deployment()
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "idportal.W015" in at_deployment()
