"""Fixtures for what stands beside the directory: Redis, mail servers, and what stands in for an SMS provider.

Loaded by ``pytest_plugins = ["tests.servers.services"]``. PostgreSQL is no fixture: the whole suite runs on the
database that ``DATABASE_URL`` names, and ``make test`` starts one (:mod:`tests.servers.postgres`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from idportal.channels import sms
from tests.servers.dovecot import TestDovecot
from tests.servers.redis import PrivateRedis
from tests.servers.smsgateway import SmsGateway
from tests.servers.smtp import PrivateSmtp


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    with PrivateRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(_redis_server: PrivateRedis) -> PrivateRedis:
    """A Redis that runs and is empty. A test may stop or restart it; the next one finds it as new."""
    if _redis_server.answers():
        _redis_server.flush()
    else:
        _redis_server.restart()
    return _redis_server


@pytest.fixture
def sms_gateway(settings: Settings) -> Iterator[SmsGateway]:
    """The only gateway of ``SMS_GATEWAYS``: what the portal sends is in its ``received``."""
    sms.passed_over_until.clear()  # another test's gateway may have had the same port
    with SmsGateway() as gateway:
        settings.SMS_GATEWAYS = [gateway.json_url]
        yield gateway


@pytest.fixture
def spare_sms_gateway(sms_gateway: SmsGateway, settings: Settings) -> Iterator[SmsGateway]:
    """The second gateway, of another kind, tried when ``sms_gateway`` fails."""
    with SmsGateway() as gateway:
        settings.SMS_GATEWAYS = [sms_gateway.json_url, gateway.form_url]
        yield gateway


@pytest.fixture(scope="session")
def _smtp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSmtp]:
    with PrivateSmtp(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture
def smtp(_smtp_server: PrivateSmtp, settings: Settings) -> PrivateSmtp:
    """A mail server that is good and empty, and to which the portal's mail goes."""
    _smtp_server.clear()
    settings.EMAIL_BACKEND = "idportal.channels.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _smtp_server.port
    settings.EMAIL_TIMEOUT = 2
    return _smtp_server


@pytest.fixture(scope="session")
def _dovecot_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDovecot]:
    server = TestDovecot(tmp_path_factory.mktemp("dovecot"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mailbox(_dovecot_server: TestDovecot, settings: Settings) -> TestDovecot:
    """The portal fetches from an empty mailbox; the value is its server. A test may stop it."""
    _dovecot_server.clear()
    for name, value in _dovecot_server.settings().items():
        setattr(settings, name, value)
    return _dovecot_server
