"""A process with this environment or that one: starts, or says what is wrong and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.idportal.conftest import PRODUCTION, Browser, Portal, Prepared, manage

pytestmark = pytest.mark.process


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in PRODUCTION.items() if name not in names}


def complaints(said: str) -> list[str]:
    """All but that the directory, which is asked for its groups, does not answer here."""
    return [line for line in said.splitlines() if "is passed over" not in line]


def test_a_complete_production_environment_is_clean() -> None:
    ran = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (ran.returncode, complaints(ran.stderr)) == (0, [])
    assert "no issues (0 silenced)" in ran.stdout


def test_everything_may_come_from_files(tmp_path: Path) -> None:
    values = {}
    for name, value in PRODUCTION.items():
        (tmp_path / name).write_text(f"{value}\n", encoding="utf-8")
        values[f"{name}_FILE"] = str(tmp_path / name)
    ran = manage("check", "--deploy", "--fail-level", "WARNING", **values)
    assert (ran.returncode, complaints(ran.stderr)) == (0, [])


def test_without_a_secret_key_it_says_how_to_make_one() -> None:
    ran = manage("check", **without("SECRET_KEY"))
    assert ran.returncode != 0
    assert "SECRET_KEY is not set. Make one with: python -c 'import secrets;" in ran.stderr
    assert "SECRET_KEY_FILE" in ran.stderr


def test_a_value_and_a_file_together_are_refused() -> None:
    ran = manage("check", **PRODUCTION, SMS_GATEWAYS_FILE="/run/secrets/sms")
    assert ran.returncode != 0
    assert "SMS_GATEWAYS and SMS_GATEWAYS_FILE are both set. Keep one of them." in ran.stderr


def test_an_empty_environment_is_told_all_that_is_missing() -> None:
    ran = manage("check", SECRET_KEY=PRODUCTION["SECRET_KEY"], DATABASE_URL="sqlite://:memory:")
    assert ran.returncode != 0
    for name in ("DIRECTORY_URLS", "DIRECTORY_BIND_DN", "DIRECTORY_BIND_PASSWORD", "DIRECTORY_USER_BASE"):
        assert f"{name} is not set." in ran.stderr
    assert "SMS_GATEWAYS is not set" in ran.stderr
    assert ran.stderr.count("HINT: ") == 5


def test_a_dangerous_environment_is_told_all_at_once() -> None:
    ran = manage(
        "check",
        **without("SECRET_KEY", "PORTAL_URL", "TRUSTED_PROXIES", "SMS_GATEWAYS"),
        SECRET_KEY="too short",
        PORTAL_URL="http://losenord.kommunen.example",
        ALLOWED_HOSTS="*",
        TRUSTED_PROXIES="0.0.0.0/0, ::/0, proxy.kommunen.example",
        SMS_GATEWAYS="json://canary-user:canary-password@provider.example/ what://canary-token/{to}",
    )
    assert ran.returncode != 0
    found = re.findall(r"\(idportal\.(E\d+)\)", ran.stderr)
    assert sorted(found) == ["E002", "E004", "E005", "E007", "E008", "E008", "E032", "E033"]
    assert ran.stderr.count("HINT: ") == len(found)
    assert "canary" not in ran.stderr


def test_a_missing_broker_is_a_warning_and_an_error_of_deploy() -> None:
    values = without("CELERY_BROKER_URL")
    ran = manage("check", **values)
    assert ran.returncode == 0
    assert "WARNINGS:\n?: (idportal.W010) CELERY_BROKER_URL is not set" in ran.stderr
    deploy = manage("check", "--deploy", **values)
    assert deploy.returncode != 0
    assert "ERRORS:\n?: (idportal.E010) CELERY_BROKER_URL is not set" in deploy.stderr


def test_deploy_warns_of_what_is_fit_for_one_machine_only() -> None:
    values = without("REDIS_URL", "DATABASE_URL", "SMS_GATEWAYS")
    ran = manage("check", "--deploy", **values, DATABASE_URL="sqlite://:memory:", SMS_GATEWAYS="file:///srv/sms")
    assert ran.returncode == 0
    assert re.findall(r"\(([\w.]+)\)", ran.stderr) == ["idportal.W011", "idportal.W012", "idportal.W013"]
    assert ran.stderr.count("HINT: ") == 3


def test_x2_a_gateway_that_others_can_listen_to_is_an_error() -> None:
    """In clear text, and with a certificate that nobody checks; one on this machine is nobody else's."""
    gateways = ("json://provider.example/{to}", "jsons://provider.example/{to}?verify=no", "json://127.0.0.1/{to}")
    ran = manage("check", "--deploy", **without("SMS_GATEWAYS"), SMS_GATEWAYS=" ".join(gateways))
    assert ran.returncode == 1
    assert re.findall(r"\(idportal\.E063\) SMS gateway (\d)", ran.stderr) == ["1", "2"]


# Of each setting one way that is refused and one that is taken, those of a row in one environment.
WAYS = [
    {
        "REDIS_URL": ("redis://:p@redis.example:6379/1", "rediss://:p@redis.example:6379/1"),
        "CELERY_BROKER_URL": ("redis://:p@192.0.2.7:6379/0", "rediss://:p@192.0.2.7:6379/0?ssl_cert_reqs=required"),
        "EMAIL_URL": ("smtp://smtp.example:25", "smtp+tls://smtp.example:587"),
        "DATABASE_URL": (
            "postgresql://u:p@db.example/idportal",
            "postgresql://u:p@db.example/i?sslmode=verify-full",
        ),
    },
    {
        "REDIS_URL": (
            "sentinel://:p@127.0.0.1:26379/1;sentinel://two.example:26379",
            "sentinels://one.example:26379/1",
        ),
        "CELERY_BROKER_URL": ("sentinel://:p@one.example:26379/0", "sentinels://:p@one.example:26379/0"),
        "EMAIL_URL": ("smtp://user:p@[2001:db8::1]:25", "smtp+ssl://smtp.example:465"),
        "DATABASE_URL": (
            "postgresql://u:p@db.example/idportal?sslmode=prefer",
            "postgresql:////run/postgresql/idportal",
        ),
    },
    {"DATABASE_URL": ("postgresql://u:p@127.0.0.1,db.example/i", "postgresql://u:p@[::1]:5432/idportal")},
]


@pytest.mark.parametrize("ways", WAYS, ids=["first", "second", "third"])
def test_x2_clear_text_to_another_machine_is_an_error(ways: dict[str, tuple[str, str]]) -> None:
    """To this machine it is nobody else's: PRODUCTION has all of it so."""
    refused = {name: one for name, (one, _) in ways.items()}
    ran = manage("check", "--deploy", **without(*ways), **refused)
    assert ran.returncode == 1
    assert sorted(re.findall(r"\(idportal\.E06\d\) (\w+) names another machine", ran.stderr)) == sorted(ways)
    assert ran.stderr.count("HINT: ") == len(ways)
    ran = manage("check", "--deploy", **without(*ways), **{name: one for name, (_, one) in ways.items()})
    assert (ran.returncode, "clear text" in ran.stderr) == (0, False), ran.stderr


@pytest.mark.parametrize("name", ["DIRECTORY_HELPDESK_GROUP", "DIRECTORY_ADMIN_GROUP"])
def test_x2_a_group_that_is_not_set_is_an_error(name: str) -> None:
    ran = manage("check", "--deploy", **without(name))
    assert ran.returncode == 1
    assert f"(idportal.E064) {name} is not set" in ran.stderr


def test_x2_limits_of_0_are_errors() -> None:
    names = ("SMS_DAILY_LIMIT", "LIMIT_ADDRESS_POSTS", "LIMIT_ADDRESS_FAILED_LOGINS", "LIMIT_ACCOUNTS_PER_NUMBER")
    ran = manage("check", "--deploy", **PRODUCTION, **dict.fromkeys(names, "0"))
    assert ran.returncode == 1
    assert sorted(re.findall(r"\(idportal\.E065\) (\w+) is 0", ran.stderr)) == sorted(names)


@pytest.mark.parametrize("hosts", ["*", "losenord.kommunen.example"])
def test_a_forgotten_portal_url_is_an_error_where_others_reach_the_portal(hosts: str) -> None:
    """It is loopback by default: neither cookies nor passwords would be kept from who listens."""
    ran = manage("check", "--deploy", **without("PORTAL_URL"), ALLOWED_HOSTS=f"{hosts} .kommunen.example")
    assert ran.returncode == 1
    assert "(idportal.E009) PORTAL_URL does not begin with https://" in ran.stderr


def test_one_machine_with_debug_needs_no_secret_key() -> None:
    hosts = ("PORTAL_URL", "REGISTER_HOST", "RESET_HOST")
    values = without("SECRET_KEY", *hosts, "CELERY_BROKER_URL", "REDIS_URL", "DATABASE_URL")
    ran = manage("check", **values, DEBUG="1", DATABASE_URL="sqlite://:memory:")
    assert (ran.returncode, complaints(ran.stderr)) == (0, [])


# --- The demo's pages ----------------------------------------------------------------------------


def demo_page(tmp_path: Path, prepared: Prepared, **values: str) -> int:
    """The status of /demo/ in an environment in which the demo's folder is set."""
    values = {**prepared.values(tmp_path), **values}
    with Portal(tmp_path, {**without("DATABASE_URL"), "DEMO_FOLDER": str(tmp_path), **values}) as portal:
        https = "PORTAL_URL" not in values
        return (
            Browser(portal, values.get("ALLOWED_HOSTS", "losenord.kommunen.example"), https=https).get("/demo/").status
        )


LOOPBACK = {"PORTAL_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": "127.0.0.1"}
OTHERS = {"DEBUG": "1", "PORTAL_URL": "http://losenord.kommunen.example", "ALLOWED_HOSTS": "losenord.kommunen.example"}


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, 404),
        (LOOPBACK, 404),
        (OTHERS, 404),
        ({**LOOPBACK, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "deploy.local.settings"}, 200),
    ],
    ids=["production", "without debug", "for others", "with the demo's settings"],
)
def test_the_demo_is_shown_on_ones_own_machine_alone(
    tmp_path: Path, prepared: Prepared, values: dict[str, str], status: int
) -> None:
    assert demo_page(tmp_path, prepared, **values) == status


@pytest.mark.parametrize("reached", [{}, {"PORTAL_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": "127.0.0.1 *"}])
def test_the_settings_of_the_demo_are_for_ones_own_machine(reached: dict[str, str]) -> None:
    values = {**PRODUCTION, **reached, "DJANGO_SETTINGS_MODULE": "deploy.local.settings"}
    ran = manage("check", **values)
    assert ran.returncode != 0
    assert "deploy.local.settings shows passwords and codes to anyone." in ran.stderr
